"""What is kept of packages: how much, since when unused, and its removal."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping

from llmx.exec.deps.kept import FILE, root_of

_LOCK = ".lock"


class Kept:
    """The environments of one source; ``llmx cache`` shows and clears them."""

    def __init__(self, source: str) -> None:
        self._source = source

    def stats(self, env: Mapping[str, str]) -> dict[str, object]:
        """How many there are, the bytes in their folders, and when (seconds since 1970) the oldest was used last."""
        folders = list(self._folders(env))
        return {
            "entries": len(folders),
            "bytes": sum(map(_size, folders)),
            "oldest_use": min(map(_last_use, folders), default=None),
        }

    def clear(self, env: Mapping[str, str], *, older_than: float = 0.0) -> tuple[int, int]:
        """Remove those not used for ``older_than`` seconds; how many, and their bytes. One being made is left alone."""
        removed = freed = 0
        for folder in list(self._folders(env)):
            if older_than and time.time() - _last_use(folder) < older_than:
                continue
            size = _size(folder)
            if _remove(folder):
                removed += 1
                freed += size
        return removed, freed

    def _folders(self, env: Mapping[str, str]) -> Iterator[str]:
        try:
            entries = sorted(os.scandir(root_of(env, self._source)), key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.path


NIX, UV = Kept("nix"), Kept("uv")


def _last_use(folder: str) -> float:
    """One that was never finished counts from when it was begun."""
    for path in (f"{folder}/{FILE}", folder):
        try:
            return os.stat(path).st_mtime
        except OSError:
            continue
    return 0.0


def _size(folder: str) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size
            except OSError:
                continue
    return total


def _remove(folder: str) -> bool:
    try:
        lock = os.open(f"{folder}{_LOCK}", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
        os.unlink(f"{folder}{_LOCK}")
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
