"""The execution log: one JSON line before a command starts and one at its end.

Each line is a single write under a lock, into the file that bears the log's name at that moment: another run may
rotate the log at any time, also while this one's command runs for hours.
"""

import os
import time

from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.paths import audit_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


LOOKS = 2000  # at a lock, 1 ms apart: who holds it that long has been stopped, and a line without it beats no line
REOPENINGS = 10  # on a disk where a file's name and its descriptor never agree, the last opened file is it
MAX_BYTES, MAX_AGE_DAYS, KEEP = 10 << 20, 7, 5
_HEAD = b'{"time":"'


class AuditLog:
    """An open log, or the reason why there is none in ``problem``; it is rotated at a size and an age in days."""

    def __init__(
        self,
        env: "Mapping[str, str]",
        *,
        max_bytes: int = MAX_BYTES,
        max_age_days: int = MAX_AGE_DAYS,
        keep: int = KEEP,
    ) -> None:
        self.path = audit_log(env)
        self.problem = ""
        self._max_bytes = max_bytes
        self._max_age_days = max_age_days
        self._keep = keep
        self._descriptor = -1
        try:
            self._descriptor = self._open()
        except OSError as error:
            self.problem = f"{self.path}: {error.strerror}"

    def write(self, event: str, run_id: str, **fields: object) -> bool:
        """Append one line; False when it could not be written whole, and ``problem`` says why."""
        if self._descriptor < 0:
            return False
        try:
            written, size = self._append(event, run_id, fields)
        except OSError as error:
            self.problem = f"{self.path}: {error.strerror}"
            return False
        if written < size:
            self.problem = f"{self.path}: no room for the whole line"
        return not self.problem

    def _append(self, event: str, run_id: str, fields: "dict[str, object]") -> tuple[int, int]:
        """How many bytes have been written, of how many."""
        end = self._claim()
        try:
            line = dumps({"time": timestamp(time.time()), "event": event, "run_id": run_id, **fields}) + "\n"
            data = line.encode()
            if end and os.pread(self._descriptor, 1, end - 1) != b"\n":
                data = b"\n" + data  # the last line lacks its end, as a full disk leaves it
            return os.write(self._descriptor, data), len(data)
        finally:
            unlock(self._descriptor)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            return os.open(self.path, flags, 0o600)

    def _claim(self) -> int:
        """Lock the file that is the log now, after a rotation where one is due; return its size."""
        may_rotate = True
        for _ in range(REOPENINGS):
            lock(self._descriptor)
            here = os.fstat(self._descriptor)
            if is_named(here, self.path):
                if not (may_rotate and is_due(self._descriptor, here.st_size, self._max_bytes, self._max_age_days)):
                    break
                may_rotate = False
                unlock(self._descriptor)
                rotate = load("llmx.core.log_rotation:rotate")
                rotate(self.path, max_bytes=self._max_bytes, max_age_days=self._max_age_days, keep=self._keep)
            self._reopen()
        return here.st_size

    def _reopen(self) -> None:
        os.close(self._descriptor)  # gives the lock back too
        self._descriptor = -1
        self._descriptor = self._open()


def lock(descriptor: int) -> None:
    """Wait for the file's lock, which keeps other processes out; a disk that knows none gives none.

    ``lockf`` needs no import. It lets other threads in; what one of those rotates away meanwhile is still plain.
    """
    for _ in range(LOOKS):
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)  # the lock begins where the descriptor stands
            return os.lockf(descriptor, os.F_TLOCK, 0)
        except BlockingIOError:
            time.sleep(0.001)
        except OSError:
            return None
    return None


def unlock(descriptor: int) -> None:
    """Give the file's lock back."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.lockf(descriptor, os.F_ULOCK, 0)
    except OSError:  # a disk that knows no locks
        return None


def is_named(facts: os.stat_result, path: str) -> bool:
    """Whether ``path`` leads to the file that ``facts`` describe."""
    try:
        named = os.stat(path)
    except FileNotFoundError:
        return False
    return named.st_ino == facts.st_ino and named.st_dev == facts.st_dev


def is_due(descriptor: int, size: int, max_bytes: int, max_age_days: int) -> bool:
    """Whether the log has reached its size, or its first line its age; 0 stands for no limit.

    A first line from the future is not due: on a disk that two machines share, one of whose clocks is wrong, they
    would rotate all lines away in turn.
    """
    if size >= max_bytes > 0:
        return True
    if not (size and max_age_days):
        return False
    head = os.pread(descriptor, len(_HEAD) + 24, 0)
    is_dated = head.startswith(_HEAD) and head.endswith(b"Z")
    return is_dated and head[len(_HEAD) :] < timestamp(time.time() - max_age_days * 86400).encode()


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC with milliseconds."""
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1000):03d}Z"


_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def new_run_id(seconds: float) -> str:
    """An id that sorts by time: 9 characters of milliseconds, 7 of chance."""
    number = int(seconds * 1000) << 35 | int.from_bytes(os.urandom(5), "big") & (1 << 35) - 1
    return "".join([_DIGITS[number >> shift & 31] for shift in range(75, -1, -5)])
