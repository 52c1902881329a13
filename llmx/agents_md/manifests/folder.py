"""One folder that is looked at: its files, read once and never trusted to be what their name says."""

import json
import os
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

from llmx.core.edits import formats

LARGEST = 1 << 20
"""Bytes of a manifest that is read."""


class Folder:
    """A folder of the repository at ``root``."""

    def __init__(self, path: Path, root: Path) -> None:
        self.path, self.root = path, root

    @cached_property
    def names(self) -> frozenset[str]:
        """What is in it."""
        try:
            return frozenset(os.listdir(self.path))
        except OSError:
            return frozenset()

    def has(self, *names: str) -> bool:
        """Whether one of these is in it."""
        return any(name in self.names for name in names)

    def first(self, *names: str) -> str:
        """The first of these that is in it, or nothing."""
        return next((name for name in names if name in self.names), "")

    def text(self, name: str) -> str:
        """The text of one of its files; empty where it cannot be read, or leads out of the repository."""
        file = self.path / name
        try:
            inside = file.resolve().is_relative_to(self.root.resolve())
            if name not in self.names or not inside or not file.is_file() or file.stat().st_size > LARGEST:
                return ""
            return file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def json(self, name: str) -> dict[str, Any]:
        """The object in a JSON file; comments are allowed."""
        return self._read(name, formats.find("jsonc").read)

    def toml(self, name: str) -> dict[str, Any]:
        """The tables of a TOML file."""
        return self._read(name, tomllib.loads)

    def yaml(self, name: str) -> dict[str, Any]:
        """The mapping in a YAML file."""
        return self._read(name, formats.find("yaml").read)

    def above(self, *names: str) -> str:
        """The first of these in this folder or one above it within the repository, the nearest folder first."""
        for folder in (self.path, *self.path.parents):
            found = next((name for name in names if (folder / name).is_file()), "")
            if found or folder == self.root:
                return found
        return ""

    def _read(self, name: str, parse: Any) -> dict[str, Any]:  # noqa: ANN401  # a parser of text
        """A manifest that is broken says nothing: its own tool will tell."""
        try:
            found = parse(self.text(name))
        except (ValueError, formats.ParseError, RecursionError, json.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}


def table(value: object, *path: str) -> dict[str, Any]:
    """The table at ``path``, empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
