"""What a repository is: its parts, and the commands that its own files declare for them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from llmx.agents_md.manifests import MANIFESTS, Folder
from llmx.agents_md.manifests.command import Command

DEEPEST = 4
"""Folders below the root that are looked at."""
MOST = 200
"""Parts that are looked at."""
SKIPPED = {
    *("node_modules", "vendor", "target", "dist", "build", "out", "venv", "__pycache__", "site-packages"),
    *("test", "tests", "testdata", "fixtures", "examples", "docs", "third_party", "Pods", "coverage"),
}


class Part(NamedTuple):
    """One folder with a manifest: ``folder`` is its path below the root, with slashes, and ``.`` for the root."""

    folder: str
    name: str
    description: str
    commands: tuple[Command, ...]


def survey(root: Path) -> list[Part]:
    """The root, and every part below it that has commands of its own."""
    found = [part(root, folder) for folder in folders(root)]
    return [part for part in found if part.folder == "." or part.commands][: MOST + 1]


def part(root: Path, folder: Path) -> Part:
    """One folder of the repository at ``root``; both are real paths."""
    looked = Folder(folder, root)
    commands: list[Command] = []
    name = description = ""
    for manifest in MANIFESTS:
        found = manifest(looked)
        commands += found.commands
        name, description = name or found.name, description or found.description
    below = folder.relative_to(root).as_posix()
    return Part(below, name or folder.name, description, tuple(dict.fromkeys(commands)))


def folders(root: Path) -> Iterator[Path]:
    """The folders that may be parts, in alphabetical order; links are not followed."""
    for place, below, _ in os.walk(root):
        depth = len(Path(place).relative_to(root).parts)
        below[:] = sorted(name for name in below if _is_looked_at(name) and depth < DEEPEST)
        yield Path(place)


def _is_looked_at(name: str) -> bool:
    return not name.startswith(".") and name not in SKIPPED and name.isprintable() and "`" not in name
