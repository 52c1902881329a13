"""Find the lines that a model quotes: what it says about numbers is a hint, what stands in the source decides."""

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

LEAST = 8
"""Characters that a part of a line must have to mean only that line."""

_NUMBERED = re.compile(r"\s*(\d+)\+?\s*:\s?(.*)")
_QUOTED = re.compile(r"\s*(`+)(.*?)\1\s*", re.DOTALL)


class Anchor(NamedTuple):
    """Lines of a source, counted from 1."""

    first: int
    last: int


def anchored(lines: Sequence[str], line: int, evidence: str, preferred: Container[int] | None = None) -> Anchor | None:
    """The place of the quoted text that is nearest to ``line``; None where it stands nowhere.

    Spaces do not count: models lose indentation. A quote of several lines must stand there as a whole. Where it stands
    in several places, one among the ``preferred`` lines comes first. The numbers before the lines, and marks around the
    quote, are no part of it where it stands nowhere with them.
    """
    bare = _QUOTED.fullmatch(evidence)
    quotes = [(line, evidence.split("\n")), *([(line, bare[2].split("\n"))] if bare else [])]
    numbered = [_NUMBERED.fullmatch(each) for each in (bare[2] if bare else evidence).strip("\n").split("\n")]
    texts = [each[2] for each in numbered if each]
    if numbered[0] and len(texts) == len(numbered):
        quotes.append((int(numbered[0][1]), texts))
    squeezed_lines = [squeezed(each) for each in lines]
    found = (_nearest(squeezed_lines, at, _squeezed_quote(quote), preferred) for at, quote in quotes)
    return next((anchor for anchor in found if anchor), None)


def squeezed(text: str) -> str:
    """``text`` without its spaces."""
    return "".join(text.split())


def _squeezed_quote(quote: Sequence[str]) -> list[str]:
    """Without spaces, and without empty lines around it."""
    found = [squeezed(each) for each in quote]
    while found and not found[0]:
        found.pop(0)
    while found and not found[-1]:
        found.pop()
    return found


def _nearest(lines: Sequence[str], line: int, quoted: Sequence[str], preferred: Container[int] | None) -> Anchor | None:
    if not quoted:
        return None
    places = [at for at in range(len(lines) - len(quoted) + 1) if _stands(lines, at, quoted)]
    whole = [at for at in places if len(quoted) > 1 or lines[at] == quoted[0]]
    places = whole or places
    if preferred is not None:
        places = [at for at in places if any(at + 1 + more in preferred for more in range(len(quoted)))] or places
    if not places:
        return None
    best = min(places, key=lambda at: (abs(at + 1 - line), at))
    return Anchor(best + 1, best + len(quoted))


def _stands(lines: Sequence[str], at: int, quoted: Sequence[str]) -> bool:
    """A single quoted line may be part of a longer one, if it is long enough to mean only that."""
    if len(quoted) == 1:
        return lines[at] == quoted[0] or (len(quoted[0]) >= LEAST and quoted[0] in lines[at])
    return list(lines[at : at + len(quoted)]) == list(quoted)
