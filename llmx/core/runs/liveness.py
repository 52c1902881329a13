"""Whether the process that a record names still is that run's llm-exec, and not another with the same number.

A process that got the number later has started later than the run. Both times are counted from the machine's start,
so that nobody who sets the clock is taken for somebody else.
"""

import os
import sys
import time

from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SLACK = 0.02  # seconds: the kernel counts in hundredths
PROGRAMS = (b"llm-exec", b"llmx")
BOOT_SLACK = 5.0  # seconds by which the clock may have been set since


def since_boot() -> float | None:
    """Seconds since the machine's start, sleep included; None where only Linux could tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else None


class Claim:
    """What a record says of its llm-exec: number, user, and when it was seen alive, by the clock and since boot."""

    __slots__ = ("pid", "seen_at", "since_boot", "user")

    def __init__(self, pid: int, user: int, seen_at: float, since_boot: float | None) -> None:
        self.pid = pid
        self.user = user
        self.seen_at = seen_at
        self.since_boot = since_boot


def is_alive(claim: Claim) -> bool:
    """Whether that llm-exec still runs."""
    if claim.pid <= 1:
        return False
    if os.path.isdir("/proc/self"):
        try:
            return _is_same(claim)
        except (OSError, ValueError, IndexError):
            return False
    started = load("llmx.core.runs.portable:started_at")(claim.pid)
    return started is not None and started <= claim.seen_at + 1.0


def _is_same(claim: Claim) -> bool:
    """By /proc; a zombie has ended."""
    process = f"/proc/{claim.pid}"
    fields = _read(f"{process}/stat").rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X") or os.stat(process).st_uid not in (claim.user, 0):
        return False
    words = _read(f"{process}/cmdline").split(b"\0")
    if not any(word.rpartition(b"/")[2].startswith(PROGRAMS) for word in words):  # a container has its own numbers
        return False
    started, now = int(fields[19]) / os.sysconf("SC_CLK_TCK"), since_boot() or 0.0
    if claim.since_boot is None:
        return time.time() - now + started <= claim.seen_at + 1.0
    booted_at = time.time() - now
    return started <= claim.since_boot + SLACK and booted_at <= claim.seen_at + BOOT_SLACK


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 65536)
    finally:
        os.close(descriptor)


class Handle:
    """A hold on a living llm-exec: what it is sent reaches no other process, whatever becomes of the number."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._descriptor = os.pidfd_open(claim.pid) if hasattr(os, "pidfd_open") else -1

    def send(self, signal: int) -> None:
        """Send it the signal; ``ProcessLookupError`` when it has ended."""
        if self._descriptor >= 0:
            load("signal:pidfd_send_signal")(self._descriptor, signal)
        elif is_alive(self._claim):
            os.kill(self._claim.pid, signal)
        else:
            raise ProcessLookupError

    def wait(self, timeout: float | None) -> bool:
        """Wait for its end, at most that many seconds; whether it has come."""
        if self._descriptor >= 0:
            poller = load("select:poll")()
            poller.register(self._descriptor, 1)  # POLLIN: the process has ended
            return bool(poller.poll(None if timeout is None else timeout * 1000))
        due = None if timeout is None else time.monotonic() + timeout
        while is_alive(self._claim):
            if due is not None and time.monotonic() >= due:
                return False
            time.sleep(0.05)
        return True

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def hold(claim: Claim) -> "Iterator[Handle]":
    """The hold on that llm-exec, or nothing when it has ended: for a ``for`` that runs at most once."""
    try:
        handle = Handle(claim)
    except OSError:
        return
    try:
        if is_alive(claim):  # asked after the hold was taken: the answer is about the process that is held
            yield handle
    finally:
        handle.close()
