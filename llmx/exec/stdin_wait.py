"""Notice a command that waits for a first byte on a stdin that nobody writes to (Linux, by /proc)."""

import os

from llmx.core.process import read_file
from llmx.core.process.supervise import NEVER, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# read, readv, recvfrom, recvmsg: the calls with the descriptor as their first argument that block on a stream
_READING = {
    "x86_64": frozenset((b"0", b"19", b"45", b"47")),
    "aarch64": frozenset((b"63", b"65", b"207", b"212")),
}.get(os.uname().machine, frozenset())

SLOWEST = 0.5  # seconds between two looks


class StdinWatch:
    """Ends the run when one process has sat in a read of stdin for ``wait`` seconds and no byte has ever come.

    The supervisor's listener on stdin takes this watch away as soon as a byte arrives. As neither pipes nor sockets
    count what went through, whoever is seen waiting must also stay asleep: once one of them has woken up, or is gone,
    it may have been spoken to, and nothing is claimed any more.
    """

    def __init__(self, descendants: "Callable[[], list[int]]", now: float, wait: float) -> None:
        self.due = now
        self._descendants = descendants
        self._started = now
        self._wait = wait
        self._waiting: dict[int, tuple[float, bytes]] = {}  # pid -> since when, and how often it had slept by then

    def check(self, now: float) -> Verdict | None:
        self.due = now + min(SLOWEST, max(0.005, (now - self._started) / 10))
        waiting = {}
        for pid in filter(waits_for_stdin, self._descendants()):
            sleeps = _sleeps(pid)
            since, before = self._waiting.get(pid, (now, sleeps))
            if sleeps == before:
                waiting[pid] = (since, sleeps)
        if self._waiting.keys() - waiting.keys():
            self.due = NEVER
        elif any(now - since >= self._wait for since, _ in waiting.values()):
            return Verdict("stalled", "stdin")
        self._waiting = waiting
        return None


def waits_for_stdin(pid: int) -> bool:
    """Whether ``pid`` is blocked right now reading from the very stdin that this process has."""
    try:
        call, argument, *_ = read_file(f"/proc/{pid}/syscall").split()
        if call not in _READING:
            return False
        theirs, ours = os.stat(f"/proc/{pid}/fd/{int(argument, 16)}"), os.fstat(0)
    except (OSError, ValueError):  # gone, not ours to look at, or running
        return False
    return (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino)


def _sleeps(pid: int) -> bytes:
    """How often ``pid`` has given up the processor to wait for something; unchanged as long as it sleeps."""
    try:
        return read_file(f"/proc/{pid}/status").partition(b"\nvoluntary_ctxt_switches:")[2].partition(b"\n")[0]
    except OSError:
        return b""
