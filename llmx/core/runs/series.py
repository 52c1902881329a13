"""A run's CPU and memory over time, as its monitor has sampled them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Series(NamedTuple):
    """Values over time: both in the same number, times in seconds and rising."""

    title: str
    unit: str
    times: list[float]
    values: list[float]


def series_of(result: Mapping[str, Any] | None) -> list[Series]:
    """CPU in percent of a core and memory in MB; none where the run was not monitored or too short for it."""
    monitor = (result or {}).get("monitor")
    columns = monitor.get("series") if isinstance(monitor, dict) else None
    if not isinstance(columns, dict):
        return []
    times, cpu, rss = (_numbers(columns.get(name)) for name in ("t_s", "cpu_s", "rss_bytes"))
    if not (len(times) == len(cpu) == len(rss) > 1):
        return []
    return [
        Series("CPU", "%", times[1:], _rates(times, cpu)),
        Series("Memory", "MB", times, [size / 1e6 for size in rss]),
    ]


def _numbers(column: object) -> list[float]:
    if not isinstance(column, list):
        return []
    return [float(value) for value in column if isinstance(value, (int, float)) and value - value == 0]


def _rates(times: Sequence[float], cpu: Sequence[float]) -> list[float]:
    """Percent of one core between each two samples; what was counted late counts where it was seen."""
    pairs = zip(times, times[1:], cpu, cpu[1:], strict=False)
    return [100 * max(0.0, after - before) / max(end - start, 0.001) for start, end, before, after in pairs]


def resample(series: Series, width: int) -> list[float]:
    """The highest value in each of ``width`` equal stretches of time; one without a sample keeps the one before."""
    first, last = series.times[0], series.times[-1]
    step = max(last - first, 1e-9) / width
    highest: list[float | None] = [None] * width
    for at, value in zip(series.times, series.values, strict=True):
        place = min(width - 1, int((at - first) / step))
        known = highest[place]
        highest[place] = value if known is None else max(known, value)
    filled, before = [], series.values[0]
    for found in highest:
        before = before if found is None else found
        filled.append(before)
    return filled
