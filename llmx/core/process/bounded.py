"""Call a function in a process of its own, with bounds on its time and memory, that can reach nothing but its input.

For what reads files of strangers: a library that hangs, eats memory or crashes ends that process and no other.
"""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, Literal, NamedTuple

from llmx.core.process import Launch, spawn
from llmx.errors import InconclusiveError

Why = Literal["time", "memory", "answer", "crash"]

HANDED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
"""Sums must not depend on how many processors share them, and each thread's stack counts as memory."""

LOG_BYTES = 1 << 20
LAST_LINES = 3


class Bounds(NamedTuple):
    """What one call may take: seconds of wall time, bytes of address space, bytes of JSON in its answer."""

    seconds: float = 60.0
    memory: int = 2 << 30
    answer: int = 512 << 20


class BoundsError(InconclusiveError):
    """The function did not come back with an answer; ``why`` says what ended it."""

    def __init__(self, message: str, why: Why = "crash", *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.why = why


USUAL = Bounds()


def call(target: str, request: Any, data: int, bounds: Bounds = USUAL) -> Any:  # noqa: ANN401  # JSON
    """What ``package.module:function`` answers to ``(request, input file)``, both JSON.

    ``data`` is an open descriptor, from which it reads. Raises ``BoundsError``; the function's own errors must be part
    of its answer.
    """
    return _Call(target, request, data, bounds).answer()


async def call_async(target: str, request: Any, data: int, bounds: Bounds = USUAL) -> Any:  # noqa: ANN401  # JSON
    """The same from asynchronous code; when it is canceled, the process ends with it."""
    made = _Call(target, request, data, bounds)
    try:
        return await asyncio.to_thread(made.answer)
    finally:
        made.end()


class _Call:
    """One process: asked when it is made, heard by ``answer``, gone after ``end``."""

    def __init__(self, target: str, request: Any, data: int, bounds: Bounds) -> None:  # noqa: ANN401
        self._bounds = bounds
        self._due = time.monotonic() + bounds.seconds
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by answer
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._pid = spawn(_launch(data, theirs.fileno(), self._log.fileno(), bounds))
        self._lock = Lock()  # the number of a process that a thread has reaped may be another's
        self._is_over = False
        question = json.dumps({"target": target, "request": request}).encode()
        self._socket.settimeout(bounds.seconds)
        try:
            self._socket.sendall(question)
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # it has died already, and its status says why
            pass

    def answer(self) -> Any:  # noqa: ANN401  # JSON
        why: Why | None = None
        heard = bytearray()
        try:
            while part := self._part():
                heard += part
                if len(heard) > self._bounds.answer:
                    why = "answer"
                    break
        except TimeoutError:
            why = "time"
        except OSError:  # reset by its death
            pass
        finally:
            status = self._reap()
        with self._log:
            if why is None and status == 0:
                return json.loads(heard)
            raise self._error(why, status)

    def end(self) -> None:
        """End the process, if it is still there."""
        with self._lock:
            if not self._is_over:
                os.kill(self._pid, signal.SIGKILL)

    def _part(self) -> bytes:
        left = self._due - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv(1 << 20)

    def _reap(self) -> int:
        """Its status, as a shell would tell it; it has closed its end, or has to go now."""
        self._socket.close()
        deadline = min(time.monotonic() + 1.0, self._due)
        while (status := self._status()) is None:
            if time.monotonic() > deadline:
                self.end()
            time.sleep(0.001)
        return status

    def _status(self) -> int | None:
        """How it ended; None while it has not."""
        with self._lock:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._is_over = pid != 0
        return os.waitstatus_to_exitcode(status) if pid else None

    def _error(self, why: Why | None, status: int) -> BoundsError:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 4096))
        lines = [line for line in self._log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        said = " | ".join(lines[-LAST_LINES:])
        if why == "time" or status == -signal.SIGXCPU:
            return BoundsError(f"it was not done within {self._bounds.seconds:g} s", "time")
        if why == "answer":
            return BoundsError(f"what came of it is more than {self._bounds.answer} bytes", "answer")
        if any("memory" in line.lower() or "bad_alloc" in line for line in lines):  # others may have failed of it since
            return BoundsError(f"it needs more than {self._bounds.memory >> 20} MiB of memory", "memory")
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"exit code {status}"
        return BoundsError(f"the process that read it crashed ({name})" + (f": {said}" if said else ""), "crash")


def _launch(data: int, answers: int, log: int, bounds: Bounds) -> Launch:
    return Launch(
        sys.executable,
        [sys.executable, "-P", "-m", "llmx.core.process.bounded_child"],
        env=_environment(os.environ),
        cwd="/",
        streams=(data, answers, log),
        limits=(
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, LOG_BYTES),
            (resource.RLIMIT_CPU, int(bounds.seconds) + 1),
            *(((resource.RLIMIT_AS, bounds.memory),) if sys.platform == "linux" else ()),
        ),
        keep=(),
    )


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    """No keys and no home, whatever the input may do there; and where this very llmx is found."""
    return {
        **{name: value for name, value in env.items() if name in HANDED_ON or name.startswith("COVERAGE_")},
        **dict.fromkeys(ONE_THREAD, "1"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if os.path.isabs(path)),
    }
