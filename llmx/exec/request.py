"""What a run is to be, from the command line's words and the settings; and what an ending means."""

import os

from llmx.core.plugins import load
from llmx.core.redact import mask_argv
from llmx.errors import ExecError, UsageError
from llmx.paths import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Mapping, Sequence
    from typing import Any

    from llmx.core.process.supervise import Ending
    from llmx.exec.argv import CommandLine
    from llmx.exec.deps.asked import Wanted
    from llmx.exec.terminals.request import WindowRequest

    Rules = tuple["Sequence[str]", "Sequence[str]", "Sequence[str]"]
else:
    import _signal


class ExecRequest:
    """One run. Times are seconds and sizes bytes; 0 stands for no limit.

    ``stdin`` is "" to inherit, ``none``, or a file. ``report`` is "" (live output), ``compact`` or ``full``.
    ``deps`` is what to provide before; ``own_env`` stays the caller's, where ``env`` becomes the command's.
    ``sandbox`` is None for none, ``window`` for no window of its own. ``rules`` are the policy's: allow, deny and ask.
    ``env`` is the caller's environment, ``env_words`` what ``--env`` adds to it.
    """

    __slots__ = (
        "argv",
        "audit_required",
        "background",
        "capture",
        "cpu_time",
        "cwd",
        "deps",
        "env",
        "env_words",
        "grace",
        "is_shell",
        "keep_children",
        "keep_output",
        "log_keep",
        "log_max_age_days",
        "log_max_bytes",
        "loosened",
        "max_file_size",
        "max_output",
        "max_procs",
        "memory",
        "monitor",
        "options",
        "own_env",
        "quiet",
        "report",
        "result",
        "rules",
        "sandbox",
        "stall_timeout",
        "stdin",
        "stdin_wait",
        "timeout",
        "window",
    )

    if TYPE_CHECKING:
        argv: list[str]
        audit_required: bool
        background: bool
        capture: int
        cpu_time: float
        cwd: str
        deps: "list[Wanted]"
        env: "Mapping[str, str]"
        env_words: Sequence[str]
        grace: float
        is_shell: bool
        keep_children: bool
        keep_output: bool
        log_keep: int
        log_max_age_days: int
        log_max_bytes: int
        loosened: list[str]
        max_file_size: int
        max_output: int
        max_procs: int
        memory: int
        monitor: bool
        options: list[str]
        own_env: "Mapping[str, str]"
        quiet: bool
        report: str
        result: str
        rules: "Rules"
        sandbox: "SandboxRequest | None"
        stall_timeout: float
        stdin: str
        stdin_wait: float
        timeout: float
        window: "WindowRequest | None"

    def __init__(self, **fields: object) -> None:
        for name in self.__slots__:
            setattr(self, name, fields[name])

    @property
    def all_env(self) -> "Mapping[str, str]":
        """The caller's environment with what ``--env`` sets: an unconfined command's, and what texts may repeat."""
        if not self.env_words:
            return self.env
        pairs = [word.partition("=") for word in self.env_words]
        return {**self.env, **{name: value for name, equals, value in pairs if equals}}

    def record(self) -> "dict[str, object]":
        """What the execution log tells of it, without secrets."""
        record: dict[str, object] = {
            "argv": mask_argv(self.argv, self.all_env),
            "cwd": self.cwd,
            "timeout_s": self.timeout,
            "limits": {name: getattr(self, name) for name in LIMITS if getattr(self, name)},
            "sandbox": self.sandbox.level if self.sandbox else "none",
        }
        if self.window:
            record["terminal"] = self.window.name
        if self.deps:
            record["deps"] = [one.record() for one in self.deps]
        if self.sandbox:
            record |= self.sandbox.network()
        return record | {name: True for name in ("background", "keep_output", "monitor") if getattr(self, name)}


