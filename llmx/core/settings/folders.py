"""A folder as one text that names the sum of each of its files, so that it can be trusted like a file."""

import hashlib
import os
import re
import stat

MOST_FILES = 1000
LARGEST_FILE = 10_000_000
RECORDED = re.compile(r"tests/[^/]+/(\.cassette\.jsonl\.\d+|cassette\.jsonl|golden\.json)")
"""What ``template test --record`` writes: it shapes no run, so a new recording asks for no new trust."""


def manifest(folder: str) -> bytes:
    """A line for each file below ``folder``; raises ``ValueError`` for what is no file, a link, or too much.

    What Python has compiled is left out, and nothing else that lies beside it: no template is run from it.
    """
    lines = []
    for inner, below, names in os.walk(folder, onerror=_refuse):
        below.sort()
        if linked := [name for name in below if os.path.islink(os.path.join(inner, name))]:
            raise ValueError(f"it holds a link, {linked[0]}")
        shaping = [name for name in sorted(names) if shapes_runs(inner, name, folder)]
        lines += [_line(folder, os.path.join(inner, name)) for name in shaping]
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


def shapes_runs(inner: str, name: str, folder: str) -> bool:
    """Whether a file may shape a run: not what Python has compiled, which is never run, and what was recorded."""
    if os.path.basename(inner) == "__pycache__" and name.endswith(".pyc"):
        return False
    path = os.path.join(inner, name)
    is_plain = not os.path.islink(path) and os.path.isfile(path)
    return not (is_plain and RECORDED.fullmatch(os.path.relpath(path, folder)))


def _refuse(error: OSError) -> None:
    raise ValueError(error.strerror)
