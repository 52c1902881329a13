"""Read the execution log, rotated files included, as the runs wrote it: oldest line first."""

import fcntl
import gzip
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, BinaryIO

from llmx.core.log_rotation import slots
from llmx.errors import LlmxError
from llmx.paths import audit_log

LOOKS = 2000  # at a rotation that goes on, 1 ms apart


def entries(env: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Every line that is ours (``time``, ``event`` and ``run_id``); torn lines and what others wrote are left out.

    Raises as ``lines`` does.
    """
    for line in lines(env):
        if entry := parse(line):
            yield entry


def lines(env: Mapping[str, str]) -> Iterator[bytes]:
    """Every line as it stands there, for those who need to parse few of them.

    Raises ``LlmxError`` where a file of the log may not be read. What is written meanwhile may be missing.
    """
    with ExitStack() as stack:
        try:
            files = _open_all(os.path.realpath(audit_log(env)), stack)
        except OSError as error:
            hint = "give it back to yourself with chown, or remove it"
            raise LlmxError(
                f"the execution log cannot be read: {error.filename}: {error.strerror}", hint=hint
            ) from None
        for file in files:
            yield from _lines(file)


def _open_all(path: str, stack: ExitStack) -> list[Iterable[bytes]]:
    """The files, oldest first; opened newest first, so that one that is moved meanwhile is seen twice, not missed."""
    found: list[Iterable[bytes]] = []
    seen: set[tuple[int, int]] = set()
    with _no_rotation(path):
        for name in [path, *(files[-1] for _, files in sorted(_slots(path).items()))]:
            with suppress(FileNotFoundError):
                file = stack.enter_context(open(name, "rb"))  # noqa: SIM115  # the stack closes it
                facts = os.fstat(file.fileno())
                if (facts.st_dev, facts.st_ino) not in seen:
                    seen.add((facts.st_dev, facts.st_ino))
                    found.append(_unpacked(file, stack) if name.endswith(".gz") else file)
    return found[::-1]


def _slots(path: str) -> dict[int, list[str]]:
    try:
        return slots(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _unpacked(file: BinaryIO, stack: ExitStack) -> Iterable[bytes]:
    return stack.enter_context(gzip.GzipFile(fileobj=file))


@contextmanager
def _no_rotation(path: str) -> Iterator[None]:
    """Wait for a rotation that goes on and hold off the next; a lock that may not be had is done without."""
    with ExitStack() as stack:
        with suppress(OSError):
            lock = stack.enter_context(open(f"{path}.lock", "rb"))
            for _ in range(LOOKS):
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.001)
        yield


def _lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines as far as they can be read: a compressed file may be cut off."""
    with suppress(EOFError, gzip.BadGzipFile, zlib.error):
        yield from file


def parse(line: bytes) -> dict[str, Any] | None:
    """What the line says; None when it is not ours."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_ours = isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("time", "event", "run_id"))
    return entry if is_ours else None
