"""``--monitor``: sample the run's process tree while it goes on."""

import os

from llmx.core.plugins import load
from llmx.core.process.sample import open_sampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.process.sample import Sample
    from llmx.core.process.supervise import Supervisor
    from llmx.exec.card_memory import CardMemory

FASTEST, SLOWEST = 0.1, 1.0  # seconds between two samples, at first and once the run is a minute old
SLOW_AFTER = 60.0
IO_EVERY = 5  # samples: I/O costs as much as all the rest
MOST_POINTS = 600
REDRAW = 0.25  # seconds
_CLEAR = "\r\x1b[K"
_COLUMNS = ("t_s", "cpu_s", "rss_bytes", "processes", "read_bytes", "write_bytes", "gpu_mem_bytes")
_HIGHEST = (2, 3, 6)  # of the columns, those whose peaks must survive thinning

Point = tuple["float | None", ...]


class Series:
    """Points over time, at most ``MOST_POINTS``: when they are too many, each two become one, peaks kept."""

    def __init__(self) -> None:
        self._points: list[Point] = []
        self._per_point = 1
        self._in_last = 1

    def add(self, point: Point) -> None:
        if self._in_last < self._per_point:
            self._points[-1] = _joined(self._points[-1], point)
            self._in_last += 1
            return
        if len(self._points) == MOST_POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [_joined(*pair) for pair in pairs]
            self._per_point *= 2
        self._points.append(point)
        self._in_last = 1

    def columns(self) -> dict[str, list[float | None]]:
        """One list a column; the last only where there are graphics cards to ask about."""
        width = len(self._points[0]) if self._points else 0
        return {name: [point[place] for point in self._points] for place, name in enumerate(_COLUMNS[:width])}


class Monitor:
    """A watch that samples at once, every 100 ms at first and every second in the end.

    ``live`` keeps one line about it on stderr.
    """

    def __init__(self, supervisor: "Supervisor", now: float, *, live: bool = False) -> None:
        self.due = now
        self._supervisor = supervisor
        self._sampler = open_sampler(supervisor)
        self._cards = _open_card_memory(supervisor)
        self._started = now
        self._interval = FASTEST
        self._samples = 0
        self._series = Series()
        self._peak_rss = 0
        self._peak_processes = 1  # the command itself, also where it is over before the first look
        self._io: tuple[int | None, int | None] = (None, None)
        self._line = LiveLine(now) if live else None

    def check(self, now: float) -> None:
        elapsed = now - self._started
        sample = self._sampler.take(io=self._samples % IO_EVERY == 0)
        if self._cards:
            self._cards.look(sample.pids, now)
        self._note(sample, elapsed)
        self._interval = min(max(FASTEST, SLOWEST * elapsed / SLOW_AFTER), SLOWEST)
        self.due = now + self._interval
        if self._line:
            self._line.draw(sample, now, self._cards.now if self._cards else None)

    def finish(self) -> None:
        """Take what is to be known now that the run is over, and clear the line."""
        self._note_io(self._sampler.take())
        self._sampler.close()
        if self._cards:
            self._cards.close()
        if self._line:
            self._line.clear()

    def fields(self) -> dict[str, object]:
        """The result's entry ``monitor``."""
        return {
            "samples": self._samples,
            "interval_s": round(self._interval, 3),
            "series": self._series.columns(),
        }

    def usage(self) -> dict[str, object]:
        """What it knows better than the figures of wait4(2)."""
        cards = {"gpu_mem_bytes": self._cards.peak} if self._cards else {}
        return {
            "peak_rss_bytes": max(self._peak_rss, self._supervisor.ending.usage.peak_rss),
            "processes": self._peak_processes,
            "read_bytes": self._io[0],
            "write_bytes": self._io[1],
            "source": "rusage+proc" if self._sampler.source == "proc" else self._sampler.source,
            **cards,
        }

    def _note(self, sample: "Sample", elapsed: float) -> None:
        self._samples += 1
        self._peak_rss = max(self._peak_rss, sample.rss_bytes)
        self._peak_processes = max(self._peak_processes, sample.processes)
        self._note_io(sample)
        point = (round(elapsed, 3), round(sample.cpu_s, 3), sample.rss_bytes, sample.processes, *self._io)
        self._series.add((*point, self._cards.now) if self._cards else point)

    def _note_io(self, sample: "Sample") -> None:
        if sample.read_bytes is not None:
            self._io = (sample.read_bytes, sample.write_bytes)


class LiveLine:
    """One line on stderr, rewritten in place at most four times a second."""

    def __init__(self, now: float) -> None:
        self._started = now
        self._drawn_at = now
        self._cpu_before = 0.0
        self._is_shown = False

    def draw(self, sample: "Sample", now: float, card_bytes: int | None = None) -> None:
        since = now - self._drawn_at
        if since < REDRAW:
            return
        percent = 100 * (sample.cpu_s - self._cpu_before) / since
        self._drawn_at, self._cpu_before = now, sample.cpu_s
        noun = "process" if sample.processes == 1 else "processes"
        parts = [
            f"{now - self._started:.0f} s",
            f"CPU {percent:.0f} %",
            f"{sample.rss_bytes / 1e6:.0f} MB",
            f"{sample.processes} {noun}",
        ]
        if card_bytes is not None:
            parts.append(f"GPU {card_bytes / 1e6:.0f} MB")
        self._is_shown = _say(_CLEAR + "llm-exec: " + "  ".join(parts))

    def clear(self) -> None:
        if self._is_shown:
            _say(_CLEAR)


def _open_card_memory(supervisor: "Supervisor") -> "CardMemory | None":
    """What asks for the memory of graphics cards; loaded only where something on the PATH might answer."""
    if not any(os.access(f"{folder}/nvidia-smi", os.X_OK) for folder in os.environ.get("PATH", "").split(":")):
        return None
    found: CardMemory | None = load("llmx.exec.card_memory:open_card_memory")(supervisor)
    return found


def _say(text: str) -> bool:
    """Write to stderr without ever failing the run."""
    try:
        os.write(2, text.encode())
    except OSError:
        return False
    return True


def _joined(one: Point, other: Point) -> Point:
    """The later of two points, with the higher of both peaks."""
    return tuple(_higher(one[place], value) if place in _HIGHEST else value for place, value in enumerate(other))


def _higher(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)