class SandboxRequest:
    """What the run's sandbox is to allow: the arguments of ``make_plan``, and whether only the full one will do.

    ``mechanism`` is "" for the strongest.
    """

    __slots__ = ("arguments", "is_required", "level", "mechanism")

    def __init__(self, level: str, arguments: "dict[str, Any]", *, is_required: bool, mechanism: str) -> None:
        self.level = level
        self.arguments = arguments
        self.is_required = is_required
        self.mechanism = mechanism

    def network(self) -> "dict[str, object]":
        """What of the network it is to have, as the execution log tells it; nothing for none."""
        if not (reach := self.arguments.get("reach")):
            return {}
        told = {name: getattr(reach, name) for name in reach.__slots__ if getattr(reach, name)}
        return {"network": self.arguments["network"], **told}


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
    "log_max_bytes": "logging.max_bytes",
    "log_max_age_days": "logging.max_age_days",
    "log_keep": "logging.keep",
}


def build(
    line: "CommandLine",
    settings: "Mapping[str, object]",
    env: "Mapping[str, str]",
    cwd: str,
    chosen: "Sequence[str]" = (),
) -> ExecRequest:
    """The request that ``line`` means; raises ``UsageError`` or ``ExecError`` for what cannot be run.

    ``chosen`` is ``Settings.loosened``.
    """
    typed = line.values
    fields: dict[str, Any] = {field: typed.get(field, settings[key]) for field, key in _FROM_SETTINGS.items()}
    if typed.get("level", settings["exec.policy.level"]) == "restricted":
        load("llmx.core.policy.levels:tighten")(fields, "restricted", typed)
    shell = typed.get("command")
    background = "background" in typed or "detach" in typed
    fields["window"] = None
    if not _WINDOW.isdisjoint(typed):
        load("llmx.exec.terminals.request:read")(fields, typed, settings)
    unheard = "none" if background and not fields["window"] else ""
    if background:
        fields["timeout"] = typed.get("timeout", 0.0)
    return ExecRequest(
        argv=_words(line),
        is_shell=shell is not None,
        cwd=_folder(str(typed["cwd"]), cwd) if "cwd" in typed else cwd,
        env=env,
        env_words=_env_words(typed, env),
        stdin=_readable(str(typed["stdin"])) if "stdin" in typed else unheard,
        own_env=env,
        deps=load("llmx.exec.deps.asked:wanted")(typed, settings) if _PROVIDES.intersection(typed) else [],
        background=background,
        keep_output=background or "keep_output" in typed,
        keep_children="keep_children" in typed,
        report=typed.get("json", ""),
        result=typed.get("result", ""),
        quiet="quiet" in typed,
        options=line.options,
        loosened=_loosened(typed, settings, env, chosen, cwd),
        rules=tuple([settings[f"exec.policy.{name}"] for name in ("allow", "deny", "ask")]),
        sandbox=_sandbox(typed, settings),
        **fields,
    )


_WINDOW = frozenset(("terminal", "wezterm", "detach", "hold"))
_PROVIDES = frozenset(("nix_shell", "nix_pure", "deps", "deps_from", "uv"))
_LOOSENS = frozenset(("no_sandbox", "level", "net", "connect", "publish", "write", "read", "env"))


def _loosened(
    typed: "Mapping[str, Any]",
    settings: "Mapping[str, Any]",
    env: "Mapping[str, str]",
    chosen: "Sequence[str]",
    cwd: str,
) -> list[str]:
    """What makes the run looser than the settings files do; raises ``PolicyError`` where a lock forbids it."""
    asked = _LOOSENS.intersection(typed)
    if (typed.get("stdin", "none") != "none" or "result" in typed) and "no_sandbox" not in typed:
        asked |= {"a file"}  # which the command itself may not reach
    limits = [(typed[name], settings[_FROM_SETTINGS[name]]) for name in LIMITS if name in typed]
    is_higher = any([limit and (value > limit or not value) for value, limit in limits])  # noqa: C419  # a list is faster
    has_own = settings["exec.policy.level"] == "restricted"  # limits, of which the settings do not know
    if not (asked or is_higher or chosen or has_own):
        return []
    if asked == {"no_sandbox"} and not (is_higher or chosen or has_own or settings["exec.policy.lock"]):
        return ["--no-sandbox"] if settings["exec.isolation.enabled"] else []
    folder = os.path.join(cwd, str(typed.get("cwd", "")))
    found: list[str] = load("llmx.core.policy.loosening:loosened")(typed, settings, env, chosen, folder)
    return found


