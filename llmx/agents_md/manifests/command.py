"""One command of a repository, and what it is for."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PURPOSES = ("Set up", "Build", "Test", "Lint", "Format", "Check types", "Run")
"""In the order in which they are shown."""

WORDS = {
    "Set up": ("setup", "bootstrap", "install", "deps"),
    "Build": ("build", "compile"),
    "Test": ("test", "tests", "unit", "e2e", "test:unit", "test:e2e", "test:integration", "check"),
    "Lint": ("lint", "lint:all", "vet", "clippy"),
    "Format": ("format", "fmt", "format:check", "fmt-check"),
    "Check types": ("typecheck", "type-check", "types", "mypy", "tsc", "check-types"),
    "Run": ("start", "dev", "serve", "run"),
}
"""What a task of that name is for, whatever runs it."""
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/-]{0,60}")


class Command(NamedTuple):
    """``line`` is what is typed, ``source`` the file that declares it."""

    purpose: str
    line: str
    source: str


class Found(NamedTuple):
    """What one manifest says."""

    commands: tuple[Command, ...] = ()
    name: str = ""
    description: str = ""


def tasks(names: Iterable[str], run: str, source: str, *, short: Mapping[str, str] | None = None) -> list[Command]:
    """The commands for those of ``names`` whose purpose their name says; ``run`` has ``{}`` for the name."""
    there = [name for name in dict.fromkeys(names) if SAFE.fullmatch(name)]
    return [
        Command(purpose, (short or {}).get(word, run.format(word)), source)
        for purpose, words in WORDS.items()
        for word in words
        if word in there
    ]


def plain(text: object, most: int = 200) -> str:
    """A name or description as it may stand in Markdown: one line, without what could close a comment or a span."""
    line = " ".join(str(text).split()) if isinstance(text, str) else ""
    kept = "".join(char for char in line if char.isprintable() and char not in "`<>|")
    return kept[:most].strip()
