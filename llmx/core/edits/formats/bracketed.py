"""Entries between brackets, separated by commas: JSON, the inline values of TOML, the flow style of YAML.

The three differ in how a value and a comment are spelled (``Spelling``), not in how an entry is put in or taken out.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from llmx.core.edits.operations import Set, Step
from llmx.core.edits.values import Path, nested


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

    def inline(self, value: Any) -> str:
        """``value`` on one line."""

    def spread(self, value: Any, indent: str) -> str:
        """``value`` over several lines, the later ones indented by ``indent`` or more."""

    def member(self, key: str, value: str) -> str:
        """A key and its already written value."""

    unit: str
    """One step of indentation."""


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


def edit(text: str, node: Node, step: Step, path: Path, spelling: Spelling) -> str:
    """``text`` after ``step``, of which ``path`` is the part that is still to go from ``node``."""
    places = [place for place, entry in enumerate(node.entries) if entry.key == path[0]]
    if not isinstance(step, Set):
        return _unset(text, node, step, path, places, spelling)
    if not places:
        return _insert(text, node, path[0], nested(path[1:], step.value), step.first, spelling)
    entry = node.entries[places[-1]]
    if len(path) > 1 and entry.node.opening:
        return edit(text, entry.node, step, path[1:], spelling)
    written = _replacement(text, entry.node, nested(path[1:], step.value), spelling)
    return text[: entry.node.start] + written + text[entry.node.end :]


def _unset(text: str, node: Node, step: Step, path: Path, places: list[int], spelling: Spelling) -> str:
    if len(path) > 1:
        return edit(text, node.entries[places[-1]].node, step, path[1:], spelling)
    for place in reversed(places):
        text = _remove(text, node, place, spelling)
        del node.entries[place]
    return text


def _replacement(text: str, old: Node, value: Any, spelling: Spelling) -> str:
    """The new value, over several lines where the old one, or its surroundings, are."""
    written = text[old.start : old.end]
    if "\n" in written or (not old.entries and indent_of(text, _member_start(text, old)) is not None):
        return spelling.spread(value, leading(text, old.start))
    return spelling.inline(value)


def _member_start(text: str, node: Node) -> int:
    """Where the line of ``node`` stops being blank."""
    begin = text.rfind("\n", 0, node.start) + 1
    return BLANK.match(text, begin).end() if begin else node.start  # type: ignore[union-attr]


def _insert(text: str, node: Node, key: str | int, value: Any, first: bool, spelling: Spelling) -> str:
    if not node.entries:
        return _fill(text, node, key, value, spelling)
    indent = indent_of(text, node.entries[0].start)
    written = _written(key, value, indent, spelling)
    if first:
        at = node.start + 1
        if indent is None:
            return text[: node.entries[0].start] + written + ", " + text[node.entries[0].start :]
        at = rest_of_line(text, at, spelling.comment)
        return f"{text[:at]}\n{indent}{written},{text[at:]}"
    last = node.entries[-1].node.end
    comma = skip(text, last, spelling.comment)
    closed = text[comma] == ","
    if indent is None:
        added = f", {written}"
        at = comma if closed else last
        return text[:at] + added + text[at:]
    at = rest_of_line(text, comma + 1 if closed else last, spelling.comment)
    between = text[last:at] if closed else "," + text[last:at]
    return f"{text[:last]}{between}\n{indent}{written}{',' if closed else ''}{text[at:]}"


def _written(key: str | int, value: Any, indent: str | None, spelling: Spelling) -> str:
    shown = spelling.inline(value) if indent is None else spelling.spread(value, indent)
    return spelling.member(key, shown) if isinstance(key, str) else shown


def _fill(text: str, node: Node, key: str | int, value: Any, spelling: Spelling) -> str:
    """The first entry of an empty collection: on lines of its own where the collection begins a line's value."""
    inner = text[node.start + 1 : node.end - 1]
    outer = leading(text, node.start)
    on_lines = "\n" in inner or spelling.unit and ("\n" in text[: node.start] or not text[: node.start].strip())
    if not on_lines:
        return text[: node.start + 1] + _written(key, value, None, spelling) + text[node.end - 1 :]
    indent = outer + spelling.unit
    kept = inner.rstrip()
    entry = _written(key, value, indent, spelling)
    return f"{text[: node.start + 1]}{kept}\n{indent}{entry}\n{outer}{text[node.end - 1 :]}"


def _remove(text: str, node: Node, place: int, spelling: Spelling) -> str:
    entry = node.entries[place]
    comma = skip(text, entry.node.end, spelling.comment)
    own_line = indent_of(text, entry.start) is not None
    start, end = entry.start, entry.node.end
    if text[comma] == ",":
        end = comma + 1
    elif place:
        before = node.entries[place - 1].node.end
        before_comma = skip(text, before, spelling.comment)
        if not text[before:start].replace(",", "", 1).strip():
            start = before
        else:
            text = text[:before_comma] + text[before_comma + 1 :]
            start, end = start - 1, end - 1
    start, end = _widened(text, start, end, own_line and start == entry.start or start < entry.start - 1, spelling)
    cut = text[:start] + text[end:]
    if len(node.entries) == 1:
        closing = SPACE.match(cut, node.start + 1).end()  # type: ignore[union-attr]
        if cut[closing] in "}]":
            return cut[: node.start + 1] + cut[closing:]
    return cut


def _widened(text: str, start: int, end: int, own_line: bool, spelling: Spelling) -> tuple[int, int]:
    """The cut with the white space, and the comment on the entry's own line, that would be left dangling."""
    after = rest_of_line(text, end, spelling.comment)
    ends_line = text[after : after + 1] == "\n"
    if own_line and ends_line:
        blank = indent_of(text, start)
        return (start if blank is None else start - len(blank) - 1), after
    blank = BLANK.match(text, end).end()  # type: ignore[union-attr]
    if text[blank : blank + 1] == "\n":
        while text[start - 1] in " \t":
            start -= 1
        return start, end
    return start, blank
