"""JSON, strict and with comments: read by the standard library, edited in place."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from llmx.core.edits.formats import ParseError
from llmx.core.edits.formats.bracketed import Entry, Node, edit, indent_of, leading
from llmx.core.edits.operations import Step, setting
from llmx.core.edits.values import Value, nested
from llmx.errors import ConfigError

TOKEN = re.compile(r'\s+|//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"/]+|.', re.DOTALL)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
NEVER = re.compile(r"(?!)")
CONSTANTS = ("NaN", "Infinity", "-Infinity")
DEEPEST = 100
"""Levels of nesting that are read; deeper is a mistake or an attack, and the parsers below recurse."""


class Token(NamedTuple):
    """One token of the text and where it starts."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_comment(self) -> bool:
        return self.text.startswith(("//", "/*"))


def _tokens(text: str) -> Iterator[Token]:
    for found in TOKEN.finditer(text):
        if not found.group().isspace():
            yield Token(found.group(), found.start())


def _checked(text: str, comments: bool) -> list[Token]:
    """The tokens that mean something; raises for what the standard library would let pass, or describe badly."""
    kept: list[Token] = []
    depth = 0
    for token in _tokens(text):
        if token.is_comment:
            if not comments:
                raise ParseError.at("JSON has no comments", text, token.start)
            continue
        if token.text in CONSTANTS:
            raise ParseError.at(f"JSON has no {token.text}", text, token.start)
        depth += (token.text in ("{", "[")) - (token.text in ("}", "]"))
        if depth > DEEPEST:
            raise ParseError.at(f"nested deeper than {DEEPEST} levels", text, token.start)
        kept.append(token)
    return kept


def _blanked(text: str, tokens: list[Token]) -> str:
    """``text`` as strict JSON of the same shape: comments and trailing commas become blanks."""
    strict = re.sub(r"[^\n]", " ", text)
    pieces, at = [], 0
    for place, token in enumerate(tokens):
        closes = tokens[place + 1].text if place + 1 < len(tokens) else ""
        opens = tokens[place - 1].text if place else "["
        trailing = token.text == "," and closes in ("}", "]") and opens not in ("{", "[", ",", ":")
        pieces += [strict[at : token.start], " " if trailing else token.text]
        at = token.end
    return "".join(pieces) + strict[at:]


def _tree(tokens: Iterator[Token]) -> Node:
    """The places of the next value's entries, in a text that is known to be sound."""
    token = next(tokens)
    node = Node(token.start, token.end)
    if token.text not in ("{", "["):
        return node
    node.opening = token.text
    rest = _Peekable(tokens)
    while (token := next(rest)).text not in ("}", "]"):
        if token.text == ",":
            continue
        start, key = token.start, len(node.entries)
        if node.opening == "{":
            next(rest)
            node.entries.append(Entry(json.loads(token.text), start, _tree(rest)))
        else:
            rest.put_back(token)
            node.entries.append(Entry(key, start, _tree(rest)))
    node.end = token.end
    return node


class _Peekable:
    """An iterator that takes one token back."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self.tokens = tokens
        self.back: list[Token] = []

    def __iter__(self) -> "_Peekable":
        return self

    def __next__(self) -> Token:
        return self.back.pop() if self.back else next(self.tokens)

    def put_back(self, token: Token) -> None:
        self.back.append(token)


class Spelled:
    """JSON as one file writes it: its indentation, and its blanks after colons and commas."""

    on_one_line = False

    def __init__(self, text: str, root: Node, comment: re.Pattern[str]) -> None:
        self.comment = comment
        self.unit = _unit(text, root) or "  "
        compact = "\n" not in text.strip() and re.search(r'":\S', text) is not None
        self.comma, self.colon = (",", ":") if compact else (", ", ": ")

    def inline(self, value: Value) -> str:
        return _dumped(value, None, (self.comma, self.colon))

    def spread(self, value: Value, indent: str) -> str:
        return _dumped(value, self.unit, (",", self.colon)).replace("\n", f"\n{indent}")

    def member(self, key: str, value: str) -> str:
        return f"{_dumped(key, None, None)}{self.colon}{value}"


def _dumped(value: Value, indent: str | None, separators: tuple[str, str] | None) -> str:
    try:
        written = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False, allow_nan=False)
        if re.search("[\ud800-\udfff]", written):  # half a character cannot be written as UTF-8, only escaped
            return json.dumps(value, indent=indent, separators=separators, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"JSON cannot hold this value: {error}") from None
    return written


def _unit(text: str, node: Node) -> str | None:
    """One step of the file's indentation, seen at the first entry that has a line of its own."""
    for entry in node.entries:
        inner, outer = indent_of(text, entry.start), leading(text, node.start)
        if inner and inner.startswith(outer) and inner != outer:
            return inner[len(outer) :]
        if found := _unit(text, entry.node):
            return found
    return None


class Json:
    """JSON; with ``comments``, also ``//`` and ``/* */`` comments and trailing commas."""

    ordered = True

    def __init__(self, *, comments: bool) -> None:
        self.comments = comments

    def read(self, text: str) -> Value:
        """The value in ``text``."""
        tokens = _checked(text, self.comments)
        if not tokens:
            return {}
        strict = _blanked(text, tokens) if self.comments else text
        try:
            return json.loads(strict)
        except json.JSONDecodeError as error:
            raise ParseError(error.msg, error.lineno, error.colno) from None
        except ValueError as error:
            raise ParseError(str(error), 1, 1) from None

    def apply(self, text: str, step: Step) -> str:
        """``text`` after ``step``."""
        tokens = _checked(text, self.comments)
        root = _tree(iter(tokens)) if tokens else Node(len(text), len(text))
        spelling = Spelled(text, root, COMMENT if self.comments else NEVER)
        if root.opening:
            own_line = bool(root.entries) or not text[: root.start].strip() or "\n" in text[: root.start]
            return edit(text, root, step, step.path, spelling, own_line=own_line)
        step = setting(step)
        written = spelling.spread(nested(step.path, step.value), "")
        if tokens:
            return text[: root.start] + written + text[root.end :]
        return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{written}\n"

    def settle(self, value: Value, step: Step) -> Value:
        """``value`` itself: JSON can leave anything behind."""
        del step
        return value


STRICT = Json(comments=False)
COMMENTED = Json(comments=True)
