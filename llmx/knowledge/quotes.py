"""Whether a text really says what is quoted from it, and in which lines."""

import unicodedata
from functools import lru_cache

from llmx.knowledge import Lines

SHORTEST = 12
"""How many bytes a quote has at least, not counting spaces, unless it is a whole line: less stands anywhere."""

_ALIKE = str.maketrans(
    {**dict.fromkeys("‘’‚‛′`", "'"), **dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-"), "\u00ad": None}
)


class Quotable:
    """A text in which quotes are looked up. Spaces, line ends, case and typographic marks do not count; words do."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._folded = ""
        self._places: list[int] = []

    def find(self, quote: str) -> tuple[Lines, str] | None:
        """The lines that hold the quote and how it is written there; None where the text does not say it."""
        as_given = _folded(quote)[0].strip()
        bare = as_given.strip("\"' ").removeprefix("...").removesuffix("...").strip()
        return self._find(as_given) or self._find(bare)

    def _find(self, wanted: str) -> tuple[Lines, str] | None:
        if not self._folded:
            self._folded, self._places = _folded(self.text)
        is_long = len(wanted.replace(" ", "").encode()) >= SHORTEST
        at = -1
        while wanted and (at := self._folded.find(wanted, at + 1)) >= 0:
            start, end = self._places[at], self._places[at + len(wanted) - 1] + 1
            if self._stands_alone(at, at + len(wanted)) and (is_long or self._is_line(start, end)):
                first = self.text.count("\n", 0, start) + 1
                said = self.text[start:end]
                return Lines(first, first + said.count("\n")), said
        return None

    def _stands_alone(self, start: int, end: int) -> bool:
        """Whether it begins and ends where words do."""
        text = self._folded
        return not (_joins(text[start - 1 : start], text[start]) or _joins(text[end - 1], text[end : end + 1]))

    def _is_line(self, start: int, end: int) -> bool:
        before, after = self.text[:start].rpartition("\n")[2], self.text[end:].partition("\n")[0]
        return not before.strip() and not after.strip()


def _joins(left: str, right: str) -> bool:
    """Whether no word ends between the two: letters of scripts with spaces stand on both sides."""
    return left.isalnum() and right.isalnum() and left < "\u0e00" and right < "\u0e00"


def _folded(text: str) -> tuple[str, list[int]]:
    """``text`` in small letters and with single spaces, and for each of its characters where it stood."""
    characters: list[str] = []
    places: list[int] = []
    for at, character in enumerate(text):
        for each in _fold(character):
            if each != " " or (characters and characters[-1] != " "):
                characters.append(each)
                places.append(at)
    return "".join(characters), places


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    if character.isspace():
        return " "
    return unicodedata.normalize("NFKD", character.translate(_ALIKE)).casefold().translate(_ALIKE)
