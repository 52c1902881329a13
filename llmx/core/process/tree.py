"""Find and signal the descendants of this process: by /proc, or by psutil where there is none (macOS)."""

import os
import time

from llmx.core.plugins import load
from llmx.core.process import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    import _signal


HAS_PROC = os.path.isdir("/proc/self/task")


def children(pid: int) -> list[int]:
    """The children of ``pid`` (all its threads'), zombies included; empty when it is gone."""
    if not HAS_PROC:
        return list(load("llmx.core.process.portable:children")(pid))
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, read_file(f"/proc/{pid}/task/{thread}/children").split())
    except OSError:
        return found
    return found


def descendants(pid: int, strangers: "frozenset[int]" = frozenset()) -> list[int]:
    """Everything below ``pid``, parents before children, without the trees of ``strangers``."""
    found = [child for child in children(pid) if child not in strangers]
    for parent in found:
        found += children(parent)
    return found


def name(pid: int) -> str:
    """The program's short name as the kernel knows it; "" when the process is gone."""
    if not HAS_PROC:
        return str(load("llmx.core.process.portable:name")(pid))
    try:
        return read_file(f"/proc/{pid}/comm").rstrip(b"\n").decode(errors="replace")
    except OSError:
        return ""


def is_zombie(pid: int) -> bool:
    """Whether ``pid`` has ended and only waits to be reaped."""
    if not HAS_PROC:
        return bool(load("llmx.core.process.portable:is_zombie")(pid))
    try:
        return read_file(f"/proc/{pid}/stat").rpartition(b")")[2][1:2] == b"Z"
    except OSError:
        return False


def send(pid: int, number: int) -> bool:
    """Signal ``pid``; False when that is not permitted (a process of another user), True when it is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return True


def terminate(pids: list[int]) -> None:
    """Ask each to end, and wake those that are stopped so that they can."""
    for pid in pids:
        if send(pid, _signal.SIGTERM):
            send(pid, _signal.SIGCONT)


def kill_all() -> None:
    """SIGKILL to everything below this process, until the kernel says that nothing is left."""
    while True:
        for pid in descendants(os.getpid()):
            send(pid, _signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)
