"""Cut a text where a reader would: the pieces put together are the text again, character by character."""

from collections.abc import Iterator
from typing import NamedTuple

BREAKS = ("\n\n", "\n", ". ", " ")
"""Where to cut, best first: between paragraphs, lines, sentences, words."""


class Span(NamedTuple):
    """``text[start:end]``."""

    start: int
    end: int


def spans(text: str, size: int) -> list[Span]:
    """Spans of at most ``size`` characters that cover ``text`` without a gap or an overlap, in order."""
    return list(_cut(text, size))


def _cut(text: str, size: int) -> Iterator[Span]:
    start = 0
    while len(text) - start > size:
        end = start + _best(text[start : start + size])
        yield Span(start, end)
        start = end
    if start < len(text):
        yield Span(start, len(text))


def _best(piece: str) -> int:
    """How much of ``piece`` to take: up to the best kind of break in its second half, else all of it."""
    for mark in BREAKS:
        at = piece.rfind(mark, len(piece) // 2)
        if at >= 0:
            return at + len(mark)
    return len(piece)


def is_whole(covered: list[Span], length: int) -> bool:
    """Whether the spans, in order, cover a text of that length exactly."""
    ends = [0, *(span.end for span in covered)]
    starts = [*(span.start for span in covered), length]
    return ends == starts
