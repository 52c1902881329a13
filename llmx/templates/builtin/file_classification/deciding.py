"""Which category a file belongs to, by the rules of a preset."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from llmx.templates.builtin.file_classification.kinds import PROGRAMS, Seen
from llmx.templates.builtin.file_classification.presets import Category

CONTAINERS = ("zip", "gz", "bz2", "xz", "zst", "tar", "sqlite", "ole", "mp4", "wmv", "ogg", "")
"""Kinds that many others are made of: an extension says more."""


class Decision(NamedTuple):
    """A category, "" for none, what has decided, and whether it is ``sure``: nothing else could say it better."""

    category: str
    by: str = ""
    sure: bool = False


UNDECIDED = Decision("")


def by_name(name: str, categories: Sequence[Category]) -> Decision:
    """What a name says: a pattern of it first, then its extension."""
    lower = name.lower()
    for each in categories:
        for pattern in each.names:
            if fnmatchcase(lower, pattern):
                return Decision(each.name, f"name {pattern}", sure=True)
    return _by_extension(extension(name), categories, "extension")


def extension(name: str) -> str:
    """The extension in lower case; of ``x.tar.gz`` that is ``gz``, of ``.bashrc`` none."""
    stem, dot, last = name.rpartition(".")
    return last.lower() if dot and stem.strip(".") else ""


def by_content(seen: Seen, categories: Sequence[Category], text: str = "") -> Decision:
    """What the content says: words of its text (or of the ``text`` read out of it), marks in it, then its kind."""
    marked = next((each for each in categories if any(mark in seen.data[:4096] for mark in each.markers)), None)
    if marked:
        return Decision(marked.name, "marks in it", sure=True)
    said = _by_words(seen.text or text, categories)
    return said if said.category else _by_extension(seen.kind, categories, "kind")


def by_both(name: str, seen: Seen | None, categories: Sequence[Category], text: str = "") -> Decision:
    """What name and content say together: a name that is sure, then what the bytes are, then the extension."""
    named = by_name(name, categories)
    if seen is None:
        return named._replace(sure=False)
    inside = by_content(seen, categories, text)
    if disguised(name, seen):
        return inside if inside.category else UNDECIDED
    is_telling = not seen.text and seen.kind not in CONTAINERS
    if named.sure and not (inside.sure and is_telling and named.by.startswith("extension")):
        return named
    return inside if inside.sure or not named.category else named


def disguised(name: str, seen: Seen | None) -> bool:
    """Whether a program calls itself something else."""
    own = extension(name)
    return seen is not None and seen.kind in PROGRAMS and bool(own) and own not in _OF_PROGRAMS


_OF_PROGRAMS = {*PROGRAMS, "dll", "sys", "com", "scr", "bin", "so", "o", "ko", "out", "run", "appimage", "dylib"}


def _by_extension(extension: str, categories: Sequence[Category], what: str) -> Decision:
    found = next((each for each in categories if extension in each.extensions), None)
    sure = found is not None and not found.general and not (what == "kind" and extension == "txt")
    return Decision(found.name, f"{what} {extension}", sure) if found else UNDECIDED


def _by_words(text: str, categories: Sequence[Category]) -> Decision:
    """The category of which most words occur; where two have as many, the first, and not for sure."""
    counts = {each: sum(bool(word.search(text)) for word in each.words) for each in categories if text and each.words}
    enough = [each for each, count in counts.items() if count >= each.least]
    if not enough:
        return UNDECIDED
    best = max(enough, key=lambda each: (each.outranks, counts[each]))
    ties = [each for each in enough if each.outranks == best.outranks and counts[each] == counts[best]]
    return Decision(best.name, f"{counts[best]} words in it", sure=len(ties) == 1)
