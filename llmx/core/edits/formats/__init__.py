"""The file formats that entries can be edited in, by name; a format's parser is loaded when such a file is edited."""

from pathlib import Path
from typing import Protocol, cast

from llmx.core.edits.operations import Step
from llmx.core.edits.values import Value
from llmx.core.plugins import load
from llmx.errors import UsageError

FORMATS = {
    "json": "llmx.core.edits.formats.jsonc:STRICT",
    "jsonc": "llmx.core.edits.formats.jsonc:COMMENTED",
    "toml": "llmx.core.edits.formats.toml:TOML",
    "yaml": "llmx.core.edits.formats.yaml:YAML",
    "markdown": "llmx.core.edits.formats.markdown:MARKDOWN",
    "shell": "llmx.core.edits.formats.markdown:SHELL",
    "text": "llmx.core.edits.formats.whole:WHOLE",
}
SUFFIXES = {
    ".json": "json",
    ".jsonc": "jsonc",
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".md": "markdown",
    ".mdc": "markdown",
}


class ParseError(Exception):
    """A text that is not of its format; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    @classmethod
    def at(cls, message: str, text: str, index: int) -> "ParseError":
        """The error at character ``index`` of ``text``."""
        return cls(message, text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1)


class Format(Protocol):
    """One file format: what a text means, and the text after one step.

    Text has ``\\n`` line ends and no byte order mark. ``ordered`` says whether the order of keys means something.
    """

    ordered: bool

    def read(self, text: str) -> Value:
        """The value in ``text``, an empty mapping for an empty text; raises ``ParseError``."""

    def apply(self, text: str, step: Step) -> str:
        """``text`` after ``step``, which changes something and fits the value in ``text``."""

    def settle(self, value: Value, step: Step) -> Value:
        """``value`` less what ``step`` cannot leave behind in this format, such as a table without entries."""


def find(name: str) -> Format:
    """The format called ``name``."""
    if name not in FORMATS:
        raise UsageError(f"no file format is called {name!r}", hint=f"one of: {', '.join(FORMATS)}")
    return cast(Format, load(FORMATS[name]))


def format_of(file: Path) -> str:
    """The name of the format that ``file``'s suffix stands for."""
    if (name := SUFFIXES.get(file.suffix.lower())) is None:
        raise UsageError(f"{file}: llmx does not know how to edit this kind of file", hint="name its format")
    return name
