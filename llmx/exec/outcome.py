"""What an ending means: the status word and the exit code."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal

    from llmx.core.process.supervise import Ending
    from llmx.exec.request import ExecRequest
else:
    import _signal

TIMED_OUT, OWN_FAILURE, NOT_EXECUTABLE, KILLED = 124, 125, 126, 137

# the signal by which the kernel enforces a limit in the command itself -> that limit
_BY_SIGNAL = {_signal.SIGXCPU: "cpu_time", _signal.SIGXFSZ: "max_file_size"}


class Outcome:
    """How a run ended, in the words of the result: ``status``, the exit code of llm-exec, and what fired."""

    __slots__ = ("exit_code", "limit", "signal", "status")

    def __init__(self, status: str, exit_code: int, *, signal: int = 0, limit: str = "") -> None:
        self.status = status
        self.exit_code = exit_code
        self.signal = signal
        self.limit = limit


def judge(ending: "Ending", request: "ExecRequest", *, on_terminal: bool = False) -> Outcome:
    """What the ending means."""
    status = ending.status
    number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else 0
    if verdict := ending.verdict:
        if verdict.cause == "limit":
            return Outcome("limit", KILLED, signal=number, limit=verdict.detail)
        if verdict.cause == "interrupted":
            return Outcome("interrupted", 128 + verdict.signal, signal=number)
        return Outcome(verdict.cause, TIMED_OUT, signal=number)
    limit = _BY_SIGNAL.get(number, "")
    if limit and getattr(request, limit):
        return Outcome("limit", KILLED, signal=number, limit=limit)
    if number:
        return Outcome("interrupted" if on_terminal and number == _signal.SIGINT else "signal", 128 + number, signal=number)
    code = os.WEXITSTATUS(status) if status is not None else OWN_FAILURE
    return Outcome("ok" if code == 0 else "failed", code)
