"""Where the tables and pairs of a TOML text stand."""

import re
import tomllib
from dataclasses import dataclass, field

from llmx.core.edits.formats.bracketed import Entry, Node, skip
from llmx.core.edits.values import KeyPath

COMMENT = re.compile(r"#[^\n]*")
KEY = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[A-Za-z0-9_-]+')
SCALAR = re.compile(
    r'"""(?:[^\\"]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'"
    r"|\d{4}-\d\d-\d\d [0-9][^\s,\]}#]*"
    r"|[^\s,\]}#]+",
    re.DOTALL,
)


@dataclass
class Pair:
    """``key = value``: its full path, list indexes included, and its place."""

    path: KeyPath
    start: int
    value: Node

    @property
    def end(self) -> int:
        return self.value.end


@dataclass
class Section:
    """A header and the pairs under it; the pairs before all headers are under one of no length at 0."""

    path: KeyPath
    start: int
    header_end: int
    is_entry: bool = False
    """Whether this is one ``[[entry]]`` of a list."""
    pairs: list[Pair] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The end of its last pair, or of the header."""
        return self.pairs[-1].end if self.pairs else self.header_end


def layout(text: str) -> list[Section]:
    """The sections of a text that is known to be sound."""
    sections = [Section((), 0, 0)]
    entries: dict[KeyPath, int] = {}
    at = skip(text, 0, COMMENT)
    while at < len(text):
        if text[at] == "[":
            sections.append(_section(text, at, entries))
            at = sections[-1].header_end
        else:
            pair = _pair(text, at, sections[-1].path)
            sections[-1].pairs.append(pair)
            at = pair.end
        at = skip(text, at, COMMENT)
    return sections


def _section(text: str, at: int, entries: dict[KeyPath, int]) -> Section:
    is_entry = text[at + 1] == "["
    names, end = _names(text, at + 1 + is_entry)
    path: KeyPath = ()
    for place, name in enumerate(names):
        path = (*path, name)
        if is_entry and place == len(names) - 1:
            entries[path] = entries.get(path, 0) + 1
        if path in entries:
            path = (*path, entries[path] - 1)
    return Section(path, at, text.index("]", end) + 1 + is_entry, is_entry)


def _names(text: str, at: int) -> tuple[list[str], int]:
    """The parts of a dotted key, and where it ends."""
    names: list[str] = []
    while True:
        found = KEY.match(text, skip(text, at, COMMENT))
        if found is None:
            raise LookupError("the text is laid out in a way that is not known here")
        names.append(_name(found.group()))
        after = skip(text, found.end(), COMMENT)
        if text[after : after + 1] != ".":
            return names, found.end()
        at = after + 1


def _name(written: str) -> str:
    return str(tomllib.loads(f"k = {written}")["k"]) if written[0] in "\"'" else written


def _pair(text: str, at: int, under: KeyPath) -> Pair:
    names, end = _names(text, at)
    return Pair((*under, *names), at, _value(text, skip(text, text.index("=", end) + 1, COMMENT)))


def _value(text: str, at: int) -> Node:
    if text[at] not in "[{":
        found = SCALAR.match(text, at)
        if found is None:
            raise LookupError("the text is laid out in a way that is not known here")
        return Node(at, found.end())
    node = Node(at, at, text[at])
    at = skip(text, at + 1, COMMENT)
    while text[at] not in "]}":
        if text[at] == ",":
            at = skip(text, at + 1, COMMENT)
            continue
        if node.opening == "[":
            entry = Entry(len(node.entries), at, _value(text, at))
        else:
            pair = _pair(text, at, ())
            entry = Entry(str(pair.path[0]) if len(pair.path) == 1 else DOTTED, at, pair.value)
        node.entries.append(entry)
        at = skip(text, entry.node.end, COMMENT)
    node.end = at + 1
    return node


DOTTED = -1
"""The key of an entry ``a.b = 1`` within an inline table: no path can name it, so such a table is rewritten whole."""


def has_dotted(node: Node) -> bool:
    """Whether an inline table in ``node`` has dotted keys."""
    return any(entry.key == DOTTED or has_dotted(entry.node) for entry in node.entries)