def _sandbox(typed: "Mapping[str, Any]", settings: "Mapping[str, Any]") -> SandboxRequest | None:
    """The sandbox asked for; None for none."""
    level = typed.get("level", settings["exec.policy.level"])
    if "no_sandbox" in typed or not settings["exec.isolation.enabled"] or level == "privileged":
        if "net" in typed or "connect" in typed or "publish" in typed:
            _network(typed, settings, has_sandbox=False)
        return None
    if "keep_children" in typed:
        raise UsageError(
            "--keep-children: nothing outlives its sandbox",
            hint="--background runs all of it in the background; --no-sandbox has no such end",
        )
    arguments = {
        "level": level,
        "write": [*settings["exec.write"], *typed.get("write", ())],
        "read": [*settings["exec.read"], *typed.get("read", ())],
        "env_add": typed.get("env", ()),
        "env_allow": settings["exec.env_allow"],
        "gpu": "" if "no_gpu" in typed else typed.get("gpu"),
        "protect": settings["exec.protect"],
        **_network(typed, settings),
    }
    required, mechanism = settings["exec.sandbox"] == "required", settings["exec.mechanism"]
    return SandboxRequest(level, arguments, is_required=required, mechanism=mechanism)


def _network(
    typed: "Mapping[str, Any]", settings: "Mapping[str, Any]", *, has_sandbox: bool = True
) -> "dict[str, object]":
    """The network, and what leads there and from there."""
    text = settings["exec.net"]
    if given := typed.get("net"):
        text = given[0] if len(given) == 1 else load("llmx.core.network.names:combined")(given)
    connect = [*settings["exec.connect"], *typed.get("connect", ())]
    publish = [*settings["exec.publish"], *typed.get("publish", ())]
    if text in ("", "none", "host") and not (connect or publish):
        return {"network": text or "none"}
    found: dict[str, object] = load("llmx.exec.network:arguments")(
        text, connect, publish, is_typed="net" in typed, has_sandbox=has_sandbox
    )
    return found


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


def _env_words(typed: "Mapping[str, Any]", env: "Mapping[str, str]") -> "Sequence[str]":
    words: Sequence[str] = typed.get("env", ())
    if words:
        load("llmx.core.sandbox.environment:asked_for")(words, env)  # refuses what cannot be meant
    return words


def _folder(given: str, cwd: str) -> str:
    folder = os.path.join(cwd, given)
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise ExecError(f"--cwd {given}: {folder} {what}", code="cwd")
    return os.path.normpath(folder)


def _followed(option: str, path: str) -> str:
    """The real path; raises ``ExecError`` where a link that a command may have made leads out of a work tree."""
    path = os.path.abspath(path)
    if (found := os.path.realpath(path)) != path and not path.startswith(("/dev/", "/proc/")):
        found = load("llmx.core.sandbox.typed:follow")(option, path, os.path.realpath(home()))
    return found


def _readable(given: str) -> str:
    if given == "none":
        return given
    if os.path.isdir(given):
        what = "it is a folder"
    elif not os.access(given, os.R_OK):
        what = "the file cannot be read" if os.path.exists(given) else "the file does not exist"
    else:
        return _followed("--stdin", given) if os.path.isfile(given) else given
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

    def record(self) -> "dict[str, object]":
        """What the execution log tells of it."""
        record: dict[str, object] = {"status": self.status, "exit_code": self.exit_code}
        return record | {name: getattr(self, name) for name in ("signal", "limit") if getattr(self, name)}


def judge(ending: "Ending", request: "ExecRequest", *, on_terminal: bool = False, by_code: bool = False) -> Outcome:
    """What the ending means; ``by_code`` where a process between tells a signal n as exit code 128+n."""
    status = ending.status
    number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else 0
    if by_code and status is not None and not number and 128 < os.WEXITSTATUS(status) < 128 + _signal.NSIG:
        number = os.WEXITSTATUS(status) - 128
    if verdict := ending.verdict:
        if verdict.cause == "limit":
            return Outcome("limit", KILLED, signal=number, limit=verdict.detail)
        if verdict.cause == "interrupted":
            return Outcome("interrupted", 128 + verdict.signal, signal=number)
        if verdict.cause == "window_closed":
            return Outcome("window_closed", OWN_FAILURE, signal=number)
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
