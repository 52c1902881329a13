"""How far a pull is: the five states, and what is told of each."""

from collections.abc import Callable
from typing import Literal, NamedTuple

State = Literal["Starting", "Downloading", "Verifying", "Complete", "Failed"]


class Progress(NamedTuple):
    """One event; ``done`` and ``total`` are bytes of all files together, ``total`` 0 while it is not known."""

    state: State
    model: str
    file: str = ""
    done: int = 0
    total: int = 0
    text: str = ""

    @property
    def percent(self) -> float:
        """0 to 100."""
        return round(100 * self.done / self.total, 1) if self.total else 100.0 * (self.state == "Complete")

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        event = {
            "state": self.state,
            "model": self.model,
            "file": self.file,
            "percent": self.percent,
            "bytes_downloaded": self.done,
            "bytes_total": self.total,
        }
        return event | ({"text": self.text} if self.text else {})


Report = Callable[[Progress], None]
