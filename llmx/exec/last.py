"""The result of a run that is over, again: from its folder, or from its lines in the log."""

from collections.abc import Mapping
from typing import Any

from llmx.core.audit import timestamp
from llmx.core.runs.naming import LAST, find
from llmx.core.runs.output import STREAMS, Gap, Reader
from llmx.core.runs.records import Run, stored_result, stores_output, text_of
from llmx.errors import ExecError, NotFoundError, UsageError
from llmx.exec.argv import CommandLine
from llmx.exec.capture import Kept
from llmx.exec.request import LIMITS
from llmx.exec.result import NO_SANDBOX, SCHEMA_VERSION, render, signal_name
from llmx.paths import audit_log

CAPTURE = 64 << 10
_MISSING = {"none": ["isolation", "kill_on_sigkill"], "bubblewrap": ["exact_signal", "leftovers"]}


def last_result(line: CommandLine, env: Mapping[str, str]) -> bytes:
    """What ``--last`` prints; raises ``ExecError`` when nothing was run yet."""
    if line.command or "command" in line.values:
        raise UsageError("--last runs nothing, but a command is given", hint="leave one of the two out")
    try:
        run = find(env, LAST)
    except NotFoundError as error:
        raise ExecError(error.message, hint=error.hint) from None
    return render(result_of(run, env), line.text("json") or "compact")


def result_of(run: Run, env: Mapping[str, str], capture: int = CAPTURE) -> dict[str, Any]:
    """The full result, its output as it is stored; what nobody kept is None."""
    result = stored_result(run) or _from_lines(run, env)
    for name in STREAMS:
        fields = _stream(run, name, capture) if stores_output(run) else {name: None}
        size = result.get(f"{name}_bytes")
        result |= {**fields, f"{name}_bytes": size} if isinstance(size, int) else fields
    return result


def _stream(run: Run, name: str, capture: int) -> dict[str, Any]:
    kept = Kept(capture)
    for piece in Reader(run.folder, name).read():
        if not isinstance(piece, Gap):
            kept.feed(piece)
    return kept.fields(name)


def _from_lines(run: Run, env: Mapping[str, str]) -> dict[str, Any]:
    end = run.end
    sandbox = end.get("sandbox") if isinstance(end.get("sandbox"), dict) else {}
    return {
        "schema": SCHEMA_VERSION,
        "run_id": run.id,
        "status": run.status,
        "exit_code": run.exit_code or 0,
        "signal": signal_name(int(run.number("signal") or 0)),
        "limit": end.get("limit") if end.get("limit") in LIMITS else None,
        "blocked_on": "stdin" if end.get("blocked_on") == "stdin" else None,
        "setup_error": end.get("setup_error") if isinstance(end.get("setup_error"), dict) else None,
        "argv": run.argv,
        "cwd": run.start.get("cwd"),
        "started_at": timestamp(run.started),
        **({"ended_at": timestamp(run.started + run.duration)} if end and run.duration is not None else {}),
        "duration_s": round(run.duration or 0.0, 6),
        "usage": _usage(run),
        "monitor": None,
        "limits": run.limits,
        "sandbox": _sandbox(sandbox or {}),
        "terminal": run.terminal,
        "changed_sensitive": [],
        "audit": None,
        "audit_log": audit_log(env),
        "hints": [],
    }


def _usage(run: Run) -> dict[str, Any] | None:
    user, system, rss = (run.number(name) for name in ("cpu_user_s", "cpu_system_s", "peak_rss_bytes"))
    if user is None or system is None or rss is None:
        return None
    return {
        "cpu_user_s": user,
        "cpu_system_s": system,
        "peak_rss_bytes": int(rss),
        "read_bytes": None,
        "write_bytes": None,
        "processes": None,
        "source": "rusage",
        "complete": True,
    }


def _sandbox(logged: Mapping[str, Any]) -> dict[str, Any]:
    level, mechanism = text_of(logged.get("level")) or "none", text_of(logged.get("mechanism")) or None
    missing = _MISSING.get("none" if level == "none" else mechanism or "", [])
    return {**NO_SANDBOX, "level": level, "mechanism": mechanism, "loosened": [], "missing": missing}
