"""From a chunk that was found to the lines that say why."""

import json
import re
from collections.abc import Sequence

from llmx.knowledge import Lines, Passage, Place

MARKS = ("\x02", "\x03")
"""What the index puts around the words that were looked for; no indexed text holds them."""

_MARKED = re.compile("\x02([^\x03]*)\x03")
LONGEST_QUOTE = 8
"""How many lines a citation has at most."""


def passage(facts: Sequence[str], text: str, lines: Lines, marked: str, score: float) -> Passage:
    """A passage of the document with that id, title, source and places (JSON).

    ``marked`` is its text as the index shows it.
    """
    first, last = best_lines(_words_by_line(marked))
    quote = "\n".join(text.split("\n")[first : last + 1])
    cited = Lines(lines.first + first, lines.first + last)
    id_, title, source, places = facts
    known = tuple(Place(*each) for each in json.loads(places))
    return Passage(id_, title, source, lines, text, cited, quote, round(score, 4), known)


def _words_by_line(marked: str) -> list[set[str]]:
    """What was found in each line; a phrase that goes over the end of a line counts in the line where it begins."""
    found: list[set[str]] = [set() for _ in marked.split("\n")]
    for match in _MARKED.finditer(marked):
        found[marked.count("\n", 0, match.start())].add(" ".join(match[1].casefold().split()))
    return found


def best_lines(found: Sequence[set[str]]) -> tuple[int, int]:
    """The fewest lines that hold the most of the words: the index of the first and of the last."""
    best, rank = (0, 0), (0, 0)
    for first in range(len(found)):
        words: set[str] = set()
        for last in range(first, min(first + LONGEST_QUOTE, len(found))):
            words |= found[last]
            if found[first] and (len(words), first - last) > rank:
                best, rank = (first, last), (len(words), first - last)
    return best
