"""What a chart shows, as numbers: they stand in the result, and drawing adds nothing to them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy
import polars

from llmx.core.plugins import load
from llmx.templates.builtin.data_analysis.compute import JSON, DataError
from llmx.templates.builtin.data_analysis.compute.table import SEED, Table

BARS, POINTS, BINS, BOXES, SQUARES = 20, 2000, 50, 20, 60
HERE = "llmx.templates.builtin.data_analysis.compute"


def chart(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """The chart of the type that was asked for; raises ``DataError`` where the table has no columns for it."""
    kind = parameters["chart_type"]
    return {"type": kind, **CHARTS[kind](table, parameters)}


def bar(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """The mean of the target, else the number of rows, for each category; without any, the means of columns."""
    categories = table.chosen(parameters, "text", "boolean")
    if not categories:
        names = _numbers(table, parameters, 1)[:BARS]
        means = [float(numpy.nanmean(table.numbers(name))) for name in names]
        return {"title": "Means", "x_label": "column", "y_label": "mean", "labels": names, "values": means}
    by = polars.col(categories[0]).cast(polars.String)
    frame = table.frame.with_columns(category=by).filter(polars.col("category").is_not_null())
    counted = frame.group_by("category").len().sort(["len", "category"], descending=[True, False])
    if counted.height > BARS:
        table.notes.append(f"the chart shows the {BARS} most frequent of {counted.height} values of {categories[0]}")
    labels = counted["category"].to_list()[:BARS]
    if not parameters["target"]:
        values = [float(count) for count in counted["len"].to_list()[:BARS]]
        title = f"Rows by {categories[0]}"
        return {"title": title, "x_label": categories[0], "y_label": "rows", "labels": labels, "values": values}
    target = _number(table, parameters["target"])
    by_category = dict(frame.group_by("category").agg(polars.col(target).cast(polars.Float64).mean()).iter_rows())
    title = f"Mean of {target} by {categories[0]}"
    values = [by_category[label] for label in labels]
    return {
        "title": title,
        "x_label": categories[0],
        "y_label": f"mean of {target}",
        "labels": labels,
        "values": values,
    }


def line(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """The target over time, or over the rows where there are no dates."""
    if parameters["time_column"] or table.of_kind("date"):
        series = f"{HERE}.timeseries"
        time = load(f"{series}:time_column")(table, parameters)
        name = _target(table, parameters)
        frame = load(f"{series}:points")(table, time, name)
        x: list[Any] = [str(each) for each in frame["at"]]
        y = [float(each) for each in frame["value"]]
        x_label = time
    else:
        name = _target(table, parameters)
        values = table.numbers(name)
        there = numpy.flatnonzero(~numpy.isnan(values))
        x, y, x_label = [int(each) + 1 for each in there], [float(each) for each in values[there]], "row"
    chosen = _even(len(x), table, "points")
    x, y = [x[at] for at in chosen], [y[at] for at in chosen]
    return {"title": f"{name} by {x_label}", "x_label": x_label, "y_label": name, "x": x, "y": y}


def scatter(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """One column against another, the target on the vertical axis; by clusters where these are computed."""
    names = _numbers(table, parameters, 2)
    y = _target(table, parameters)
    x = next(name for name in names if name != y)
    groups = None
    if parameters["analysis_type"] == "clustering":
        kept, rows, labels = load(f"{HERE}.clustering:labeled")(table, parameters)
        if x in kept and y in kept:
            groups = labels
            xs, ys = rows[:, kept.index(x)], rows[:, kept.index(y)]
    if groups is None:
        xs, ys = table.numbers(x), table.numbers(y)
        both = ~(numpy.isnan(xs) | numpy.isnan(ys))
        xs, ys = xs[both], ys[both]
    chosen = _some(len(xs), table)
    shown = {"x": [float(xs[at]) for at in chosen], "y": [float(ys[at]) for at in chosen]}
    if groups is not None:
        shown["group"] = [int(groups[at]) for at in chosen]
    return {"title": f"{y} by {x}", "x_label": x, "y_label": y, **shown}


def histogram(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """How many rows fall into each of at most fifty ranges of the target."""
    name = _target(table, parameters)
    values = table.numbers(name)
    values = values[~numpy.isnan(values)]
    if not values.size:
        raise DataError(f"column {name} holds no numbers")
    edges = numpy.histogram_bin_edges(values, bins="auto") if values.size < 100_000 else numpy.zeros(BINS + 2)
    if len(edges) > BINS + 1:
        edges = numpy.histogram_bin_edges(values, bins=BINS)
    counts, edges = numpy.histogram(values, bins=edges)
    shown = {"edges": [float(each) for each in edges], "counts": [int(each) for each in counts]}
    return {"title": f"Distribution of {name}", "x_label": name, "y_label": "rows", **shown}


def heatmap(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """Pearson's coefficients of all pairs of columns."""
    names = table.chosen(parameters, "number", "boolean")
    if len(names) > SQUARES:
        table.notes.append(f"the chart shows the first {SQUARES} of {len(names)} columns")
    told = load(f"{HERE}.correlation:correlation")(table, {**parameters, "columns": names[:SQUARES]})
    return {"title": "Correlation", "labels": told["columns"], "matrix": told["matrix"]}


