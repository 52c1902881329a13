"""The one honest result: printed by ``--json``, written by ``--result``, described by ``--schema``."""

import os
import sys

from llmx.core.audit import timestamp
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.redact import mask_argv, mask_text
from llmx.exec.request import LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal

    from llmx.exec.run import Run
else:
    import _signal

SCHEMA_VERSION = 1
ONLY_FULL = ("ended_at", "limits", "monitor", "audit_log")
NO_SANDBOX: "dict[str, object]" = {
    "level": "none",
    "mechanism": None,
    "policy": None,
    "network": None,
    "degraded": [],
    "dropped_env": [],
}


def assemble(run: "Run") -> dict[str, object]:
    """Everything known about ``run``, in the order in which it is read; absent things are None."""
    outcome, request = run.outcome, run.request
    result: dict[str, object] = {
        "schema": SCHEMA_VERSION,
        "run_id": run.run_id,
        "status": outcome.status,
        "exit_code": outcome.exit_code,
        "signal": signal_name(outcome.signal),
        "limit": outcome.limit or None,
        "blocked_on": run.blocked_on or None,
        "setup_error": _without_secrets(run),
        "argv": mask_argv(request.argv, request.all_env),
        "cwd": request.cwd,
        "started_at": timestamp(run.started_at),
        "ended_at": timestamp(run.started_at + run.duration),
        "duration_s": round(run.duration, 6),
    }
    for name in ("stdout", "stderr"):
        capture = run.captures.get(name)
        result |= capture.kept.fields(name) if capture else {name: None}
    return result | {
        "usage": _usage(run),
        "monitor": run.monitor.fields() if run.monitor else None,
        "limits": {name: getattr(request, name) for name in LIMITS if getattr(request, name)},
        "sandbox": _sandbox(run),
        "terminal": run.window.fields() if run.window else None,
        "deps": (run.provided.parts or None) if run.provided else None,
        "network": _network(run),
        "changed_sensitive": run.confinement.changed if run.confinement else [],
        "sensitive_complete": run.confinement is None or run.confinement.is_complete,
        "audit": "unavailable" if run.audit.problem else None,
        "audit_log": run.audit.path,
        "hints": _hints(run),
    }


def render(result: dict[str, object], mode: str) -> bytes:
    """One line of JSON: ``full``, or ``compact`` without what says nothing and what only ``full`` is for."""
    if mode != "full":
        result = {name: value for name, value in result.items() if value is not None and name not in ONLY_FULL}
        if isinstance(usage := result.get("usage"), dict):
            result["usage"] = {name: value for name, value in usage.items() if value is not None}
        result["sandbox"] = _short(result)
        if not result.get("changed_sensitive"):
            result.pop("changed_sensitive", None)
        if result.get("sensitive_complete", True):
            result.pop("sensitive_complete", None)
    return (dumps(result) + "\n").encode()


def _hints(run: "Run") -> list[str]:
    found: list[str] = load("llmx.exec.hints:hints")(run) if run.needs_hints else []
    return [*found, *(run.provided.notes if run.provided else ())]


def _without_secrets(run: "Run") -> dict[str, object] | None:
    error = run.setup_error
    return error and {**error, "message": mask_text(str(error["message"]), run.request.all_env)}


def _usage(run: "Run") -> dict[str, object]:
    """What the run used. CPU is wait4(2)'s, exact for all that is reaped; the rest is null where nobody looked."""
    usage = run.ending.usage
    moved = run.last_look.gained() if run.last_look else None
    fields: dict[str, object] = {
        "cpu_user_s": round(usage.user, 6),
        "cpu_system_s": round(usage.system, 6),
        "peak_rss_bytes": usage.peak_rss,
        "read_bytes": moved.read if moved else None,
        "write_bytes": moved.write if moved else None,
        "processes": None,
        "source": "rusage",
        "complete": not (run.last_look and run.last_look.ignores_children) and not run.ending.survivors,
    }
    if run.monitor:
        fields |= run.monitor.usage()
    if run.limits:
        fields |= run.limits.usage()
    return fields


def _sandbox(run: "Run") -> dict[str, object]:
    fields = run.confinement.fields() if run.confinement else NO_SANDBOX
    if run.outer and not run.confinement:  # --no-sandbox opens nothing in there
        fields = fields | {"level": "inherited", "mechanism": "inherited", "network": run.outer.network}
    return {**fields, "loosened": run.request.loosened, "missing": _missing(run)}


def _network(run: "Run") -> dict[str, object] | None:
    """What went through the proxy, and what it refused; None where there was none."""
    if not (run.confinement and (forwarder := run.confinement.forwarder)):
        return None
    request = run.request
    command = [] if request.is_shell else ["--", *mask_argv(request.argv, request.env)]
    found: dict[str, object] = load("llmx.exec.network_report:report")(
        forwarder, mask_argv(request.options, request.env), command
    )
    return found


def _missing(run: "Run") -> list[str]:
    """What cannot be promised: without a sandbox only the direct child dies with a killed llm-exec."""
    if run.confinement:
        return list(run.confinement.missing)
    if run.outer:
        return []
    missing = ["isolation", "kill_on_sigkill"]
    return missing if sys.platform == "linux" else [*missing, "orphans", "exact_accounting"]


def _short(result: dict[str, object]) -> dict[str, object]:
    """The entry ``sandbox`` without what says nothing; dropped variables matter to a command that did not succeed."""
    sandbox = result["sandbox"]
    if not isinstance(sandbox, dict):
        return {}
    kept = {name: value for name, value in sandbox.items() if value or name in ("level", "missing")}
    if result["status"] == "ok":
        kept.pop("dropped_env", None)
    return kept


def signal_name(number: int) -> str | None:
    """``SIGTERM`` for 15; None for 0."""
    if number == 0:
        return None
    for name in dir(_signal):
        if name.startswith("SIG") and name[3] != "_" and getattr(_signal, name) == number:
            return name
    return f"SIG{number}"


def write_all(descriptor: int, data: bytes) -> None:
    """Write until nothing is left."""
    while data:
        data = data[os.write(descriptor, data) :]
