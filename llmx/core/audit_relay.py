"""The execution log from inside a sandbox: an inner run hands its lines to the run that made the sandbox.

They go through a pipe that keeps them apart, one line a packet. Any process inside could write to it, so a line counts
as what it is: said by somebody inside the run that it names as ``outer``.
"""

import fcntl
import os

from llmx.core.jsonline import dumps
from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.audit import AuditLog

LONGEST = 4096  # PIPE_BUF: what a pipe takes as one packet
MOST_LINES, MOST_BYTES = 10_000, 4 << 20  # of one run; one that floods its log is not to push the user's lines out
EVENTS = ("start", "end")
FIELDS = frozenset(
    str.split(
        "pid user argv cwd timeout_s sandbox status exit_code duration_s cpu_s peak_rss_bytes kind boot_s limits"
        " background keep_output monitor cpu_user_s cpu_system_s signal limit blocked_on setup_error"
    )
)
"""What a line of a run may tell; anything else comes from somebody else."""

_IN_PACKETS = os.O_NONBLOCK | getattr(os, "O_DIRECT", 0)


class RelayedLog:
    """The inner side: what ``AuditLog`` is elsewhere."""

    def __init__(self, pipe: str) -> None:
        self.path = pipe
        self.problem = ""
        self._descriptor = -1
        try:
            self._descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, _IN_PACKETS)  # which open(2) does not take for a pipe
        except OSError as error:
            self.problem = f"the outer run's log: {error.strerror}"

    def write(self, event: str, run_id: str, **fields: object) -> bool:
        """Hand one line over; False when that was not possible, and ``problem`` says why."""
        if self._descriptor < 0:
            return False
        try:
            os.write(self._descriptor, packet({"event": event, "run_id": run_id, **fields}))
        except OSError as error:
            self.problem = f"the outer run's log: {error.strerror}"
        return not self.problem


def packet(fields: dict[str, object]) -> bytes:
    """One line that fits; what makes it too long, the command's words, is cut."""
    data = dumps(fields).encode()
    words = fields.get("argv")
    while len(data) > LONGEST and isinstance(words, list) and words:
        words = [str(word)[:200] for word in words[: max(1, len(words) // 2)]] if len(words) > 1 else []
        data = dumps({**fields, "argv": [*words, "…"]}).encode()
    return data[:LONGEST]


class Relay:
    """The outer side, a stream of the supervisor's: what comes out of the pipe goes into the log."""

    def __init__(self, log: "AuditLog", run_id: str) -> None:
        self._log = log
        self._run_id = run_id
        self._lines = self._bytes = 0
        self._reader, self.writer = os.pipe2(_IN_PACKETS | os.O_CLOEXEC)

    def interest(self) -> list[tuple[int, int]]:
        return [(self._reader, 1)] if self._reader >= 0 else []  # POLLIN

    def move(self) -> None:
        try:
            while self._reader >= 0:
                if not (data := os.read(self._reader, LONGEST)):
                    return self.close()
                self._take(data)
        except BlockingIOError:
            return None

    def is_settled(self) -> bool:
        return True

    def started(self) -> None:
        """The writing end is the sandbox's now."""
        os.close(self.writer)
        self.writer = -1

    def close(self) -> None:
        """Take what is left and give up the descriptors; more than once does no harm."""
        reader, self._reader = self._reader, -1
        for descriptor in (reader, self.writer):
            if descriptor >= 0:
                os.close(descriptor)
        self.writer = -1

    def _take(self, data: bytes) -> None:
        self._lines += 1
        self._bytes += len(data)
        if self._lines > MOST_LINES or self._bytes > MOST_BYTES:
            return
        try:
            fields = load("json:loads")(data, parse_constant=_finite, parse_float=_finite)
            event, run_id = fields.pop("event"), fields.pop("run_id")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return
        if event in EVENTS and isinstance(run_id, str) and run_id.isalnum() and len(run_id) == len(self._run_id):
            told = {name: value for name, value in fields.items() if name in FIELDS and _is_flat(value)}
            self._log.write(event, run_id, **told, outer=self._run_id)


def _is_flat(value: object, deepest: int = 1) -> bool:
    """Whether it is no deeper than what a run tells; else to write it could take more stack than there is."""
    if not isinstance(value, dict | list):
        return True
    inside = value.values() if isinstance(value, dict) else value
    return deepest > 0 and all(_is_flat(each, deepest - 1) for each in inside)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:  # infinite, or none at all
        raise ValueError(text)
    return number
