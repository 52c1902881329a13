"""What the ledger says: calls, tokens and costs, by day, model, agent, template and more."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

from llmx.core.usage import NANO

By = Literal["day", "model", "backend", "agent", "template", "session", "project", "run"]
BYS: tuple[By, ...] = get_args(By)


class Row(NamedTuple):
    """Sums of one group. ``cost`` is in US dollars, of the calls whose price is known; ``unpriced`` counts others.

    ``unknown`` counts calls that did not say how many tokens they used. Answers that were kept use nothing.
    """

    group: tuple[str, ...]
    calls: int
    failed: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    unknown: int
    cost: float | None
    unpriced: int

    def as_dict(self, by: Sequence[By]) -> dict[str, Any]:
        """For programs; an unknown cost is null."""
        values = self._asdict()
        del values["group"]
        return {**dict(zip(by, self.group, strict=True)), **values}


_SUMS = """count(*), sum(status != 'done'), sum(cached),
    coalesce(sum(prompt_tokens) FILTER (WHERE NOT cached), 0),
    coalesce(sum(completion_tokens) FILTER (WHERE NOT cached), 0),
    coalesce(sum(reasoning_tokens) FILTER (WHERE NOT cached), 0),
    sum(NOT cached AND status = 'done' AND (prompt_tokens IS NULL OR completion_tokens IS NULL)),
    sum(cost), sum(status = 'done' AND cost IS NULL)"""
_GROUPS = {"model": "backend || '/' || model"}


def report(connection: sqlite3.Connection, by: Sequence[By], since: float | None = None) -> list[Row]:
    """A row for each group, in their order; ``since`` is seconds ago. Prices are to be looked up before."""
    columns = [_GROUPS.get(each, each) for each in by]
    group = ", ".join(columns)
    grouping = f"GROUP BY {group} ORDER BY {group}" if by else ""
    query = f"SELECT {', '.join([*columns, _SUMS])} FROM calls WHERE at >= ? {grouping}"
    start = 0.0 if since is None else time.time() - since
    rows = connection.execute(query, (start,)).fetchall()
    return [_row(row, len(by)) for row in rows if row[len(by)]]


def _row(row: Sequence[Any], width: int) -> Row:
    sums = list(row[width:])
    sums[7] = None if sums[7] is None else sums[7] / NANO
    return Row(tuple(str(each) for each in row[:width]), *sums)
