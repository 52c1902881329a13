"""When a call that failed is made again: after a random pause within one deadline, or when the server says so."""

import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from llmx.core.backends.errors import BackendError


class Retries(NamedTuple):
    """How often, and how long between: up to ``first`` seconds, then twice as long each time, never above ``longest``.

    The pause is drawn from all of that span, so that clients that failed together do not come back together.
    """

    tries: int = 3
    first: float = 1.0
    longest: float = 30.0
    draw: Callable[[], float] = random.random

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Retries":
        """As the settings have it."""
        return cls(*(values[f"llm.retry.{name}"] for name in ("tries", "first", "longest")))

    def pause(self, error: BackendError, tried: int, remaining: float | None) -> float | None:
        """Seconds to wait after try number ``tried`` (from 1), None where the error is final."""
        if not error.is_passing or tried >= self.tries:
            return None
        pause = min(self.longest, self.first * 2 ** (tried - 1)) * self.draw()
        if error.retry_after is not None:
            pause += error.retry_after
        return None if remaining is not None and pause >= remaining else pause


def retry_after(value: str, now: Callable[[], float] = time.time) -> float | None:
    """The seconds that a ``Retry-After`` header means, given as such or as a date; None for anything else."""
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now())
    except (ValueError, OverflowError):
        return None
