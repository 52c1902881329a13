"""What single models want differently from others that speak the same wire format, by how their names begin."""

import re
from typing import NamedTuple


class Profile(NamedTuple):
    """One family of models."""

    max_tokens_field: str = "max_tokens"
    max_temperature: float = 2.0


_FAMILIES = (
    (re.compile(r"(.*/)?(o\d|gpt-5|codex)"), Profile(max_tokens_field="max_completion_tokens")),
    (re.compile(r"(.*/)?claude"), Profile(max_temperature=1.0)),
)


def profile(model: str) -> Profile:
    """The profile of the model of that name."""
    return next((found for pattern, found in _FAMILIES if pattern.match(model)), Profile())
