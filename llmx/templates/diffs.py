"""What a unified diff adds."""

import re
from collections.abc import Iterator

from llmx.errors import UsageError

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_BINARY = re.compile(r"Binary files .+ and (.+) differ")

Changed = dict[str, set[int] | None]
"""File -> the numbers of the lines that a diff adds or changes in it; None where it tells none of them."""


def changed_lines(diff: str) -> Changed:
    """What the diff adds to each file; an empty set for one that only loses lines.

    None is for what the diff calls binary: that is for ``.gitattributes`` to say, and no fact about the file. Raises
    ``UsageError`` for a hunk that does not hold what it says.
    """
    found: Changed = {}
    path, lines = "", iter(diff.removesuffix("\n").split("\n"))
    for line in lines:
        if line.startswith("+++ "):
            path = _path(line[4:])
            if path:
                found[path] = set()
        elif binary := _BINARY.fullmatch(line):
            if name := _path(binary[1]):
                found[name] = None
        elif hunk := _HUNK.match(line):
            added = _added(lines, int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1))
            if path:
                found[path] = (found[path] or set()) | added
    return found


def _added(lines: Iterator[str], old: int, first: int, new: int) -> set[int]:
    """The lines that a hunk adds. It is read by its counts: what it adds may look like the head of another file."""
    added, at = set(), first
    while old > 0 or new > 0:
        line = next(lines, None)
        mark = " " if line == "" else (line or "?")[0]
        if mark == "\\":
            continue
        if mark not in "+- ":
            raise UsageError("the diff is damaged: a hunk ends before its last line")
        if mark == "+":
            added.add(at)
        at, new, old = at + (mark != "-"), new - (mark != "-"), old - (mark != "+")
    return added


def _path(text: str) -> str:
    """The file that ``b/path`` names; empty for one that is gone."""
    name = text.removesuffix("\t")
    if name.startswith('"') and name.endswith('"'):
        name = name[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1").decode()
    return "" if name == "/dev/null" else name.removeprefix("b/")
