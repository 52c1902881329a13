"""Put a full or old log aside: ``.1`` is plain, older ones are compressed, and at most so many are kept.

Only one process rotates at a time. Every step leaves all lines readable in the order of the numbers, so that one that
is killed anywhere loses nothing, and the next rotation goes on from there.
"""

import fcntl
import gzip
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from llmx.core.audit import is_due, is_named, lock

HIGHEST = 999
"""A file like ``llm-exec.log.2026`` is the user's own."""

CHUNK = 1 << 18


def rotate(path: str, *, max_bytes: int, max_age_days: int, keep: int) -> None:
    """Rotate the log if it is still due; where that cannot be done it stays as it is and grows.

    Someone else's log is left to them: they could not write to the new one.
    """
    path = os.path.realpath(path)
    with suppress(OSError), _alone(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if is_due(descriptor, os.fstat(descriptor).st_size, max_bytes, max_age_days):
                make_room(path, keep)
                _put_aside(path, descriptor, keep)
        finally:
            os.close(descriptor)
        compress_older(path)


def slots(path: str) -> dict[int, list[str]]:
    """Number -> the files of that number; where there are two, the second is compressed and complete."""
    folder, name = os.path.split(path)
    found: dict[int, list[str]] = {}
    for entry in sorted(os.listdir(folder)):
        number = entry.removeprefix(f"{name}.").removesuffix(".gz")
        if entry.startswith(f"{name}.") and number.isdecimal() and number == str(int(number)):
            found.setdefault(int(number), []).append(f"{folder}/{entry}")
    return {number: files for number, files in found.items() if 0 < number <= HIGHEST}


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """Be the only one who rotates; raises ``OSError`` where another is at it or it is not ours to do."""
    facts = os.stat(path)
    if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
        raise PermissionError(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(f"{path}.lock", flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def make_room(path: str, keep: int) -> None:
    """Free number 1 by moving up what stands below the first gap; only what is then too many is removed."""
    taken = slots(path)
    gap = next(number for number in range(1, HIGHEST + 2) if number not in taken)
    for number in range(min(gap, keep), 0, -1):
        if number in taken and number < min(gap, keep):
            _move_up(path, taken[number], number)
        elif number in taken:
            _remove(taken[number])
    for number in taken:
        if number > keep:
            _remove(taken[number])


def _move_up(path: str, files: list[str], number: int) -> None:
    _remove(files[:-1])
    ending = ".gz" if files[-1].endswith(".gz") else ""
    os.rename(files[-1], f"{path}.{number + 1}{ending}")


def _remove(files: list[str]) -> None:
    for file in files:
        os.unlink(file)


def _put_aside(path: str, descriptor: int, keep: int) -> None:
    """Give the log the number 1 while nobody writes; who had it open sees that before the next line."""
    lock(descriptor)
    facts = os.fstat(descriptor)
    if not is_named(facts, path):
        return
    if keep:
        os.rename(path, f"{path}.1")
    else:
        os.unlink(path)
    new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.fchmod(new, stat.S_IMODE(facts.st_mode))
    os.close(new)


def compress_older(path: str) -> None:
    """Compress what is plain beyond number 1, also what a killed rotation has left so."""
    temporary = f"{path}.gz.tmp"
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    for number, files in slots(path).items():
        if number > 1 and not files[0].endswith(".gz"):
            if len(files) == 1:
                _compress(files[0], temporary)
            os.unlink(files[0])


def _compress(file: str, temporary: str) -> None:
    try:
        with open(file, "rb") as source, open(temporary, "xb", opener=_private) as target:
            with gzip.GzipFile("", "wb", 6, target) as packed:
                while chunk := source.read(CHUNK):
                    packed.write(chunk)
            facts = os.fstat(source.fileno())
            os.fchmod(target.fileno(), stat.S_IMODE(facts.st_mode))
            target.flush()
            os.fsync(target.fileno())
        os.utime(temporary, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        os.rename(temporary, f"{file}.gz")
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
