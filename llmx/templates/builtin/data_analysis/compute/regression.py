"""Ordinary least squares: what a column of numbers is expected to be, given others."""

from collections.abc import Mapping
from typing import Any

import numpy
from scipy.special import fdtrc, stdtr, stdtrit

from llmx.templates.builtin.data_analysis.compute import JSON, DataError
from llmx.templates.builtin.data_analysis.compute.descriptive import is_constant
from llmx.templates.builtin.data_analysis.compute.table import Table

CONFIDENCE = 0.95
FEWEST = 3
RANK = 1e-10
"""A column that lies this near to the others, in units of its own length, says nothing of its own."""


def regression(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """Coefficients with standard errors, t, p and intervals; R², F and the residual error."""
    numeric = table.of_kind("number")
    if not numeric:
        raise DataError("a regression needs columns of numbers, and there are none")
    target = table.require(parameters["target"]) if parameters["target"] else numeric[-1]
    if target not in numeric:
        raise DataError(f"column {target} holds no numbers", is_usage=True)
    if not parameters["target"]:
        table.notes.append(f"{target}, the last column of numbers, is what is explained (target)")
    features = [name for name in table.chosen(parameters, "number", "boolean") if name != target]
    if not features:
        raise DataError("a regression needs another column of numbers to explain the target by")
    columns = numpy.column_stack([table.numbers(name) for name in (target, *features)])
    complete = columns[~numpy.isnan(columns).any(axis=1)]
    if complete.shape[0] < len(columns):
        table.notes.append(f"{len(columns) - complete.shape[0]} rows with missing values are left out")
    if len(complete) < FEWEST:
        raise DataError(f"a regression needs at least {FEWEST} complete rows, and there are {len(complete)}")
    y, x = complete[:, 0], complete[:, 1:]
    kept = _independent(x, features, table.notes)
    if len(y) < len(kept) + 2:
        raise DataError(f"{len(kept)} columns need at least {len(kept) + 2} complete rows, and there are {len(y)}")
    if is_constant(y):
        raise DataError(f"column {target} is constant: there is nothing to explain")
    if not kept:
        raise DataError("every column is constant: there is nothing to explain by")
    return {"target": target, **fitted(y, x[:, kept], [features[at] for at in kept])}


def _independent(x: Any, features: list[str], notes: list[str]) -> list[int]:  # noqa: ANN401  # an array
    """The columns that are neither constant nor a combination of those before them."""
    kept: list[int] = []
    basis: list[Any] = []
    for at, name in enumerate(features):
        column = x[:, at]
        if not len(column) or is_constant(column):
            notes.append(f"column {name} is constant and left out")
            continue
        centered = column - column.mean()
        rest = centered / numpy.linalg.norm(centered)
        for _ in range(2):  # once more, for what rounding has left
            for direction in basis:
                rest = rest - (direction @ rest) * direction
        length = numpy.linalg.norm(rest)
        if length < RANK:
            notes.append(f"column {name} follows from those before it and is left out")
            continue
        basis.append(rest / length)
        kept.append(at)
    return kept


def fitted(y: Any, x: Any, names: list[str]) -> JSON:  # noqa: ANN401  # arrays
    """The fit on centered and scaled columns, told in their own units."""
    n, k = x.shape
    dof = n - k - 1
    means, scales = x.mean(axis=0), x.std(axis=0)
    z = (x - means) / scales
    centered = y - y.mean()
    q, r = numpy.linalg.qr(z)
    inverse = numpy.linalg.solve(r, numpy.eye(k))
    slopes = (inverse @ (q.T @ centered)) / scales
    residuals = centered - (x - means) @ slopes
    rss, tss = float(residuals @ residuals), float(centered @ centered)
    variance = rss / dof
    covariance = (inverse @ inverse.T) * variance / numpy.outer(scales, scales)
    errors = numpy.sqrt(numpy.diag(covariance))
    intercept = float(y.mean() - means @ slopes)
    intercept_error = float(numpy.sqrt(variance / n + means @ covariance @ means))
    f = ((tss - rss) / k) / variance if variance > 0 else numpy.inf
    rows = [("intercept", intercept, intercept_error)]
    rows += [(name, float(slope), float(error)) for name, slope, error in zip(names, slopes, errors, strict=True)]
    return {
        "n": n,
        "degrees_of_freedom": dof,
        "confidence": CONFIDENCE,
        "coefficients": {name: _coefficient(value, error, dof) for name, value, error in rows},
        "r_squared": 1.0 - rss / tss,
        "adjusted_r_squared": 1.0 - (rss / dof) / (tss / (n - 1)),
        "f_statistic": float(f),
        "f_p_value": float(fdtrc(k, dof, f)),
        "residual_std": variance**0.5,
    }


def _coefficient(value: float, error: float, dof: int) -> JSON:
    reach = float(stdtrit(dof, 0.5 + CONFIDENCE / 2)) * error
    t = value / error if error > 0 else numpy.inf
    return {
        "value": value,
        "std_error": error,
        "t": float(t),
        "p_value": float(2 * stdtr(dof, -abs(t))),
        "low": value - reach,
        "high": value + reach,
    }
