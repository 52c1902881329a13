"""What a unified diff adds, and which files it is about."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from llmx.errors import UsageError

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_BINARY = re.compile(r"Binary files .+ and (.+) differ")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_LETTERS = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}

Lines = dict[int, str]
"""Number -> line, without its end."""


@dataclass
class Change:
    """What a diff says of one file as it becomes.

    ``added`` are the lines that are new or changed, None where the diff tells none of them. ``kept`` are those that it
    shows around them, and ``gaps`` the numbers of lines before which others were taken out.
    """

    added: Lines | None = field(default_factory=dict)
    kept: Lines = field(default_factory=dict)
    gaps: set[int] = field(default_factory=set)


class Diff(NamedTuple):
    """What a diff says. ``before`` has the old names of files that were renamed or copied."""

    files: dict[str, Change]
    before: Mapping[str, str]
    deleted: frozenset[str]

    @property
    def lines(self) -> dict[str, Lines | None]:
        """File -> the lines that are added to it."""
        return {name: change.added for name, change in self.files.items()}


def read_diff(text: str) -> Diff:
    """What the diff says of each file, also of one that only loses lines, its name or its mode.

    No lines are told of what the diff calls binary: that is for ``.gitattributes`` to say, and no fact about the file;
    nor of what it compares with several others at once. Raises ``UsageError`` for a hunk that is not whole.
    """
    return _Reading(text).diff()


class _Reading:
    """A walk over the lines. What stands for a file once is never taken back by a later line."""

    def __init__(self, text: str) -> None:
        self._lines = iter(text.removesuffix("\n").split("\n"))
        self._found: dict[str, Change] = {}
        self._before: dict[str, str] = {}
        self._deleted: set[str] = set()
        self._path = self._from = ""

    def diff(self) -> Diff:
        for line in self._lines:
            if hunk := _HUNK.match(line):
                self._add(_hunk(self._lines, int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1)))
            else:
                self._head(line)
        return Diff(self._found, self._before, frozenset(self._deleted))

    def _head(self, line: str) -> None:
        if line.startswith("diff --git "):
            self._open(_named_twice(line.removeprefix("diff --git ")))
        elif line.startswith("+++ "):
            self._open(_path(line[4:]))
        elif line.startswith("deleted file mode ") and self._path:
            self._deleted.add(self._path)
        elif line.startswith(("rename from ", "copy from ")):
            self._from = _unquoted(line.partition(" from ")[2])
        elif line.startswith(("rename to ", "copy to ")):
            self._open(_unquoted(line.partition(" to ")[2]))
            self._before[self._path] = self._from
        elif binary := _BINARY.fullmatch(line):
            self._open(_path(binary[1]))
            self._add(Change(None))
        elif line == "GIT binary patch" or line.startswith("@@@ "):
            self._add(Change(None))

    def _open(self, path: str) -> None:
        self._path = path
        self._add(Change())

    def _add(self, change: Change) -> None:
        if not self._path:
            return
        known = self._found.setdefault(self._path, Change())
        known.added = None if known.added is None or change.added is None else known.added | change.added
        known.kept |= change.kept
        known.gaps |= change.gaps


def _hunk(lines: Iterator[str], old: int, first: int, new: int) -> Change:
    """What a hunk says. It is read by its counts: what it adds may look like the head of another file."""
    found, at, gap = Change(), first + (new == 0), 0
    while old > 0 or new > 0:
        line = next(lines, None)
        mark = " " if line == "" else (line or "?")[0]
        if mark == "\\":
            continue
        if mark not in "+- ":
            raise UsageError("the diff is damaged: a hunk ends before its last line")
        text = (line or "")[1:].removesuffix("\r")
        if mark == "-":
            gap = at
        elif mark == "+" and found.added is not None:
            found.added[at], gap = text, 0
        else:
            found.kept[at] = text
            found.gaps |= {gap} - {0}
            gap = 0
        at, new, old = at + (mark != "-"), new - (mark != "-"), old - (mark != "+")
    found.gaps |= {gap} - {0}
    return found


def _path(text: str) -> str:
    """The file that ``b/path`` names; empty for one that is gone."""
    name = _unquoted(text.removesuffix("\t"))
    return "" if name == "/dev/null" else name.removeprefix("b/")


def _named_twice(text: str) -> str:
    """The file that ``a/path b/path`` names; empty where the two are not the same, which other lines then tell."""
    half = len(text) // 2
    one, two = _unquoted(text[:half]), _unquoted(text[half + 1 :])
    is_one = one.removeprefix("a/") == two.removeprefix("b/") and text[half : half + 1] == " "
    return two.removeprefix("b/") if is_one else ""


def _unquoted(text: str) -> str:
    """A name as git writes it: in quotes, with bytes in octal, where it has anything that is odd."""
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        return text
    raw = text[1:-1].encode(errors="surrogateescape")
    return _ESCAPE.sub(lambda found: _byte(found[1]), raw).decode(errors="surrogateescape")


def _byte(escape: bytes) -> bytes:
    return bytes([int(escape, 8) & 255]) if len(escape) == 3 else _LETTERS.get(escape, escape)
