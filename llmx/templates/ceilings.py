"""The most that a phase can ask, where answers decide: its questions, with answers as long as they may be in them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

BYTES_A_TOKEN = 3
"""What a token of an answer counts for where the answer stands in a later prompt, each byte of which counts as one.

A text may have more bytes, but no more tokens: whoever reads again what it has said makes about as many of it, and a
byte that is no text by itself becomes three.
"""

COUNTS = Literal["always", "at most", "likely"]

COUNTING: ContextVar[COUNTS] = ContextVar("counting", default="always")
"""What questions that are planned now count for: the ceiling, the estimate, or both."""

TRIES: ContextVar[int] = ContextVar("tries", default=1)
"""How often a question that is planned now may be asked, for its phase is tried again."""

_ANSWER = "<an answer>"
_FOUND = re.compile(rf"{_ANSWER}\.*")


def longest(tokens: int) -> str:
    """An answer of so many tokens, as it counts in a prompt."""
    return _ANSWER + "." * max(0, tokens * BYTES_A_TOKEN - len(_ANSWER))


def shortened(text: str) -> str:
    """A planned prompt as people read it."""
    return _FOUND.sub(_ANSWER, text)


def answers_in(text: str) -> int:
    """How many tokens the answers in a planned prompt can have."""
    return sum(len(found) for found in _FOUND.findall(text)) // BYTES_A_TOKEN


@contextmanager
def at_most(times: int = 1) -> Iterator[None]:
    """What is asked inside need not be asked: it counts for the ceiling alone, so many times."""
    before = TRIES.set(TRIES.get() * times)
    try:
        with _counting("at most"):
            yield
    finally:
        TRIES.reset(before)


@contextmanager
def likely() -> Iterator[None]:
    """What is asked inside is in the ceiling by other questions: it counts for the estimate alone."""
    with _counting("likely"):
        yield


@contextmanager
def _counting(what: COUNTS) -> Iterator[None]:
    before = COUNTING.set(what)
    try:
        yield
    finally:
        COUNTING.reset(before)
