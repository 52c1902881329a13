"""Rows that are near to each other: k-means over columns in units of their own spread."""

from collections.abc import Mapping
from typing import Any

import numpy
from scipy.cluster.vq import kmeans2

from llmx.templates.builtin.data_analysis.compute import JSON, DataError
from llmx.templates.builtin.data_analysis.compute.descriptive import is_constant
from llmx.templates.builtin.data_analysis.compute.table import SEED, Table

STARTS = 10
FIRST_ROUNDS, ROUNDS = 30, 300
MOST_TO_START = 20_000
LARGEST_SILHOUETTE = 2000
"""The silhouette compares all rows with all: of more rows, an even sample counts."""


def clusters(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """Sizes and centers of the clusters, largest first, and how far apart they are (silhouette, -1 to 1)."""
    names, rows, labels = labeled(table, parameters)
    if len(rows) > LARGEST_SILHOUETTE:
        table.notes.append(f"the silhouette is that of {LARGEST_SILHOUETTE} of {len(rows)} rows")
    z = standardized(rows)
    order = sorted(
        range(parameters["clusters"]), key=lambda k: (-int((labels == k).sum()), float(rows[labels == k][0, 0]))
    )
    found = []
    for number, k in enumerate(order, 1):
        inside = rows[labels == k]
        center = {name: float(value) for name, value in zip(names, inside.mean(axis=0), strict=True)}
        found.append({"cluster": number, "size": len(inside), "share": len(inside) / len(rows), "center": center})
    return {
        "columns": names,
        "rows": len(rows),
        "k": parameters["clusters"],
        "clusters": found,
        "inertia": inertia(z, labels),
        "silhouette": silhouette(z, labels),
    }


def labeled(table: Table, parameters: Mapping[str, Any]) -> tuple[list[str], Any, Any]:
    """The columns, the complete rows, and the cluster of each."""
    names, rows = complete(table, parameters)
    return names, rows, assigned(standardized(rows), parameters["clusters"])


def complete(table: Table, parameters: Mapping[str, Any]) -> tuple[list[str], Any]:
    """The columns of numbers that differ, and the rows where all of them are there."""
    names = []
    for name in table.chosen(parameters, "number"):
        values = table.numbers(name)
        if is_constant(values[~numpy.isnan(values)]):
            table.notes.append(f"column {name} is constant and left out")
        else:
            names.append(name)
    if not names:
        raise DataError("clusters need a column of numbers that differ, and there is none")
    columns = numpy.column_stack([table.numbers(name) for name in names])
    rows = columns[~numpy.isnan(columns).any(axis=1)]
    if len(rows) < len(columns):
        table.notes.append(f"{len(columns) - len(rows)} rows with missing values are left out")
    if len(numpy.unique(rows, axis=0)) < parameters["clusters"]:
        raise DataError(f"{parameters['clusters']} clusters need as many different complete rows")
    return names, rows


def standardized(rows: Any) -> Any:  # noqa: ANN401  # arrays
    """Each column less its mean, in units of its standard deviation."""
    spread = rows.std(axis=0)
    return (rows - rows.mean(axis=0)) / numpy.where(spread > 0, spread, 1.0)


def assigned(z: Any, k: int) -> Any:  # noqa: ANN401  # arrays
    """The cluster of each row: the best of ten starts, each the same every time, gone on with until nothing moves.

    Of many rows an even sample tries the starts; all of them take part from there.
    """
    some = z[_even(len(z), MOST_TO_START)]
    best, least = None, numpy.inf
    for start in range(STARTS):
        centers, labels = kmeans2(some, k, iter=FIRST_ROUNDS, minit="++", rng=numpy.random.default_rng(SEED + start))
        if len(numpy.unique(labels)) == k and (spent := inertia(some, labels)) < least:
            best, least = centers, spent
    if best is None:
        raise DataError(f"no {k} clusters can be told apart")
    rounds = ROUNDS if len(z) <= MOST_TO_START else FIRST_ROUNDS
    _, labels = kmeans2(z, best, iter=rounds, minit="matrix")
    if len(numpy.unique(labels)) < k:
        raise DataError(f"no {k} clusters can be told apart")
    return labels


def _even(count: int, most: int) -> Any:  # noqa: ANN401  # an array
    """Which of so many rows are looked at: all, or so many from the first to the last."""
    return numpy.arange(count) if count <= most else numpy.linspace(0, count - 1, most).astype(int)


def inertia(z: Any, labels: Any) -> float:  # noqa: ANN401  # arrays
    """The squared distances of all rows to the centers of their clusters."""
    groups = [z[labels == k] for k in numpy.unique(labels)]
    return float(sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups))


def silhouette(z: Any, labels: Any) -> float:  # noqa: ANN401  # arrays
    """How much nearer each row is to its own cluster than to the next one, on average."""
    chosen = _even(len(z), LARGEST_SILHOUETTE)
    z, labels = z[chosen], labels[chosen]
    kinds = numpy.unique(labels)
    if len(kinds) < 2:
        return 0.0
    distances = _distances(z)
    sums = numpy.column_stack([distances[:, labels == k].sum(axis=1) for k in kinds])
    sizes = numpy.array([(labels == k).sum() for k in kinds])
    own = numpy.searchsorted(kinds, labels)
    at = numpy.arange(len(z))
    alone = sizes[own] == 1
    inner = sums[at, own] / numpy.maximum(sizes[own] - 1, 1)
    outer = sums / sizes
    outer[at, own] = numpy.inf
    nearest = outer.min(axis=1)
    widest = numpy.maximum(inner, nearest)
    scores = numpy.where(alone | (widest == 0), 0.0, (nearest - inner) / numpy.where(widest == 0, 1.0, widest))
    return float(scores.mean())


def _distances(z: Any) -> Any:  # noqa: ANN401  # arrays
    """Row by row: all differences at once would be a hundred times the table."""
    return numpy.stack([numpy.sqrt(((z - row) ** 2).sum(axis=1)) for row in z])
