"""Entries between brackets, separated by commas: JSON, the inline values of TOML, the flow style of YAML.

The three differ in how a value and a comment are spelled (``Spelling``), not in how an entry is put in or taken out.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from llmx.core.edits.operations import Set, Step, setting
from llmx.core.edits.values import KeyPath, Value, nested


@dataclass
class Node:
    """A value in the text, from ``start`` to before ``end``; ``opening`` is ``{``, ``[`` or empty for a scalar."""

    start: int
    end: int
    opening: str = ""
    entries: "list[Entry]" = field(default_factory=list)


class Entry(NamedTuple):
    """A member of an object (``start`` is its key's) or an item of a list (``key`` is its index)."""

    key: str | int
    start: int
    node: Node


class Spelling(Protocol):
    """How one language writes what stands between brackets."""

    comment: re.Pattern[str]

    def inline(self, value: Value) -> str:
        """``value`` on one line."""

    def spread(self, value: Value, indent: str) -> str:
        """``value`` over several lines, the later ones indented by ``indent`` or more."""

    def member(self, key: str, value: str) -> str:
        """A key and its already written value."""

    unit: str
    """One step of indentation."""

    on_one_line: bool
    """Whether an empty collection is filled on its line even where there is room for more."""

    comma: str
    """What parts two entries on one line."""


BLANK = re.compile(r"[ \t\r]*")
SPACE = re.compile(r"\s*")


def skip(text: str, at: int, comment: re.Pattern[str]) -> int:
    """Where the next token stands, after white space and comments."""
    while True:
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]
        if (found := comment.match(text, at)) is None:
            return at
        at = found.end()


def rest_of_line(text: str, at: int, comment: re.Pattern[str]) -> int:
    """Where what follows on the line stands: after blanks and comments, or at the line's end."""
    while True:
        blank = BLANK.match(text, at).end()  # type: ignore[union-attr]
        found = comment.match(text, blank)
        if found is None or "\n" in found.group():
            return blank if text[blank : blank + 1] in ("\n", "") else at
        at = found.end()


def indent_of(text: str, at: int) -> str | None:
    """The white space before ``at``, if nothing else stands before it on its line."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line if not line.strip() else None


def leading(text: str, at: int) -> str:
    """The white space that the line of ``at`` begins with."""
    begin = text.rfind("\n", 0, at) + 1
    return text[begin : BLANK.match(text, begin).end()]  # type: ignore[union-attr]


def edit(text: str, node: Node, step: Step, path: KeyPath, spelling: Spelling, *, own_line: bool) -> str:
    """``text`` after ``step``, of which ``path`` is the part that is still to go from ``node``.

    ``own_line`` says whether ``node`` is what a line begins with, key aside: then it may grow over several lines.
    """
    places = [place for place, entry in enumerate(node.entries) if entry.key == path[0]]
    if not places:
        step = setting(step)
        return _insert(
            text, node, path[0], nested(path[1:], step.value), step.first, spelling=spelling, own_line=own_line
        )
    entry = node.entries[places[-1]]
    own_line = indent_of(text, entry.start) is not None
    if len(path) > 1 and entry.node.opening:
        return edit(text, entry.node, step, path[1:], spelling, own_line=own_line)
    if isinstance(step, Set):
        written = _replacement(text, entry.node, nested(path[1:], step.value), spelling, own_line)
        return text[: entry.node.start] + written + text[entry.node.end :]
    for place in reversed(places):
        text = _remove(text, node, place, spelling)
        del node.entries[place]
    return text


def _replacement(text: str, old: Node, value: Value, spelling: Spelling, own_line: bool) -> str:
    """The new value, over several lines where the old one was, or where nothing speaks against it."""
    if "\n" in text[old.start : old.end] or (own_line and not old.entries):
        return spelling.spread(value, leading(text, old.start))
    return spelling.inline(value)


def _insert(
    text: str, node: Node, key: str | int, value: Value, first: bool, *, spelling: Spelling, own_line: bool
) -> str:
    if not node.entries:
        return _fill(text, node, key, value, spelling=spelling, own_line=own_line)
    indent = indent_of(text, node.entries[0].start)
    written = _written(key, value, indent, spelling)
    if first:
        return _insert_first(text, node, written, indent, spelling)
    last = node.entries[-1].node.end
    comma = skip(text, last, spelling.comment)
    closed = text[comma] == ","
    if indent is None:
        at = comma if closed else last
        return text[:at] + spelling.comma + written + text[at:]
    at = rest_of_line(text, comma + 1 if closed else last, spelling.comment)
    between = text[last:at] if closed else "," + text[last:at]
    return f"{text[:last]}{between}\n{indent}{written}{',' if closed else ''}{text[at:]}"


def _insert_first(text: str, node: Node, written: str, indent: str | None, spelling: Spelling) -> str:
    if indent is None:
        at = node.entries[0].start
        return text[:at] + written + spelling.comma + text[at:]
    at = rest_of_line(text, node.start + 1, spelling.comment)
    return f"{text[:at]}\n{indent}{written},{text[at:]}"


def _written(key: str | int, value: Value, indent: str | None, spelling: Spelling) -> str:
    shown = spelling.inline(value) if indent is None else spelling.spread(value, indent)
    return spelling.member(key, shown) if isinstance(key, str) else shown


def _fill(text: str, node: Node, key: str | int, value: Value, *, spelling: Spelling, own_line: bool) -> str:
    """The first entry of an empty collection."""
    inner = text[node.start + 1 : node.end - 1]
    if "\n" not in inner and (spelling.on_one_line or not own_line):
        kept = inner if inner.strip() else ""
        return text[: node.start + 1] + kept + _written(key, value, None, spelling) + text[node.end - 1 :]
    outer = leading(text, node.start)
    indent = outer + spelling.unit
    entry = _written(key, value, indent, spelling)
    return f"{text[: node.start + 1]}{inner.rstrip()}\n{indent}{entry}\n{outer}{text[node.end - 1 :]}"


def _remove(text: str, node: Node, place: int, spelling: Spelling) -> str:
    """``text`` without one entry, its comma, and the line it had for itself."""
    start, end = node.entries[place].start, node.entries[place].node.end
    own_line = indent_of(text, start) is not None
    dangling = None
    if text[comma := skip(text, end, spelling.comment)] == ",":
        end = comma + 1
    elif place:
        before = node.entries[place - 1].node.end
        dangling = skip(text, before, spelling.comment)
        if not (text[before:dangling] + text[dangling + 1 : start]).strip():
            start, dangling = before, None
    start, end = _widened(text, start, end, own_line=own_line, spelling=spelling)
    cut = text[:start] + text[end:]
    if dangling is not None:
        cut = cut[:dangling] + cut[dangling + 1 :]
    closing = SPACE.match(cut, node.start + 1).end()  # type: ignore[union-attr]
    if len(node.entries) == 1 and cut[closing] in "}]":
        return cut[: node.start + 1] + cut[closing:]
    return cut


def _widened(text: str, start: int, end: int, *, own_line: bool, spelling: Spelling) -> tuple[int, int]:
    """The cut with the white space, and the comment on the entry's own line, that would be left dangling."""
    closed = text[end - 1] == ","
    after = rest_of_line(text, end, spelling.comment)
    if own_line and text[after : after + 1] == "\n":
        blank = indent_of(text, start)
        return (start if blank is None else start - len(blank) - 1), after
    blanks = BLANK.match(text, end).end()  # type: ignore[union-attr]
    if text[blanks : blanks + 1] == "\n" or (closed and text[blanks] in "}]"):
        return len(text[:start].rstrip(" \t")), end
    return start, (blanks if closed else end)
