"""One run, as its lines in the execution log and its folder tell of it."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from llmx.core.runs.liveness import Claim, is_alive
from llmx.core.runs.output import is_stored
from llmx.core.runs.places import RESULT, START, is_id, time_of

STATUSES = ("ok", "failed", "timeout", "stalled", "limit", "denied", "signal", "interrupted", "window_closed", "error")
"""How a run can end; one without an end is ``running`` or ``lost``."""

MOST = 1e15
"""No number that a run tells of itself is greater, in whatever unit."""

LOST_CODE = 125
"""What a run stands for whose llm-exec was killed: nobody knows how the command ended, so it did not end well."""


@dataclass(frozen=True)
class Run:
    """One run. ``status`` is one of ``STATUSES``, ``running``, or ``lost`` when its llm-exec was killed before the end.

    Times are seconds since the epoch, sizes bytes; None where nobody knows. ``end`` and ``start`` are the log's lines.
    """

    id: str
    status: str
    started: float
    start: Mapping[str, Any] = field(repr=False)
    end: Mapping[str, Any] = field(repr=False)
    folder: str = ""

    @property
    def kind(self) -> str:
        """What was run: ``command``."""
        return text_of(self.start.get("kind")) or "command"

    @property
    def outer(self) -> str:
        """The id of the run in whose sandbox it was started, which speaks for it; "" for none."""
        return outer_of(self.start)

    @property
    def argv(self) -> list[str]:
        """The command, without its secrets."""
        words = self.start.get("argv")
        return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []

    @property
    def limits(self) -> dict[str, float]:
        """What it was not to exceed, by the names of ``llm-exec``'s options."""
        limits = self.start.get("limits")
        known = limits.items() if isinstance(limits, dict) else ()
        return {name: value for name, value in known if _is_number(value)}

    @property
    def command(self) -> str:
        """The name of the program."""
        return os.path.basename(self.argv[0]) if self.argv else ""

    @property
    def terminal(self) -> dict[str, str | None] | None:
        """Where it was shown: the terminal's ``name``, or ``auto`` until it is over, and what that calls the window."""
        shown = self.end.get("terminal")
        if not isinstance(shown, dict):
            shown = {"name": self.start.get("terminal")}
        name, window = text_of(shown.get("name")), text_of(shown.get("window"))
        return {"name": name, "window": window or None} if name else None

    @property
    def network(self) -> dict[str, Any]:
        """What it reached by name and by port, and what was refused, as in the result; empty where there was no proxy.

        Only of a run that made a sandbox: whoever is inside one may say what he likes.
        """
        told = self.end.get("network")
        if self.outer or not isinstance(told, dict):
            return {}
        moved = {name: [entry for entry in _entries(told, name) if _is_moved(entry)] for name in ("hosts", "ports")}
        refused = [entry for entry in _entries(told, "refused") if text_of(entry.get("name"))]
        return {**moved, "refused": refused, "problem": text_of(told.get("problem")) or None}

    @property
    def is_over(self) -> bool:
        return self.status != "running"

    @property
    def exit_code(self) -> int | None:
        """What its llm-exec ended with; None while it runs."""
        if self.status == "running":
            return None
        code = self.end.get("exit_code")
        return code if isinstance(code, int) and 0 <= code < 256 else LOST_CODE

    @property
    def duration(self) -> float | None:
        """How long it took, or has taken so far; None when it was lost."""
        if self.status == "running":
            return max(0.0, time.time() - self.started)
        return self.number("duration_s")

    @property
    def claim(self) -> Claim:
        """Whose process it is."""
        return claim_of({} if self.outer else self.start, self.started)  # in there, other numbers hold

    def number(self, name: str) -> float | None:
        """A number of the end's line."""
        value = self.end.get(name)
        return value if _is_number(value) else None


def is_running(folder: str) -> bool:
    """Whether the run of that folder is alive and has not stored its result."""
    if os.path.exists(f"{folder}/{RESULT}"):
        return False
    start = load_object(f"{folder}/{START}")
    return start is not None and is_alive(claim_of(start, time_of(os.path.basename(folder))))


def claim_of(start: Mapping[str, Any], started: float) -> Claim:
    """The process that wrote the start's line."""
    pid, user, since_boot = start.get("pid"), start.get("user"), start.get("boot_s")
    return Claim(
        pid if isinstance(pid, int) and 0 < pid < 1 << 31 else 0,
        user if isinstance(user, int) else -1,
        started,
        since_boot if _is_number(since_boot) else None,
    )


def outer_of(start: Mapping[str, Any]) -> str:
    """The run through which the start's line has come; "" for none."""
    outer = text_of(start.get("outer"))
    return outer if is_id(outer) else ""


def stored_result(run: Run) -> dict[str, Any] | None:
    """The full result as the run's folder has it, less its output; None where there is none."""
    return load_object(f"{run.folder}/{RESULT}") if run.folder else None


def stores_output(run: Run) -> bool:
    """Whether its output is stored."""
    return bool(run.folder) and is_stored(run.folder)


def load_object(path: str) -> dict[str, Any] | None:
    """The JSON object in that file; None when it is not there or not whole."""
    try:
        with open(path, "rb") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _entries(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = told.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _is_moved(entry: dict[str, Any]) -> bool:
    return all(_is_number(entry.get(name)) for name in ("sent_bytes", "received_bytes"))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < MOST


def text_of(value: object) -> str:
    """The value where it is text."""
    return value if isinstance(value, str) else ""
