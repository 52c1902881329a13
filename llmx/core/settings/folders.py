"""A folder as one text that names the sum of each of its files, so that it can be trusted like a file."""

import hashlib
import os
import stat

MOST_FILES = 1000
LARGEST_FILE = 10_000_000


def manifest(folder: str) -> bytes:
    """A line for each file below ``folder``; raises ``ValueError`` for what is no file, a link, or too much.

    What Python has compiled is left out, and nothing else that lies beside it: no template is run from it.
    """
    lines = []
    for inner, below, names in os.walk(folder, onerror=_refuse):
        below.sort()
        if linked := [name for name in below if os.path.islink(os.path.join(inner, name))]:
            raise ValueError(f"it holds a link, {linked[0]}")
        lines += [_line(folder, os.path.join(inner, name)) for name in sorted(names) if not _is_compiled(inner, name)]
        if len(lines) > MOST_FILES:
            raise ValueError(f"it holds more than {MOST_FILES} files")
    return "".join(lines).encode(errors="surrogateescape")


def _line(folder: str, path: str) -> str:
    name = os.path.relpath(path, folder)
    try:
        is_odd = not stat.S_ISREG(os.lstat(path).st_mode)
        handle = -1 if is_odd else os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ValueError(f"{name}: {error.strerror}") from None
    if handle < 0:
        raise ValueError(f"it holds what is no regular file, {name}")
    with open(handle, "rb") as opened:
        data = opened.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError(f"it holds a file that is too large, {name}")
    return f"{hashlib.sha256(data).hexdigest()}  {name!r}\n"


def _is_compiled(folder: str, name: str) -> bool:
    return os.path.basename(folder) == "__pycache__" and name.endswith(".pyc")


def _refuse(error: OSError) -> None:
    raise ValueError(error.strerror)
