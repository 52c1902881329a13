"""Draw values over time with characters: a line of them anywhere, a picture on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from llmx.core.runs.series import Series, resample

BLOCKS = " ▁▂▃▄▅▆▇█"
COLORS = ("blue", "green", "yellow")
HEIGHT = 6
MARGIN = 16  # columns that the frame and the labels take


def sparkline(series: Series, width: int = 40) -> str:
    """One character for each stretch of time; the highest is full."""
    highest = max(*series.values, 1e-9)
    return "".join([BLOCKS[max(1, round(8 * value / highest))] for value in resample(series, width)])


def rows(series: Series, width: int, height: int = HEIGHT) -> list[str]:
    """The rows of a picture, the highest first, in eighths of a character."""
    highest = max(*series.values, 1e-9)
    eighths = [round(8 * height * value / highest) for value in resample(series, width)]
    return ["".join([BLOCKS[min(8, max(0, high - 8 * row))] for high in eighths]) for row in reversed(range(height))]


def print_charts(all_series: Sequence[Series]) -> None:
    """A framed picture each, as wide as the terminal."""
    console = Console(highlight=False, markup=False, emoji=False)
    width = max(10, min(100, console.width - MARGIN))
    for place, series in enumerate(all_series):
        highest = max(series.values)
        labels = [f"{highest:>9.1f} ", *[" " * 10] * (HEIGHT - 2), f"{0:>9} "]
        text = Text()
        for label, line in zip(labels, rows(series, width), strict=True):
            text.append(label, style="dim").append(line + "\n", style=COLORS[place % len(COLORS)])
        first, last = f"{series.times[0]:.1f} s", f"{series.times[-1]:.1f} s"
        text.append(f"{'':10}{first}{last:>{width - len(first)}}", style="dim")
        console.print(Panel(text, title=f"{series.title} ({series.unit})", title_align="left", width=width + 14))
