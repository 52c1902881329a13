"""Cut a text into chunks of so many words that overlap, at the end of a paragraph or a line where one is near."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from llmx.errors import UsageError
from llmx.knowledge import CHUNK_OVERLAP, CHUNK_SIZE, Chunk, Lines
from llmx.knowledge.words import WORD

_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*$")
_SENTENCE_ENDS = frozenset(".!?:;。！？")


def chunked(
    text: str, size: int = CHUNK_SIZE, overlap: int = CHUNK_OVERLAP, *, is_markdown: bool = False
) -> list[Chunk]:
    """All words of ``text`` in chunks of at most ``size`` words, each repeating the last ``overlap`` of the one before.

    Raises ``UsageError`` where the overlap leaves nothing for a chunk of its own.
    """
    if not 0 <= overlap < size:
        raise UsageError(f"chunk_overlap={overlap} must be less than chunk_size={size}, and not below 0")
    words = [found.span() for found in WORD.finditer(text)]
    breaks = [at for at, character in enumerate(text) if character == "\n"]
    headings = list(_headings(text)) if is_markdown else []
    return [
        _chunk(words[first][0], words[last - 1][1], breaks, headings)
        for first, last in _spans(text, words, size, overlap)
    ]


def _spans(text: str, words: Sequence[tuple[int, int]], size: int, overlap: int) -> Iterator[tuple[int, int]]:
    """First word and the one after the last of each chunk: each begins later than the one before, none is left out."""
    first = 0
    while first < len(words):
        last = first + size
        if last >= len(words):
            yield first, len(words)
            return
        least = max(first + overlap + 1, last - size // 4)
        last = _pause(text, words, least, last)
        yield first, last
        first = last - overlap


def _pause(text: str, words: Sequence[tuple[int, int]], least: int, most: int) -> int:
    """How many words to take, ``least`` to ``most``: up to the end of a paragraph, else of a sentence or line."""
    best, rank = most, 0
    for count in range(most, least - 1, -1):
        end = words[count - 1][1]
        gap = text[end : words[count][0]]
        is_end = text[end - 1] in _SENTENCE_ENDS
        found = 3 if gap.count("\n") > 1 else 2 if is_end and gap else 1 if "\n" in gap else 0
        if found > rank:
            best, rank = count, found
    return best


def _chunk(start: int, end: int, breaks: Sequence[int], headings: Sequence[tuple[int, str]]) -> Chunk:
    lines = Lines(bisect_right(breaks, start - 1) + 1, bisect_right(breaks, end - 1) + 1)
    above = bisect_right(headings, start, key=lambda each: each[0])
    return Chunk(start, end, lines, headings[above - 1][1] if above else "")


def _headings(text: str) -> Iterator[tuple[int, str]]:
    """Where each heading of a Markdown text stands, and its words; what stands in code is none."""
    at, is_code = 0, False
    for line in text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            is_code = not is_code
        elif not is_code and (found := _HEADING.match(line)):
            yield at, found[1]
        at += len(line) + 1


def title_of(text: str) -> str:
    """The first heading of a Markdown text; empty where it has none."""
    return next((heading for _, heading in _headings(text)), "")
