"""Draw a chart of numbers that were computed, as PNG and as SVG; the same numbers give the same bytes."""

import datetime
import io
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "llmx",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "font.family": "DejaVu Sans",
}
COLORS = ("#3366aa", "#dd7733", "#449955", "#aa4477", "#777777", "#66bbcc", "#bbaa33", "#885533", "#9977cc", "#223355")
LONGEST = 40
"""Characters of a label; the numbers of the chart have it whole."""


def drawn(chart: Mapping[str, Any]) -> dict[str, bytes]:
    """``{"png": …, "svg": …}``."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(_short(chart["title"]))
        DRAW[chart["type"]](figure, axes, chart)
        axes.set_xlabel(_short(chart.get("x_label", "")))
        axes.set_ylabel(_short(chart.get("y_label", "")))
        png, svg = io.BytesIO(), io.BytesIO()
        FigureCanvasAgg(figure).print_figure(png, format="png", metadata={"Software": None})
        FigureCanvasSVG(figure).print_figure(svg, format="svg", metadata={"Date": None, "Creator": "llmx"})
    return {"png": png.getvalue(), "svg": svg.getvalue()}


def _bar(_figure: Figure, axes: Axes, chart: Mapping[str, Any]) -> None:
    places = range(len(chart["labels"]))
    axes.bar(places, [value or 0.0 for value in chart["values"]], color=COLORS[0])
    axes.set_xticks(places, [_short(label) for label in chart["labels"]], rotation=45, ha="right")


def _line(_figure: Figure, axes: Axes, chart: Mapping[str, Any]) -> None:
    is_time = chart["x"] and isinstance(chart["x"][0], str)
    x: Any = [datetime.datetime.fromisoformat(each) for each in chart["x"]] if is_time else chart["x"]
    axes.plot(x, chart["y"], color=COLORS[0], marker="o" if len(x) < 40 else None)
    axes.tick_params(axis="x", rotation=30 if is_time else 0)


def _scatter(_figure: Figure, axes: Axes, chart: Mapping[str, Any]) -> None:
    groups = chart.get("group") or [0] * len(chart["x"])
    for number in sorted(set(groups)):
        inside = [at for at, group in enumerate(groups) if group == number]
        x, y = [chart["x"][at] for at in inside], [chart["y"][at] for at in inside]
        axes.scatter(x, y, s=14, color=COLORS[number % len(COLORS)])


def _histogram(_figure: Figure, axes: Axes, chart: Mapping[str, Any]) -> None:
    axes.stairs(chart["counts"], chart["edges"], fill=True, color=COLORS[0])


def _heatmap(figure: Figure, axes: Axes, chart: Mapping[str, Any]) -> None:
    rows = [[float("nan") if value is None else value for value in row] for row in chart["matrix"]]
    image = axes.imshow(rows, vmin=-1, vmax=1, cmap="RdBu")
    places, labels = range(len(chart["labels"])), [_short(label) for label in chart["labels"]]
    axes.set_xticks(places, labels, rotation=45, ha="right")
    axes.set_yticks(places, labels)
    for y, row in enumerate(chart["matrix"]) if len(labels) <= 12 else ():
        for x, value in enumerate(row):
            if value is not None:
                axes.text(
                    x, y, f"{value:.2f}", ha="center", va="center", color="white" if abs(value) > 0.6 else "black"
                )
    figure.colorbar(image)


def _box(_figure: Figure, axes: Axes, chart: Mapping[str, Any]) -> None:
    axes.bxp([{**each, "label": _short(each["label"])} for each in chart["boxes"]])
    axes.tick_params(axis="x", rotation=45 if len(chart["boxes"]) > 4 else 0)


DRAW: dict[str, Callable[[Figure, Axes, Mapping[str, Any]], None]] = {
    "bar": _bar,
    "line": _line,
    "scatter": _scatter,
    "histogram": _histogram,
    "heatmap": _heatmap,
    "box": _box,
}


def _short(label: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in label)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
