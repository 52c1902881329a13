"""``--background``: start a run, say its id, and leave it to itself.

The run goes on in a process of its own session, which no terminal and no caller takes along when it ends. What can
be known before the command runs is still the caller's answer: that process tells it through a pipe, and closes it.
"""

import marshal
import os

from llmx.core.plugins import load
from llmx.exec.hints import words
from llmx.exec.request import OWN_FAILURE
from llmx.exec.result import assemble, render
from llmx.exec.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable

    from llmx.exec.request import ExecRequest
else:
    import _signal

RESET = (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP, _signal.SIGQUIT)
"""Signals that a caller may have had ignored, and by which the run is to be ended."""


class Answer:
    """What the caller gets: llm-exec's exit code, bytes for stdout, lines for stderr."""

    def __init__(self, exit_code: int, out: bytes, lines: list[str]) -> None:
        self.exit_code = exit_code
        self.out = out
        self.lines = lines


def start(request: "ExecRequest", report: "Callable[[Run], int]") -> Answer:
    """Start the run and return what is known of it at its start; ``report`` runs it to its end, elsewhere."""
    for name in ("stdin", "result"):
        path = getattr(request, name)
        if path and path != "none":
            setattr(request, name, os.path.abspath(path))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _detach(request, report, writer)
    os.close(writer)
    os.waitpid(child, 0)
    data = b""
    while more := os.read(reader, 65536):
        data += more
    os.close(reader)
    if not data:
        return Answer(OWN_FAILURE, b"", ["error: the run ended before it could say anything"])
    return Answer(*marshal.loads(data))


def _detach(request: "ExecRequest", report: "Callable[[Run], int]", descriptor: int) -> None:
    """Become the process of the run; never returns."""
    teller = Teller(request, descriptor)
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        _let_go(descriptor)
        run = Run(request)
        run.when_started = teller.tell_start
        report(run)
        teller.tell_failure(run)
    except Exception as error:
        teller.tell(OWN_FAILURE, b"", [f"error: internal error: {type(error).__name__}: {error}"])
    finally:
        os._exit(0)


def _let_go(kept: int) -> None:
    """Of the caller's streams, open files and ignored signals."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    for number in RESET:
        _signal.signal(number, _signal.SIG_DFL)


class Teller:
    """Tells the waiting caller once how the start went."""

    def __init__(self, request: "ExecRequest", descriptor: int) -> None:
        self._request = request
        self._descriptor = descriptor

    def tell_start(self, run: Run) -> None:
        """The command runs: its id, or a first result."""
        lines = []
        if run.confinement and run.confinement.degraded and not self._request.quiet:
            lines = load("llmx.exec.notice:weaker_sandbox")(run.request.env, run.confinement.degraded)
        if run.audit.problem:
            lines.append(f"warning: not logged: {run.audit.problem}")
        if not self._request.report:
            self.tell(0, f"{run.run_id}\n".encode(), [] if self._request.quiet else lines)
            return
        result = assemble(run) | dict.fromkeys(("stdout", "stderr", "usage", "monitor"))
        for name in ("ended_at", "stdout_bytes", "stderr_bytes"):
            result.pop(name, None)
        result["hints"] = [
            f"llmx runs logs {run.run_id} -f shows what it prints; llmx runs wait {run.run_id} waits for its end"
        ]
        self.tell(0, render(result, self._request.report), [])

    def tell_failure(self, run: Run) -> None:
        """It is over; when it never started, that is the answer."""
        if self._descriptor >= 0:
            mode = self._request.report
            lines = [] if mode or self._request.quiet else words(run)
            self.tell(run.outcome.exit_code, render(assemble(run), mode) if mode else b"", lines)

    def tell(self, exit_code: int, out: bytes, lines: list[str]) -> None:
        """Write it and close the pipe; a caller who has gone need not know."""
        if self._descriptor < 0:
            return
        data = marshal.dumps((exit_code, out, lines))
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            pass
        os.close(self._descriptor)
        self._descriptor = -1
