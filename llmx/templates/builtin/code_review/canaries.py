"""Plant known defects in a copy of the sources: whoever does not report them has not looked, or was told not to."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmx.templates.builtin.code_review.defects import BY_SUFFIX, PYTHON, Defect
from llmx.templates.builtin.code_review.sources import Source

_VERBS = ("load", "store", "fetch", "apply", "render", "collect", "refresh", "publish", "rotate", "prepare")
_THINGS = ("reports", "invoices", "profiles", "backups", "tickets", "archives", "orders", "badges", "quotas", "lists")


@dataclass(frozen=True)
class Canary:
    """One planted defect: where it stands in the copy, and the name that only it has."""

    file: str
    first: int
    last: int
    name: str
    kind: str
    aspect: str

    def holds(self, file: str, first: int, last: int) -> bool:
        """Whether any of those lines is planted."""
        return file == self.file and first <= self.last and last >= self.first


def plant(
    sources: Sequence[Source], number: int, aspects: Sequence[str], seed: int | None
) -> tuple[list[Source], list[Canary]]:
    """The copy with that many defects at the ends of its files, and where they are; the same for the same sources.

    Where no file is of a language that is known here, they stand in a file of their own.
    """
    draw = random.Random(_digest(sources, seed))  # to be the same again, not to be secret
    copies = {source.path: source for source in sources}
    planted: list[Canary] = []
    names = [f"{verb}_{thing}" for verb in _VERBS for thing in _THINGS]
    draw.shuffle(names)
    places = [(source.path, defect) for source in sources for defect in _fitting(source.path, aspects)]
    draw.shuffle(places)
    places = places or [(_own_file(copies, names[-1]), defect) for defect in PYTHON if defect.aspect in aspects]
    for at in range(number):
        path, defect = places[at % len(places)]
        name = f"{names[at % len(names)]}{at // len(names) or ''}"
        copies[path], canary = _with(copies.get(path, Source(path, "")), defect, name)
        planted.append(canary)
    return list(copies.values()), planted


def again(sources: Sequence[Source], told: Sequence[dict[str, Any]]) -> tuple[dict[str, Source], list[Canary]]:
    """The copy that was asked about, from the sources and what ``plant`` told of its canaries."""
    copies = {source.path: source for source in sources}
    for each in told:
        copies[each["file"]] = _extended(copies.get(each["file"], Source(each["file"], "")), each["code"])[0]
    return copies, [Canary(**{name: each[name] for name in Canary.__dataclass_fields__}) for each in told]


def _fitting(path: str, aspects: Sequence[str]) -> list[Defect]:
    found = BY_SUFFIX.get(path.rpartition(".")[2].lower(), ())
    return [defect for defect in found if defect.aspect in aspects]


def _own_file(copies: dict[str, Source], name: str) -> str:
    folder = next(iter(copies), "").rpartition("/")[0]
    return f"{folder}/{name}.py" if folder else f"{name}.py"


def code_of(canary: Canary) -> str:
    """What was planted."""
    known = [*PYTHON, *BY_SUFFIX.get(canary.file.rpartition(".")[2].lower(), ())]
    defect = next(each for each in reversed(known) if (each.kind, each.aspect) == (canary.kind, canary.aspect))
    return defect.code.replace("NAME", canary.name)


def _with(source: Source, defect: Defect, name: str) -> tuple[Source, Canary]:
    copy, first = _extended(source, defect.code.replace("NAME", name))
    return copy, Canary(source.path, first, len(copy.lines), name, defect.kind, defect.aspect)


def _extended(source: Source, code: str) -> tuple[Source, int]:
    """The source with more at its end, all of which is asked about, and the line where that begins."""
    before = source.text.rstrip("\n")
    text = f"{before}\n\n\n{code}\n" if before else f"{code}\n"
    copy = replace(source, text=text)
    first = len(copy.lines) - code.count("\n")
    if source.asked is not None:
        copy = replace(copy, asked=source.asked | frozenset(range(first, len(copy.lines) + 1)))
    return copy, first


def _digest(sources: Sequence[Source], seed: int | None) -> str:
    total = hashlib.sha256(f"{seed}".encode())
    for source in sources:
        total.update(f"{source.path}\0{source.text}\0".encode(errors="replace"))
    return total.hexdigest()
