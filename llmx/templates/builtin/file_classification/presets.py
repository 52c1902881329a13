"""The categories of a preset, each with the rules that say what belongs to it: data from ``presets/*.toml``."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Category:
    """One category: names are patterns as of a shell, ``markers`` bytes that occur in a file.

    Of a text at least ``least`` of its ``words`` (keywords, and patterns that say how lines look) must occur. A
    ``general`` category has what no other one claims, so that its extensions do not decide for sure. One that
    ``outranks`` has a text with enough of its words, however many another has: a test is source, too.
    """

    name: str
    description: str
    extensions: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    words: tuple[re.Pattern[str], ...] = ()
    markers: tuple[bytes, ...] = ()
    least: int = 2
    general: bool = False
    outranks: bool = False


@cache
def categories(preset: str) -> tuple[Category, ...]:
    """The categories of a preset; where two claim the same, the first has it."""
    told = tomllib.loads((FOLDER / f"{preset}.toml").read_text(encoding="utf-8"))
    return tuple([_category(each) for each in told["categories"]])


def _category(told: dict[str, Any]) -> Category:
    words = [re.compile(rf"(?<!\w){re.escape(each)}(?!\w)", re.IGNORECASE) for each in told.pop("keywords", ())]
    words += [re.compile(each) for each in told.pop("patterns", ())]
    markers = tuple([each.encode("latin-1") for each in told.pop("markers", ())])
    extensions, names = frozenset(told.pop("extensions", ())), tuple(told.pop("names", ()))
    return Category(**told, extensions=extensions, names=names, words=tuple(words), markers=markers)
