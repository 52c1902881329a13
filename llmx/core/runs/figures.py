"""How often each command was run, how often it failed, and how long it took."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from llmx.core.runs.records import Run


class Figures(NamedTuple):
    """Of one command: runs that are over, how many of those did not end well, and seconds; None without any."""

    command: str
    runs: int
    failures: int
    p50_s: float | None
    p95_s: float | None


def figures(runs: Iterable[Run]) -> list[Figures]:
    """One row a command, the most frequent first."""
    by_command: dict[str, list[Run]] = {}
    for run in runs:
        if run.is_over:
            by_command.setdefault(run.command, []).append(run)
    rows = [_row(command, those) for command, those in by_command.items()]
    return sorted(rows, key=lambda row: (-row.runs, row.command))


def _row(command: str, runs: list[Run]) -> Figures:
    took = sorted(run.duration for run in runs if run.duration is not None)
    failures = sum(run.status != "ok" for run in runs)
    return Figures(command, len(runs), failures, percentile(took, 50), percentile(took, 95))


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The smallest value that at least ``percent`` of them do not exceed; None without values."""
    if not ordered:
        return None
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]
