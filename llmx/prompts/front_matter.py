"""The head of a Markdown file: YAML between two lines of dashes, every value with its line."""

import re
from typing import Any, NamedTuple

from llmx.core.edits import formats
from llmx.core.settings.sources import shown
from llmx.errors import ConfigError

FENCE = re.compile(r"---[ \t]*")


class Head(NamedTuple):
    """What stands in the head, the text below it, and the line on which that begins."""

    values: dict[str, Any]
    lines: list[str]
    body: str
    body_line: int

    def line_of(self, *path: str) -> int:
        """The line of a key, or of the nearest one above it that has a line of its own."""
        at, found = 0, 1
        for depth, key in enumerate(path):
            pattern = re.compile(rf"\s{{{int(depth > 0)},}}[\"']?{re.escape(key)}[\"']?\s*:")
            match = next((n for n in range(at, len(self.lines)) if pattern.match(self.lines[n])), None)
            if match is None:
                break
            at, found = match + 1, match + 2
        return found


def split(file: str, text: str) -> Head:
    """The head and the body of ``text``; raises ``ConfigError`` with the line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if not FENCE.fullmatch(lines[0]):
        raise fault(file, 1, "there is no front matter", "begin with ---, description: …, ---")
    end = next((n for n, line in enumerate(lines[1:], 1) if FENCE.fullmatch(line)), None)
    if end is None:
        raise fault(file, 1, "the front matter has no end", "close it with a line of three dashes")
    try:
        values = formats.find("yaml").read("\n".join(lines[1:end]) + "\n")
    except formats.ParseError as error:
        raise fault(file, error.line + 1, error.message) from None
    if not isinstance(values, dict):
        raise fault(file, 2, "the front matter is no table of keys")
    start = next((n for n in range(end + 1, len(lines)) if lines[n].strip()), end + 1)
    return Head(values, lines[1:end], "\n".join(lines[start:]).rstrip() + "\n", start + 1)


def fault(file: str, line: int, message: str, hint: str | None = None) -> ConfigError:
    """The error for what is wrong on a line."""
    where = f"{file}:{line}"
    return ConfigError(f"{shown(where)}: {message}", source=where, hint=hint)
