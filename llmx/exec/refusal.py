"""The result object of a run that never was: the command line or the settings were wrong."""

import os
import time

from llmx.core.audit import new_run_id, timestamp
from llmx.errors import ConfigError, ExecError, LlmxError, PolicyError, UsageError
from llmx.exec.result import SCHEMA_VERSION, render


def refusal(words: list[str], error: LlmxError, exit_code: int, mode: str) -> bytes:
    """The rendered result; ``argv`` is what was typed, since nothing better is known."""
    now = time.time()
    return render(
        {
            "schema": SCHEMA_VERSION,
            "run_id": new_run_id(now),
            "status": "denied" if isinstance(error, PolicyError) else "error",
            "exit_code": exit_code,
            "signal": None,
            "limit": None,
            "blocked_on": None,
            "setup_error": {"code": _code(error), "message": error.message},
            "argv": words,
            "cwd": _cwd(),
            "started_at": timestamp(now),
            "ended_at": timestamp(now),
            "duration_s": 0.0,
            "stdout": None,
            "stderr": None,
            "usage": None,
            "monitor": None,
            "limits": {},
            "sandbox": {"level": "none", "missing": []},
            "audit": None,
            "audit_log": None,
            "hints": [error.hint] if error.hint else [],
        },
        mode,
    )


def _code(error: LlmxError) -> str:
    if isinstance(error, ExecError):
        return error.code
    return {UsageError: "usage", ConfigError: "config", PolicyError: "denied"}.get(type(error), "internal")


def _cwd() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