def box(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """Quartiles, whiskers up to 1.5 times their distance, and what lies beyond."""
    names = [_number(table, parameters["target"])] if parameters["target"] else _numbers(table, parameters, 1)
    if len(names) > BOXES:
        table.notes.append(f"the chart shows the first {BOXES} of {len(names)} columns")
    boxes = [_box(table, name) for name in names[:BOXES]]
    return {"title": "Spread", "y_label": names[0] if len(names) == 1 else "value", "boxes": boxes}


def _box(table: Table, name: str) -> JSON:
    values = table.numbers(name)
    values = values[~numpy.isnan(values)]
    if not values.size:
        raise DataError(f"column {name} holds no numbers")
    q1, median, q3 = (float(each) for each in numpy.quantile(values, [0.25, 0.5, 0.75]))
    reach = 1.5 * (q3 - q1)
    inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
    beyond = numpy.unique(values[(values < q1 - reach) | (values > q3 + reach)])
    whiskers = {"whislo": float(min(inside.min(), q1)), "whishi": float(max(inside.max(), q3))}
    outliers = [float(each) for each in beyond[:100]] + [float(each) for each in beyond[100:][-100:]]
    return {"label": name, "q1": q1, "med": median, "q3": q3, **whiskers, "fliers": outliers}


CHARTS: dict[str, Callable[[Table, Mapping[str, Any]], JSON]] = {
    "bar": bar,
    "line": line,
    "scatter": scatter,
    "histogram": histogram,
    "heatmap": heatmap,
    "box": box,
}


def _numbers(table: Table, parameters: Mapping[str, Any], least: int) -> list[str]:
    names = [name for name in table.chosen(parameters, "number") if not numpy.isnan(table.numbers(name)).all()]
    if len(names) < least:
        kind = parameters["chart_type"]
        raise DataError(f"a {kind} chart needs {least} columns of numbers, and there are {len(names)}")
    return names


def _number(table: Table, name: str) -> str:
    if table.kind(table.require(name)) != "number":
        raise DataError(f"column {name} holds no numbers", is_usage=True)
    return name


def _target(table: Table, parameters: Mapping[str, Any]) -> str:
    return _number(table, parameters["target"]) if parameters["target"] else _numbers(table, parameters, 1)[-1]


def _even(count: int, table: Table, what: str) -> list[int]:
    """At most so many as a picture can show, from the first to the last."""
    if count <= POINTS:
        return list(range(count))
    table.notes.append(f"the chart shows {POINTS} of {count} {what}")
    return [int(at) for at in numpy.linspace(0, count - 1, POINTS)]


def _some(count: int, table: Table) -> list[int]:
    if count <= POINTS:
        return list(range(count))
    table.notes.append(f"the chart shows {POINTS} of {count} points")
    chosen = numpy.random.default_rng(SEED).choice(count, POINTS, replace=False)
    return [int(at) for at in numpy.sort(chosen)]
