"""Resolve an environment once, whoever else wants the same at this moment, and keep it."""

import fcntl
import os
import shutil
import time

from llmx import paths
from llmx.errors import ExecError
from llmx.exec.deps.kept import Environment, keep, recall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.deps.asked import Wanted
    from llmx.exec.deps.place import Place

PAUSE = 0.05  # seconds between two looks at a lock that somebody else holds
UNSETTLED_NS = 50_000_000
"""A file changed twice within one tick of the kernel's clock shows one time, so a fresh one is not remembered."""


def resolve(wanted: "Wanted", place: "Place", folder: str, key: str) -> tuple[Environment, float]:
    """The environment of ``wanted``, resolved in ``folder``, and the seconds that took.

    Raises ``ExecError``, and leaves nothing half-made.
    """
    started = time.monotonic()
    try:
        paths.make_private(folder)
        lock = os.open(f"{folder}.lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ExecError(
            f"the environment cannot be kept: {error.strerror}: {folder}", code="deps", hint="llmx doctor says more"
        ) from None
    try:
        _wait_for(lock)
        found = recall(folder, key) if wanted.keeps else None
        found = found or _resolve_alone(wanted, place, folder, key)
        return found, round(time.monotonic() - started, 3)
    finally:
        os.close(lock)


def _wait_for(lock: int) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE)
        else:
            return


def _resolve_alone(wanted: "Wanted", place: "Place", folder: str, key: str) -> Environment:
    shutil.rmtree(folder, ignore_errors=True)
    paths.make_private(folder)
    began = time.time_ns()
    try:
        found = wanted.source.resolve(wanted, place, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if wanted.keeps and _is_settled(found, began):
        keep(folder, key, found)
    return found


def _is_settled(found: Environment, began: int) -> bool:
    """Whether everything that was read had long been as it is when the reading began."""
    return all(known[1] < began - UNSETTLED_NS for known in found.watched.values() if known)
