"""What reading gives: one text, the parts of it that have names, and the error where it cannot be read."""

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from llmx.errors import InconclusiveError

Kind = Literal["text", "markdown", "html", "pdf", "docx", "pptx", "xlsx"]
PartKind = Literal["lines", "section", "page", "slide", "sheet"]
Reason = Literal[
    "missing",
    "forbidden",
    "empty",
    "too_large",
    "unsupported",
    "encrypted",
    "damaged",
    "no_text",
    "timeout",
    "memory",
    "reader",
]

EXIT_CODES: dict[Reason, int] = {"missing": 4}
"""All others are 3: what was not read leaves the work inconclusive."""


class DocumentError(InconclusiveError):
    """A document could not be read; ``reason`` is for programs. ``reader``: an optional package is missing."""

    def __init__(self, message: str, reason: Reason = "damaged", *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason: Reason = reason
        self.exit_code = EXIT_CODES.get(reason, 3)


class Limits(NamedTuple):
    """What one document may take: bytes as it is, bytes of it unpacked, characters of text, cells, seconds, memory."""

    file: int = 200 << 20
    unpacked: int = 1 << 30
    text: int = 100_000_000
    cells: int = 5_000_000
    seconds: float = 120.0
    memory: int = 3 << 30


class Part(NamedTuple):
    """A page, slide, sheet, section or run of lines: ``text[start:end]`` of its document; numbers count from 1."""

    kind: PartKind
    name: str
    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Document:
    """A document as text. Its parts stand in order and cover all of the text but the line ends between them.

    ``notes`` say what a reader should know: pages without text, a guessed encoding. ``digest`` is the SHA-256 of the
    file's bytes.
    """

    path: str
    kind: Kind
    text: str
    parts: tuple[Part, ...]
    title: str = ""
    encoding: str = ""
    digest: str = ""
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(at + 1 for at, each in enumerate(self.text) if each == "\n")]

    def line_at(self, offset: int) -> int:
        """The line of the text that holds the character at ``offset``, counted from 1."""
        return bisect_right(self._line_starts, offset)

    def lines(self, start: int, end: int) -> tuple[int, int]:
        """The first and last line of ``text[start:end]``."""
        return self.line_at(start), self.line_at(max(start, end - 1))

    def part_at(self, offset: int) -> Part:
        """The part that holds the character at ``offset``."""
        return self.parts[max(0, bisect_right([part.start for part in self.parts], offset) - 1)]

    def part_text(self, part: Part) -> str:
        """What stands in it."""
        return self.text[part.start : part.end]

    def place(self, start: int, end: int) -> str:
        """Where ``text[start:end]`` stands, as a citation says it: ``lines 3-5``, ``page 2``, ``sheet Costs``.

        The lines of text, Markdown and HTML that are named are those of ``text``; in the first two they are the file's.
        """
        first, last = self.part_at(start), self.part_at(max(start, end - 1))
        if first.kind in ("lines", "section"):
            top, bottom = self.lines(start, end)
            section = f'section "{first.name}", ' if first.kind == "section" and first.name else ""
            return section + (f"line {top}" if top == bottom else f"lines {top}-{bottom}")
        named = first.name if first.kind == "sheet" else str(first.number)
        return f"{first.kind} {named}" if first == last else f"{first.kind}s {first.number}-{last.number}"
