"""Tables for the tests, read as the template reads them."""

import io
import random
from pathlib import Path

from llmx.templates.builtin.data_analysis.compute.table import read_table

CHAPTER = Path(__file__).parents[3] / "llmx/data/guide/data-analysis.md"
SALES = CHAPTER.read_text().split("```csv\n")[1].split("```")[0]
"""The table of the guide."""

PARAMETERS = {
    "analysis_type": "descriptive",
    "chart_type": "bar",
    "columns": [],
    "target": "",
    "time_column": "",
    "clusters": 3,
    "max_rows": 1_000_000,
    "sheet": "",
}


def read(data, name="table.csv", **parameters):
    """The table in these bytes or this text."""
    raw = data.encode() if isinstance(data, str) else data
    return read_table(io.BytesIO(raw), name, {**PARAMETERS, **parameters})


def numbers(seed, rows=60, offset=0.0, scale=1.0, missing=0.0):
    """Columns a, b, c and y, which depends on a and b; as CSV, and as lists with None."""
    chance = random.Random(seed)
    columns: dict[str, list[float | None]] = {name: [] for name in "abcy"}
    for _ in range(rows):
        a, b, c = chance.gauss(0, 1), chance.gauss(0, 2), chance.expovariate(1)
        y = 3 * a - 0.5 * b + chance.gauss(0, 0.7) + 1
        for name, value in zip("abcy", (a, b, c, y), strict=True):
            kept = None if chance.random() < missing else offset + scale * value
            columns[name].append(kept)
    rows_of = zip(*columns.values(), strict=True)
    lines = [",".join("" if each is None else repr(each) for each in row) for row in rows_of]
    return "\n".join([",".join(columns), *lines, ""]), columns


SETS = [numbers(1), numbers(2, 200, offset=1000.0, scale=0.01), numbers(3, 90, missing=0.1), numbers(4, 8, scale=1e6)]
"""Plain, far from zero, with gaps, and few but large."""
