"""How a pull is told: a bar on a terminal, lines for pipes, one JSON object a line for programs."""

import sys
import time
from collections.abc import Callable

from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.models.progress import Progress, Report

_EVERY_PERCENT = 5
_EVERY_SECONDS = 10.0


def reporter(kind: str, is_result_json: bool) -> tuple[Report, Callable[[], None]]:
    """Who is told of each event, and what is to be called at the end.

    Who wants the result as JSON is a program, so the events are JSON too where nothing else is said.
    """
    if kind == "auto":
        kind = "json" if is_result_json else "bar" if sys.stderr.isatty() else "plain"
    if kind == "bar":
        bar = load("llmx.cli.model_progress_bar:Bar")()
        return bar, bar.end
    if kind == "json":
        return _tell_event, _nothing
    return (Lines() if kind == "plain" else _ignore), _nothing


def _nothing() -> None:
    """There is nothing to end."""


def _ignore(event: Progress) -> None:
    """Nobody wants to know."""


def _tell_event(event: Progress) -> None:
    print(dumps(event.as_dict()), file=sys.stderr, flush=True)


class Lines:
    """A line for each state, each twentieth, and each ten seconds."""

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", -1)
        self._when = 0.0

    def __call__(self, event: Progress) -> None:
        """Tell of one event, unless one like it was just told."""
        step = (event.state, int(event.percent) // _EVERY_PERCENT)
        now = time.monotonic()
        if event.state == "Failed" or (step == self._last and now - self._when < _EVERY_SECONDS):
            return
        self._last, self._when = step, now
        size = f" {event.done / 1e6:.1f} of {event.total / 1e6:.1f} MB" if event.total else ""
        print(
            f"{event.state} {shown(event.file or event.model)} {event.percent:.0f}%{size}", file=sys.stderr, flush=True
        )
