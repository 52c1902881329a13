"""What a run is to be, from the command line's words and the settings; and what an ending means."""

import os

from llmx.errors import ExecError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Mapping

    from llmx.core.process.supervise import Ending
    from llmx.exec.argv import CommandLine
else:
    import _signal


class ExecRequest:
    """One run. Times are seconds and sizes bytes; 0 stands for no limit.

    ``stdin`` is "" to inherit, ``none``, or a file. ``report`` is "" (live output), ``compact`` or ``full``.
    """

    __slots__ = (
        "argv",
        "audit_required",
        "capture",
        "cpu_time",
        "cwd",
        "env",
        "grace",
        "is_shell",
        "keep_children",
        "max_file_size",
        "max_output",
        "max_procs",
        "memory",
        "monitor",
        "no_sandbox",
        "quiet",
        "report",
        "result",
        "stall_timeout",
        "stdin",
        "stdin_wait",
        "timeout",
    )

    if TYPE_CHECKING:
        argv: list[str]
        audit_required: bool
        capture: int
        cpu_time: float
        cwd: str
        env: "Mapping[str, str]"
        grace: float
        is_shell: bool
        keep_children: bool
        max_file_size: int
        max_output: int
        max_procs: int
        memory: int
        monitor: bool
        no_sandbox: bool
        quiet: bool
        report: str
        result: str
        stall_timeout: float
        stdin: str
        stdin_wait: float
        timeout: float

    def __init__(self, **fields: object) -> None:
        for name in self.__slots__:
            setattr(self, name, fields[name])


LIMITS = ("timeout", "stall_timeout", "memory", "cpu_time", "max_procs", "max_file_size", "max_output")

# option (and field) -> the setting that gives it when the option is absent
_FROM_SETTINGS = {
    "timeout": "exec.isolation.timeout",
    "stall_timeout": "exec.stall_timeout",
    "grace": "exec.grace",
    "memory": "exec.memory",
    "cpu_time": "exec.cpu_time",
    "max_procs": "exec.max_procs",
    "max_file_size": "exec.max_file_size",
    "max_output": "exec.max_output",
    "capture": "exec.capture_bytes",
    "monitor": "exec.isolation.monitoring",
    "stdin_wait": "exec.stdin_wait",
    "audit_required": "audit.required",
}


def build(line: "CommandLine", settings: "Mapping[str, object]", env: "Mapping[str, str]", cwd: str) -> ExecRequest:
    """The request that ``line`` means; raises ``UsageError`` or ``ExecError`` for what cannot be run."""
    typed = line.values
    fields = {field: typed.get(field, settings[key]) for field, key in _FROM_SETTINGS.items()}
    shell = typed.get("command")
    return ExecRequest(
        argv=_words(line),
        is_shell=shell is not None,
        cwd=_folder(str(typed["cwd"]), cwd) if "cwd" in typed else cwd,
        env=env,
        stdin=_readable(str(typed["stdin"])) if "stdin" in typed else "",
        keep_children="keep_children" in typed,
        report=typed.get("json", ""),
        result=typed.get("result", ""),
        quiet="quiet" in typed,
        no_sandbox="no_sandbox" in typed,
        **fields,
    )


def _words(line: "CommandLine") -> list[str]:
    shell = line.values.get("command")
    if shell is None and not line.command:
        raise UsageError("no command given", hint="llm-exec -- CMD ARGS…, for example llm-exec -- ls -la")
    if shell is not None and line.command:
        raise UsageError(
            f"both --command and a command ({line.command[0]}) are given",
            hint="put everything into the string, or drop --command",
        )
    words = line.command if shell is None else ["sh", "-c", str(shell)]
    if words[0] == "":
        raise UsageError("the command is an empty string", hint="llm-exec -- CMD ARGS…")
    return words


def _folder(given: str, cwd: str) -> str:
    folder = os.path.join(cwd, given)
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise ExecError(f"--cwd {given}: {folder} {what}", code="cwd")
    return os.path.normpath(folder)


def _readable(given: str) -> str:
    if given == "none":
        return given
    if os.path.isdir(given):
        what = "it is a folder"
    elif not os.access(given, os.R_OK):
        what = "the file cannot be read" if os.path.exists(given) else "the file does not exist"
    else:
        return given
    raise ExecError(f"--stdin {given}: {what}", code="stdin", hint="--stdin none gives an empty stdin")


TIMED_OUT, OWN_FAILURE, NOT_EXECUTABLE, KILLED = 124, 125, 126, 137

# the signal by which the kernel enforces a limit in the command itself -> that limit
_BY_SIGNAL: dict[int, str] = {_signal.SIGXCPU: "cpu_time", _signal.SIGXFSZ: "max_file_size"}


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
        return Outcome(
            "interrupted" if on_terminal and number == _signal.SIGINT else "signal", 128 + number, signal=number
        )
    code = os.WEXITSTATUS(status) if status is not None else OWN_FAILURE
    return Outcome("ok" if code == 0 else "failed", code)
