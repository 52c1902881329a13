"""Draw a run's series as an SVG picture: a panel each, with title, axes and units."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from llmx.core.runs.series import Series

WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 720, 200, 70, 20, 40, 30
COLORS = ("#0969da", "#1a7f37", "#9a6700")
_STEPS = (1, 2, 2.5, 5, 10)


def draw(title: str, series: Sequence[Series]) -> str:
    """The whole picture; raises ``ValueError`` without a series."""
    if not series:
        raise ValueError("nothing to draw")
    height = TOP + len(series) * (PANEL + BOTTOM)
    panels = "".join(
        _panel(one, TOP + place * (PANEL + BOTTOM), COLORS[place % len(COLORS)]) for place, one in enumerate(series)
    )
    name = escape(_plain(title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="12">\n<title>{name}</title>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n'
        f'<text x="{LEFT}" y="20" font-size="14">{name}</text>\n{panels}</svg>\n'
    )


def _panel(series: Series, top: float, color: str) -> str:
    """One panel: grid, labels, line."""
    bottom, width = top + PANEL - 25, WIDTH - LEFT - RIGHT
    highest = max(*series.values, 1e-9) * 1.05
    first, span = series.times[0], max(series.times[-1] - series.times[0], 1e-9)
    parts = [f'<text x="{LEFT}" y="{top + 12:g}">{escape(series.title)} ({escape(series.unit)})</text>']
    drawn = bottom - top - 20
    for value in ticks(highest):
        y = bottom - drawn * value / highest
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for second in ticks(span):
        x = LEFT + width * second / span
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{first + second:g}</text>')
    parts.append(f'<text x="{LEFT + width / 2:.1f}" y="{bottom + 32:.1f}" text-anchor="middle">time (s)</text>')
    parts.append(f'<path d="M{LEFT} {top + 20:g}V{bottom:g}H{LEFT + width}" fill="none" stroke="#444"/>')
    points = " ".join(
        f"{LEFT + width * (at - first) / span:.1f},{bottom - drawn * value / highest:.1f}"
        for at, value in zip(series.times, series.values, strict=True)
    )
    parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    return "\n".join(parts) + "\n"


def ticks(highest: float, most: int = 6) -> list[float]:
    """Round numbers from 0 to ``highest``, at most ``most`` steps."""
    size = 1.0
    while size * 10 <= highest / most:
        size *= 10
    while size > highest / most:
        size /= 10
    step = next(size * factor for factor in _STEPS if size * factor * most >= highest)
    return [round(step * count, 12) for count in range(int(highest / step + 1e-9) + 1)]


def _plain(text: str) -> str:
    """``text`` without what no XML may hold."""
    return "".join([character if character.isprintable() else " " for character in text])
