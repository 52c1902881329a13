"""How the values of each column are spread."""

from collections.abc import Mapping
from typing import Any

import numpy

from llmx.templates.builtin.data_analysis.compute import JSON
from llmx.templates.builtin.data_analysis.compute.table import Table

TOP = 5


def profile(table: Table, _parameters: Mapping[str, Any]) -> JSON:
    """The rows, and of each column its kind and what is missing."""
    columns = []
    for name in table.frame.columns:
        missing = table.frame[name].null_count()
        facts = {"name": name, "kind": table.kind(name), "missing": missing, "missing_share": missing / table.rows}
        columns.append(facts | {"distinct": table.frame[name].drop_nulls().n_unique()})
    duplicates = table.rows - table.frame.unique().height
    return {"rows": table.rows, "rows_in_file": table.rows_in_file, "columns": columns, "duplicate_rows": duplicates}


def descriptive(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """Of numbers the moments and quartiles, of texts the most frequent, of dates the range."""
    chosen = table.chosen(parameters, "number", "text", "date", "boolean")
    return {"columns": {name: _described(table, name) for name in chosen}}


def _described(table: Table, name: str) -> JSON:
    column = table.frame[name]
    facts: JSON = {
        "kind": table.kind(name),
        "count": column.len() - column.null_count(),
        "missing": column.null_count(),
    }
    there = column.drop_nulls()
    match facts["kind"]:
        case "number":
            values = table.numbers(name)
            return facts | moments(values[~numpy.isnan(values)])
        case "date" if there.len():
            first, last = there.min(), there.max()
            return facts | {"first": str(first), "last": str(last), "distinct": there.n_unique()}
        case "boolean" if there.len():
            return facts | {"true": int(there.sum()), "true_share": int(there.sum()) / there.len()}
    counts = there.value_counts(sort=True, name="count") if there.len() else None
    top = sorted(counts.iter_rows(), key=lambda row: (-row[1], str(row[0])))[:TOP] if counts is not None else []
    return facts | {
        "distinct": there.n_unique(),
        "top": [{"value": str(value), "count": count, "share": count / there.len()} for value, count in top],
    }


def moments(values: "numpy.typing.NDArray[numpy.float64]") -> JSON:
    """Sample statistics: deviations over n - 1, quartiles between neighbors, skewness and excess kurtosis unbiased."""
    n = values.size
    if n == 0:
        return {}
    mean = float(values.mean())
    q1, median, q3 = (float(each) for each in numpy.quantile(values, [0.25, 0.5, 0.75]))
    facts: JSON = {"sum": float(values.sum()), "mean": mean, "min": float(values.min()), "q1": q1, "median": median}
    facts |= {"q3": q3, "max": float(values.max()), "distinct": int(numpy.unique(values).size)}
    deviations = values - mean
    second = float((deviations**2).mean())
    facts["std"] = float(values.std(ddof=1)) if n > 1 else None
    facts["variance"] = float(values.var(ddof=1)) if n > 1 else None
    facts["skewness"] = facts["kurtosis"] = None
    if n > 2 and not is_constant(values):
        facts["skewness"] = float((n * (n - 1)) ** 0.5 / (n - 2) * (deviations**3).mean() / second**1.5)
    if n > 3 and not is_constant(values):
        raw = float((deviations**4).mean()) / second**2 - 3
        facts["kurtosis"] = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * raw + 6)
    return facts


def is_constant(values: "numpy.typing.NDArray[numpy.float64]") -> bool:
    """Whether all are the same."""
    return bool(values.size == 0 or values.min() == values.max())
