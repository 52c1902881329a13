"""What a client is to llmx: where its files are, and what an entry looks like there."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from llmx import paths
from llmx.core.edits.values import KeyPath, Value
from llmx.core.source import Server, Source

Scope = Literal["user", "project"]
Kind = Literal["mcp", "endpoint", "permission", "lsp", "prompt", "hook", "setting"]
Reader = Callable[[Path, str | None], Value]
"""Gives the value in a file of a format, without llmx's own entries where a rendering asks; empty for no file."""


class Where(NamedTuple):
    """The surroundings that decide where files are: the environment, the project's folder, and the platform."""

    env: Mapping[str, str]
    project: Path
    platform: str = sys.platform

    @property
    def home(self) -> Path:
        return Path(paths.home(self.env))

    def config(self, name: str) -> Path:
        """The XDG folder of a program that keeps to XDG everywhere."""
        base = self.env.get("XDG_CONFIG_HOME", "")
        return Path(base if base.startswith("/") else self.home / ".config") / name

    @property
    def roaming(self) -> Path:
        """Windows' folder for settings."""
        return Path(self.env.get("APPDATA") or self.home / "AppData" / "Roaming")

    def moved(self, variable: str, folder: str) -> Path:
        """A folder in the home that a variable may move."""
        return Path(os.path.expanduser(self.env.get(variable) or "") or self.home / folder)


class File(NamedTuple):
    """One file of a client, and its format."""

    path: Path
    format: str


class Entry(NamedTuple):
    """One thing that llmx puts into a file: ``value`` at ``path``, or in the list at ``path`` where it is a member.

    Entries that are ``last`` stand behind all others of their table, in the order given: there the order decides.
    """

    file: File
    path: KeyPath
    value: Value
    kind: Kind
    is_member: bool = False
    last: bool = False


class Loss(NamedTuple):
    """What a client cannot be told, and why."""

    kind: Kind
    what: str
    reason: str


class Rendering(NamedTuple):
    """What one scope of the source comes to for one client."""

    entries: tuple[Entry, ...] = ()
    losses: tuple[Loss, ...] = ()


class Client(Protocol):
    """One coding agent. ``program`` is its command, empty where it has none."""

    name: str
    title: str
    program: str

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """The files that llmx edits or reads, the main one first; none where the client has none of that scope."""

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """The entries that ``source`` means for this client."""

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """The MCP servers in its own files."""


def setting_entries(file: File, settings: Mapping[str, Any], above: KeyPath = ()) -> list[Entry]:
    """Client settings as they are: one entry for each value in the tables, one for each member of a list."""
    entries: list[Entry] = []
    for name, value in settings.items():
        path = (*above, name)
        if isinstance(value, Mapping) and value:
            entries += setting_entries(file, value, path)
        elif isinstance(value, list):
            entries += [Entry(file, path, item, "setting", is_member=True) for item in value]
        else:
            entries.append(Entry(file, path, value, "setting"))
    return entries
