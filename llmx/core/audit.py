"""The execution log: one JSON line before a command starts and one at its end.

Each line is a single write to a file opened for appending, so lines of concurrent runs never mix.
"""

import os
import time

from llmx.core.jsonline import dumps
from llmx.paths import audit_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


LOOKS = 10  # at a last line without its end, 2 ms apart: a long line grows page by page


class AuditLog:
    """An open log, or the reason why there is none in ``problem``."""

    def __init__(self, env: "Mapping[str, str]") -> None:
        self.path = audit_log(env)
        self.problem = ""
        self._descriptor = -1
        try:
            self._descriptor = self._open()
        except OSError as error:
            self.problem = f"{self.path}: {error.strerror}"

    def write(self, event: str, run_id: str, **fields: object) -> bool:
        """Append one line; False when it could not be written whole, and ``problem`` says why."""
        if self._descriptor < 0:
            return False
        line = dumps({"time": timestamp(time.time()), "event": event, "run_id": run_id, **fields}) + "\n"
        data = line.encode()
        try:
            if self._was_torn():
                data = b"\n" + data
            written = os.write(self._descriptor, data)
        except OSError as error:
            self.problem = f"{self.path}: {error.strerror}"
            return False
        if written < len(data):
            self.problem = f"{self.path}: no room for the whole line"
        return not self.problem

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            return os.open(self.path, flags, 0o600)

    def _was_torn(self) -> bool:
        """Whether the last line lacks its end, as a full disk leaves it; one that is being written gets its time."""
        for _ in range(LOOKS):
            size = os.fstat(self._descriptor).st_size
            if size == 0 or os.pread(self._descriptor, 1, size - 1) == b"\n":
                return False
            time.sleep(0.002)
        return True


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC with milliseconds."""
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1000):03d}Z"


_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def new_run_id(seconds: float) -> str:
    """An id that sorts by time: 9 characters of milliseconds, 7 of chance."""
    number = int(seconds * 1000) << 35 | int.from_bytes(os.urandom(5), "big") & (1 << 35) - 1
    return "".join([_DIGITS[number >> shift & 31] for shift in range(75, -1, -5)])
