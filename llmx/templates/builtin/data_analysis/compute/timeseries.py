"""How a column of numbers goes over time: trend, change, repetition."""

from collections.abc import Mapping
from typing import Any

import numpy
import polars
from polars import DataFrame

from llmx.templates.builtin.data_analysis.compute import JSON, DataError
from llmx.templates.builtin.data_analysis.compute.descriptive import is_constant, moments
from llmx.templates.builtin.data_analysis.compute.regression import fitted
from llmx.templates.builtin.data_analysis.compute.table import Table

LAGS = 12
WINDOW = 7
FEWEST = 3
DAY = 86_400_000_000  # microseconds


def timeseries(table: Table, parameters: Mapping[str, Any]) -> JSON:
    """Of each series its trend per day, its change from first to last, and how it repeats itself."""
    time = time_column(table, parameters)
    return {"time_column": time, "series": {name: _series(table, time, name) for name in followed(table, parameters)}}


def time_column(table: Table, parameters: Mapping[str, Any]) -> str:
    """The column of dates that is asked for, or the first."""
    if parameters["time_column"]:
        name = table.require(parameters["time_column"])
        if table.kind(name) != "date":
            raise DataError(f"column {name} holds no dates such as 2026-01-31", is_usage=True)
        return name
    dates = table.of_kind("date")
    if not dates:
        raise DataError("a time series needs a column of dates such as 2026-01-31, and there is none")
    return dates[0]


def followed(table: Table, parameters: Mapping[str, Any]) -> list[str]:
    """The columns of numbers that are followed."""
    if parameters["target"]:
        name = table.require(parameters["target"])
        if table.kind(name) != "number":
            raise DataError(f"column {name} holds no numbers", is_usage=True)
        return [name]
    names = table.chosen(parameters, "number")
    if not names:
        raise DataError("a time series needs a column of numbers, and there is none")
    return names


def points(table: Table, time: str, name: str) -> DataFrame:
    """``at`` and ``value`` in order of time, those of one moment as their mean."""
    frame = table.frame.select(at=polars.col(time), value=polars.col(name).cast(polars.Float64)).drop_nulls()
    return frame.group_by("at").agg(polars.col("value").mean()).sort("at")


def _series(table: Table, time: str, name: str) -> JSON:
    frame = points(table, time, name)
    if frame.height < FEWEST:
        raise DataError(f"{name}: a time series needs {FEWEST} moments, and there are {frame.height}")
    there = table.frame.select(time, name).drop_nulls().height
    if there > frame.height:
        table.notes.append(f"{name}: several rows of one moment count as their mean")
    values = frame["value"].to_numpy()
    moment = frame["at"].cast(polars.Datetime("us")).cast(polars.Int64).to_numpy() / DAY
    steps = numpy.diff(moment)
    facts: JSON = {"n": int(values.size), "start": str(frame["at"][0]), "end": str(frame["at"][-1])}
    facts |= {"step_days": float(numpy.median(steps)), "longest_gap_days": float(steps.max())}
    facts |= {each: value for each, value in moments(values).items() if each in ("mean", "std", "min", "max")}
    facts |= {"first": float(values[0]), "last": float(values[-1]), "change": float(values[-1] - values[0])}
    facts["change_percent"] = float(facts["change"] / abs(values[0]) * 100) if values[0] else None
    facts |= {"highest_at": str(frame["at"][int(values.argmax())]), "lowest_at": str(frame["at"][int(values.argmin())])}
    facts["trend"] = _trend(values, moment)
    facts["autocorrelation"] = autocorrelation(values)
    window = min(WINDOW, int(values.size))
    facts["moving_average"] = {"window": window, "last": float(values[-window:].mean())}
    return facts


def _trend(values: Any, days: Any) -> JSON | None:  # noqa: ANN401  # arrays
    if is_constant(values):
        return {"per_day": 0.0, "r_squared": None, "p_value": None}
    fit = fitted(values, (days - days[0]).reshape(-1, 1), ["day"])
    slope = fit["coefficients"]["day"]
    return {"per_day": slope["value"], "r_squared": fit["r_squared"], "p_value": slope["p_value"]}


def autocorrelation(values: Any) -> list[float | None]:  # noqa: ANN401  # an array
    """Of lags 1 to 12 steps, as far as half of the series goes; None where nothing changes."""
    centered = values - values.mean()
    whole = float(centered @ centered)
    lags = range(1, min(LAGS, values.size // 2) + 1)
    return [None if is_constant(values) else float(centered[lag:] @ centered[:-lag]) / whole for lag in lags]
