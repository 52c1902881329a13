"""How columns of numbers go together, pair by pair, over the rows where both are there."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy
import polars
from scipy.special import stdtr

from llmx.templates.builtin.data_analysis.compute import JSON, DataError
from llmx.templates.builtin.data_analysis.compute.descriptive import is_constant
from llmx.templates.builtin.data_analysis.compute.table import Table

MOST = 60
FEWEST = 3


def correlation(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """Pearson's and Spearman's coefficients with their p-values, strongest first; null for constant columns."""
    chosen = table.chosen(parameters, "number", "boolean")
    if len(chosen) < 2:
        raise DataError(f"a correlation needs two columns of numbers, and there are {len(chosen)}")
    if len(chosen) > MOST:
        raise DataError(f"{len(chosen)} columns are too many for one table; name at most {MOST}", is_usage=True)
    values = {name: table.numbers(name) for name in chosen}
    for name in chosen:
        if is_constant(values[name][~numpy.isnan(values[name])]):
            table.notes.append(f"column {name} is constant, so nothing goes with it")
    pairs = [_pair(one, other, values) for one, other in combinations(chosen, 2)]
    pairs.sort(key=lambda pair: -abs(pair["pearson"] or 0.0))
    return {"columns": chosen, "pairs": pairs, "matrix": _matrix(chosen, pairs)}


def _pair(one: str, other: str, values: Mapping[str, Any]) -> JSON:
    x, y = values[one], values[other]
    both = ~(numpy.isnan(x) | numpy.isnan(y))
    x, y = x[both], y[both]
    pearson, spearman = coefficient(x, y), coefficient(ranks(x), ranks(y))
    return {
        "columns": [one, other],
        "n": int(x.size),
        "pearson": pearson,
        "p_value": p_value(pearson, x.size),
        "spearman": spearman,
        "spearman_p_value": p_value(spearman, x.size),
    }


def coefficient(x: Any, y: Any) -> float | None:  # noqa: ANN401  # arrays
    """Pearson's coefficient; None where either is constant or there are fewer than three."""
    if x.size < FEWEST or is_constant(x) or is_constant(y):
        return None
    dx, dy = x - x.mean(), y - y.mean()
    dx, dy = dx / numpy.linalg.norm(dx), dy / numpy.linalg.norm(dy)
    return float(numpy.clip(dx @ dy, -1.0, 1.0))


def ranks(values: Any) -> Any:  # noqa: ANN401  # arrays
    """The place of each value in their order; equal ones share the mean of theirs."""
    return polars.Series(values, dtype=polars.Float64).rank("average").to_numpy()


def p_value(r: float | None, n: int) -> float | None:
    """Two-sided, by Student's t with n - 2 degrees of freedom."""
    if r is None or n < FEWEST:
        return None
    if abs(r) >= 1.0:
        return 0.0
    t = abs(r) * ((n - 2) / ((1.0 - r) * (1.0 + r))) ** 0.5
    return float(2 * stdtr(n - 2, -t))


def _matrix(names: list[str], pairs: list[JSON]) -> list[list[float | None]]:
    found = {frozenset(pair["columns"]): pair["pearson"] for pair in pairs}
    return [[1.0 if one == other else found[frozenset((one, other))] for other in names] for one in names]
