"""The result object of a run that never was: the command line or the settings were wrong."""

import os
import time

from llmx.core.audit import new_run_id, timestamp
from llmx.core.redact import mask_argv, mask_message
from llmx.errors import ConfigError, ExecError, LlmxError, PolicyError, UsageError
from llmx.exec.result import NO_SANDBOX, SCHEMA_VERSION, render


def refusal(words: list[str], error: LlmxError, exit_code: int, mode: str) -> bytes:
    """The rendered result; ``argv`` is what was typed (without its secrets), since nothing better is known."""
    now = time.time()
    message, hint = (mask_message(text or "", os.environ, words) for text in (error.message, error.hint))
    return render(
        {
            "schema": SCHEMA_VERSION,
            "run_id": new_run_id(now),
            "status": "denied" if isinstance(error, PolicyError) else "error",
            "exit_code": exit_code,
            "signal": None,
            "limit": None,
            "blocked_on": None,
            "setup_error": {"code": _code(error), "message": message},
            "argv": mask_argv(words, os.environ),
            "cwd": _cwd(),
            "started_at": timestamp(now),
            "ended_at": timestamp(now),
            "duration_s": 0.0,
            "stdout": None,
            "stderr": None,
            "usage": None,
            "monitor": None,
            "limits": {},
            "sandbox": NO_SANDBOX | {"loosened": [], "missing": []},
            "terminal": None,
            "changed_sensitive": [],
            "sensitive_complete": True,
            "audit": None,
            "audit_log": None,
            "hints": [hint] if hint else [],
        },
        mode,
    )


def _code(error: LlmxError) -> str:
    if isinstance(error, ExecError):
        return error.code
    kinds = ((UsageError, "usage"), (ConfigError, "config"), (PolicyError, "denied"))
    return next((code for kind, code in kinds if isinstance(error, kind)), "internal")


def _cwd() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
