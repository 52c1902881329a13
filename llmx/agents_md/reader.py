"""What is known of one agent's way to load rules: measured with the real program, or read in its documentation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from llmx import paths
from llmx.agents_md import repository
from llmx.core.edits import read
from llmx.core.edits.values import Value
from llmx.errors import LlmxError


class Place(NamedTuple):
    """Where an agent is started, and its environment; ``version`` is empty where it is not known."""

    folder: Path
    env: Mapping[str, str]
    version: str = ""

    @property
    def home(self) -> Path:
        return Path(paths.home(self.env))

    def config(self, name: str) -> Path:
        """The XDG folder of a program."""
        base = self.env.get("XDG_CONFIG_HOME", "")
        return Path(base if base.startswith("/") else self.home / ".config") / name

    def within(self) -> list[Path]:
        """The folders from the root of the repository down to where it is started."""
        root = repository(self.folder)
        return [folder for folder in self.everything() if folder.is_relative_to(root)]

    def everything(self) -> list[Path]:
        """The folders from the root of the file system down."""
        inner = self.folder.resolve()
        return [*reversed(inner.parents), inner]


class Loaded(NamedTuple):
    """The files in the order in which the agent is given them, and what the user should know."""

    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


Known = Literal["measured", "documented"]


class Reader(Protocol):
    """Says what is loaded in a place."""

    def __call__(self, place: Place) -> Loaded: ...


def there(*files: Path) -> list[Path]:
    """Those that are there."""
    return [file for file in files if file.is_file()]


def first(folder: Path, *names: str) -> list[Path]:
    """The first of these in a folder, or none."""
    return there(*(folder / name for name in names))[:1]


def value_in(file: Path, format: str | None = None) -> Value:
    """What is in a settings file of an agent; nothing where it is broken, as its own program will say."""
    try:
        return read(file, format)
    except LlmxError:
        return {}
