"""Find the lines that a model quotes: what it says about numbers is a hint, what stands in the source decides."""

from collections.abc import Sequence
from typing import NamedTuple


class Anchor(NamedTuple):
    """Lines of a source, counted from 1."""

    first: int
    last: int


def anchored(lines: Sequence[str], line: int, evidence: str) -> Anchor | None:
    """The place of the quoted text that is nearest to ``line``; None where it stands nowhere.

    Spaces do not count: models lose indentation. A quote of several lines must stand there as a whole.
    """
    quoted = [squeezed(each) for each in evidence.split("\n")]
    while quoted and not quoted[0]:
        quoted.pop(0)
    while quoted and not quoted[-1]:
        quoted.pop()
    if not quoted:
        return None
    squeezed_lines = [squeezed(each) for each in lines]
    places = [at for at in range(len(lines) - len(quoted) + 1) if _stands(squeezed_lines, at, quoted)]
    if not places:
        return None
    best = min(places, key=lambda at: (abs(at + 1 - line), at))
    return Anchor(best + 1, best + len(quoted))


def squeezed(text: str) -> str:
    """``text`` without its spaces."""
    return "".join(text.split())


def _stands(lines: Sequence[str], at: int, quoted: Sequence[str]) -> bool:
    """A single quoted line may be part of a longer one, if it is long enough to mean only that."""
    if len(quoted) == 1:
        return lines[at] == quoted[0] or (len(quoted[0]) >= 8 and quoted[0] in lines[at])
    return list(lines[at : at + len(quoted)]) == list(quoted)
