"""Which chunks fit best: BM25, with a weight for each word that is above zero also where most chunks hold it.

FTS5 gives a word that more than half of the chunks hold no weight at all, which in a small collection is most words
that tell anything. Its own ``bm25`` is used for the rest: the part of each word is taken out of it and weighed again.
"""

import math
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

HEADING_WEIGHT = 3.0
"""How much more a word counts that stands in the title or the heading above."""

_LEAST = 1e-6
"""What FTS5 makes of a weight that is not above zero."""


class Ranked(NamedTuple):
    """A chunk, by the key of its row, and how well it fits."""

    key: int
    score: float


def ranked(connection: sqlite3.Connection, index: str, terms: Sequence[str], limit: int) -> list[Ranked]:
    """The chunks in the index that fit the terms best, best first."""
    total = int(connection.execute(f"SELECT count(*) FROM {index}_docsize").fetchone()[0])
    weighed: list[float | str] = []
    for term in terms:
        count = f"SELECT count(*) FROM {index} WHERE {index} MATCH ?"
        held = int(connection.execute(count, (term,)).fetchone()[0])
        if held:
            weighed += [_factor(total, held), term]
    one = f"SELECT rowid AS key, -bm25({index}, {HEADING_WEIGHT}, 1.0) * ? AS part FROM {index} WHERE {index} MATCH ?"
    nothing = "SELECT 0 AS key, 0.0 AS part WHERE false"  # one part alone is merged into the sum, where bm25 is unknown
    every = " UNION ALL ".join([*[one] * (len(weighed) // 2), nothing])
    best = f"SELECT key, sum(part) AS score FROM ({every}) GROUP BY key ORDER BY score DESC, key LIMIT ?"
    return [Ranked(*row) for row in connection.execute(best, (*weighed, limit))]


def _factor(total: int, held: int) -> float:
    """What turns FTS5's weight of a word that so many of all chunks hold into one that is never zero."""
    odds = (total - held + 0.5) / (held + 0.5)
    return math.log1p(odds) / max(math.log(odds), _LEAST)
