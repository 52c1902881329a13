"""Where the entries of a YAML text stand, from the marks on ruamel's parsing events."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import ruamel.yaml
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from llmx.core.edits.formats import bracketed
from llmx.core.edits.values import Value

COMMENT = re.compile(r"(?<!\S)#[^\n]*")
CERTAIN_TEXT = re.compile(r"(?!(?:true|false|null|nan|inf)$)[A-Za-z_./@-][A-Za-z_./@ -]*", re.IGNORECASE)


@dataclass
class Node:
    """A value: from ``start`` to the end of its content, comments after it excluded."""

    start: int
    end: int
    kind: str
    """``scalar``, ``mapping``, ``list`` or ``alias``."""
    flow: bool = False
    style: str = ""
    """The quote or block sign of a scalar."""
    entries: "list[Entry]" = field(default_factory=list)


class Entry(NamedTuple):
    """A member or an item; ``sign`` is the end of its colon or dash, ``start`` the place of its key or dash."""

    key: Value
    start: int
    sign: int
    node: Node


def loader() -> ruamel.yaml.YAML:
    """A parser of plain values, YAML 1.2."""
    return ruamel.yaml.YAML(typ="safe", pure=True)


def layout(text: str) -> Node | None:
    """The value of a text that is known to be sound, or ``None`` for one without any."""
    events = (event for event in loader().parse(text) if isinstance(event, NodeEvent | CollectionEndEvent))
    first = next(events, None)
    if first is None or _is_nothing(first):
        return None
    return _node(text, first, events, first.start_mark.index)


def _is_nothing(event: Value) -> bool:
    return isinstance(event, ScalarEvent) and event.start_mark.index == event.end_mark.index


def _node(text: str, event: Value, events: Iterator[Value], sign: int) -> Node:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, AliasEvent):
        return Node(start, end, "alias")
    if isinstance(event, ScalarEvent):
        if start == end:
            return Node(sign, sign, "scalar")
        style = event.style or ""
        return Node(start, _content_end(text, start, end) if style in ("|", ">") else end, "scalar", style=style)
    assert isinstance(event, CollectionStartEvent)
    node = Node(start, end, "mapping" if isinstance(event, MappingStartEvent) else "list", bool(event.flow_style))
    fill = _fill_mapping if node.kind == "mapping" else _fill_list
    last = fill(text, node, events)
    node.end = last if node.flow or not node.entries else max(node.entries[-1].node.end, node.entries[-1].sign)
    return node


def _content_end(text: str, start: int, end: int) -> int:
    """The end of a block scalar: the last line that counts, without its line break."""
    header = text[start : text.find("\n", start)]
    if "+" in header.split("#")[0]:
        return end - 1 if text[end - 1] == "\n" else end
    return start + len(text[start:end].rstrip(" \n"))


def _fill_mapping(text: str, node: Node, events: Iterator[Value]) -> int:
    while not isinstance(event := next(events), CollectionEndEvent):
        key = _node(text, event, events, event.start_mark.index)
        after = next(events)
        colon = bracketed.skip(text, key.end, COMMENT)
        sign = colon + 1 if text[colon : colon + 1] == ":" else key.end
        value = _key(event) if isinstance(event, ScalarEvent) else None
        node.entries.append(Entry(value, key.start, sign, _node(text, after, events, sign)))
    return int(event.end_mark.index)


def _key(event: ScalarEvent) -> Value:
    """The value of a key: a plain ``1`` or ``true`` is no text."""
    if event.style or event.tag or event.value == "<<" or CERTAIN_TEXT.fullmatch(event.value):
        return event.value
    return loader().load(event.value)


def _fill_list(text: str, node: Node, events: Iterator[Value]) -> int:
    at, column = node.start, None
    while not isinstance(event := next(events), CollectionEndEvent):
        dash = event.start_mark.index
        if not node.flow:
            dash, column = _dash(text, at, column)
        item = _node(text, event, events, dash if node.flow else dash + 1)
        node.entries.append(Entry(len(node.entries), dash, item.start if node.flow else dash + 1, item))
        at = max(item.end, dash + 1)
    return int(event.end_mark.index)


def _dash(text: str, at: int, column: int | None) -> tuple[int, int]:
    """The next dash of a block list, after ``at``; its dashes share a column, which the first one tells."""
    if column is None:
        found = re.compile(r"(?:[&!]\S*[ \t]*)*(?:#[^\n]*)?(?:\s+|#[^\n]*\n)*-(?=\s|$)").match(text, at)
        if found is None:
            raise LookupError("the text is laid out in a way that is not known here")
        dash = found.end() - 1
        return dash, dash - (text.rfind("\n", 0, dash) + 1)
    begin = text.find("\n", at) + 1
    while not (text[begin : begin + column].strip(" ") == "" and text[begin + column : begin + column + 1] == "-"):
        begin = text.find("\n", begin) + 1
    return begin + column, column


def as_bracketed(node: Node) -> bracketed.Node:
    """A flow collection in the terms that all bracketed languages share."""
    opening = {"mapping": "{", "list": "["}.get(node.kind, "")
    entries = [bracketed.Entry(entry.key, entry.start, as_bracketed(entry.node)) for entry in node.entries]
    return bracketed.Node(node.start, node.end, opening, entries)
