"""Price rows of the ledger, some time after their calls: at the prices of that time."""

from collections.abc import Iterable, Iterator
from typing import Any

from llmx.core.events import Usage
from llmx.core.usage import Most, Target
from llmx.core.usage.prices import TABLE, cost, most_cost


def priced(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int | None, int | None, str, int]]:
    """The cost, the most it may have been where that is all that is known, the table and the id of each row."""
    for id_, at, backend, base_url, model, *counts in rows:
        target, usage = Target(backend, base_url, model), Usage(*counts[:4])
        most = None if counts[4] is None else most_cost(target, Most(counts[4], counts[5] or 0), at)
        yield cost(target, usage, at), most, TABLE, id_
