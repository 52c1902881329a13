"""How far a model is with loading: a bar on a terminal, lines for pipes, one JSON object a line for programs."""

import sys

from llmx.cli.notes import Voice
from llmx.core.jsonline import dumps

WIDTH = 30
STEP = 25  # percent between two lines for a pipe


class Loading:
    """Told of each stage (Downloading, Loading, Initializing) and how much of it is done, from 0 to 1."""

    def __init__(self, model: str, *, is_json: bool) -> None:
        self.model = model
        self._is_json = is_json
        self._is_bar = sys.stderr.isatty() and not is_json
        self._last: tuple[str, int] = ("", -1)

    def __call__(self, stage: str, fraction: float) -> None:
        """Show it, unless nothing that can be seen has changed."""
        percent = round(100 * fraction)
        step = (stage, percent if self._is_bar else percent // STEP)
        if Voice.is_silent or step == self._last:
            return
        self._last = step
        if self._is_json:
            print(dumps({"state": stage, "model": self.model, "percent": percent}), flush=True)
        elif self._is_bar:
            done = "━" * round(WIDTH * fraction)
            print(f"\r\x1b[K{stage:<13}{done:<{WIDTH}} {percent:3d}%", end="", file=sys.stderr, flush=True)
        else:
            print(f"{stage} {self.model} {percent}%", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the bar away."""
        if self._is_bar and self._last[0]:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
