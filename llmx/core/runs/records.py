"""The runs as the execution log and the runs' folders tell of them."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmx.core.audit_reader import entries
from llmx.core.runs.liveness import Claim, is_alive
from llmx.core.runs.output import is_stored
from llmx.core.runs.places import RESULT, START, folder_of, is_id, stored_ids, time_of

UNFINISHED = ("running", "lost")
LOST_CODE = 125
"""What a run stands for whose llm-exec was killed: nobody knows how the command ended, so it did not end well."""


@dataclass(frozen=True)
class Run:
    """One run. ``status`` is the result's, ``running``, or ``lost`` when its llm-exec was killed before the end.

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
        return _text(self.start.get("kind")) or "command"

    @property
    def argv(self) -> list[str]:
        """The command, without its secrets."""
        words = self.start.get("argv")
        return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []

    @property
    def command(self) -> str:
        """The name of the program."""
        return os.path.basename(self.argv[0]) if self.argv else ""

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
        return claim_of(self.start, self.started)

    def number(self, name: str) -> float | None:
        """A number of the end's line."""
        value = self.end.get(name)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def read(env: Mapping[str, str]) -> list[Run]:
    """Every run that is known, oldest first; raises ``LlmxError`` where the log may not be read."""
    starts: dict[str, dict[str, Any]] = {}
    ends: dict[str, dict[str, Any]] = {}
    for entry in entries(env):
        if is_id(entry["run_id"]) and entry["event"] in ("start", "end"):
            (starts if entry["event"] == "start" else ends)[entry["run_id"]] = entry
    folders = {run_id: folder_of(env, run_id) for run_id in stored_ids(env)}
    for run_id, folder in folders.items():
        if run_id not in starts and (start := load_object(f"{folder}/{START}")):
            starts[run_id] = start
    return [_run(run_id, starts[run_id], ends.get(run_id), folders.get(run_id, "")) for run_id in sorted(starts)]


def _run(run_id: str, start: dict[str, Any], end: dict[str, Any] | None, folder: str) -> Run:
    started = time_of(run_id)
    if folder and not os.path.exists(f"{folder}/{RESULT}") and is_alive(claim_of(start, started)):
        return Run(run_id, "running", started, start, {}, folder)  # it ends when its result is there
    if folder and end is None and (result := load_object(f"{folder}/{RESULT}")):
        end = _end(result)
    if end:
        return Run(run_id, _text(end.get("status")) or "error", started, start, end, folder)
    status = "running" if is_alive(claim_of(start, started)) else "lost"
    return Run(run_id, status, started, start, {}, folder)


def _end(result: dict[str, Any]) -> dict[str, Any]:
    """The end's line as the stored result tells it, for a run whose line is not in the log."""
    usage = result.get("usage") if isinstance(result.get("usage"), dict) else {}
    return {**result, **(usage or {}), "time": result.get("ended_at")}


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
        pid if isinstance(pid, int) else 0,
        user if isinstance(user, int) else -1,
        started,
        since_boot if isinstance(since_boot, (int, float)) else None,
    )


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


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def only(runs: Iterable[Run], *, status: str = "", command: str = "", since: float | None = None) -> list[Run]:
    """Those with that status, with that word in their command line, and started within the last ``since`` seconds."""
    earliest = 0.0 if since is None else time.time() - since
    return [
        run
        for run in runs
        if (not status or run.status == status)
        and (not command or any(command in word for word in run.argv))
        and run.started >= earliest
    ]
