"""What single models want differently from others that speak the same wire format, by how their names begin."""

import re
from typing import NamedTuple


class Profile(NamedTuple):
    """One family of models."""

    max_tokens_field: str = "max_tokens"
    max_temperature: float = 2.0
    refuses: tuple[str, ...] = ()
    """Parameters that are sent only where they were asked for: it takes none of them, or not all at once."""


_BOTH = ("temperature", "top_p")
_FAMILIES = (
    (re.compile(r"(.*/)?(o\d|gpt-5|codex)"), Profile(max_tokens_field="max_completion_tokens", refuses=_BOTH)),
    (
        re.compile(r"(.*/)?claude-(\d|instant|(opus|sonnet|haiku)-4([.-][0-6])?(-\d{8})?(-latest)?$)"),
        Profile(max_temperature=1.0, refuses=("top_p",)),
    ),
    (re.compile(r"(.*/)?claude"), Profile(max_temperature=1.0, refuses=_BOTH)),
    (re.compile(r"(.*/)?kimi-k"), Profile(refuses=_BOTH)),
)


def profile(model: str) -> Profile:
    """The profile of the model of that name."""
    return next((found for pattern, found in _FAMILIES if pattern.match(model)), Profile())
