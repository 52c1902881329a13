"""TOML: read by the standard library, its values written by tomlkit, new files by tomli-w, edited in place.

tomlkit's own documents count the comment above a header to the table before it, so that removing a table takes its
neighbor's comment along; here a table ends where its last pair does.
"""

import re
import tomllib

import tomli_w

from llmx.core.edits.formats import ParseError
from llmx.core.edits.formats.bracketed import edit, leading, rest_of_line
from llmx.core.edits.formats.toml_layout import COMMENT, Pair, Section, has_dotted, layout
from llmx.core.edits.formats.toml_style import TomlSpelling, name, section
from llmx.core.edits.operations import Set, Step, setting
from llmx.core.edits.values import KeyPath, Value, look, nested, with_set, without
from llmx.errors import ConfigError

PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
SPELLING = TomlSpelling()


class Toml:
    """One TOML document; the order of keys means nothing in it."""

    ordered = False

    def read(self, text: str) -> Value:
        """The value in ``text``."""
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = PLACE.search(str(error))
            message = PLACE.sub("", str(error))
            if found is None or found.group(1) is None:
                raise ParseError.at(message, text, len(text)) from None
            raise ParseError(message, int(found.group(1)), int(found.group(2))) from None
        except RecursionError:
            raise ParseError("nested too deeply", 1, 1) from None

    def apply(self, text: str, step: Step) -> str:
        """``text`` after ``step``."""
        if not text.strip():
            step = setting(step)
            value = nested(step.path, step.value)
            SPELLING.inline(value)
            return text + tomli_w.dumps(value)
        sections = layout(text)
        if (pair := _holding(sections, step.path)) is not None:
            return _in_pair(text, pair, step)
        if any(_is_under(one.path, step.path) for one in _statements(sections)):
            text = _without(text, sections, step.path)
            sections = layout(text)
        if not isinstance(step, Set):
            return text
        return _insert(text, sections, step.path, step.value)

    def settle(self, value: Value, step: Step) -> Value:
        """``value`` without tables and lists on the way to ``step`` that are empty: their headers may be gone."""
        for length in range(len(step.path), 0, -1):
            path = step.path[:length]
            if isinstance(path[-1], str) and look(value, path) in ({}, []):
                value = without(value, path)
        return value


def _is_under(path: KeyPath, above: KeyPath) -> bool:
    return path[: len(above)] == above


def _statements(sections: list[Section]) -> list[Section | Pair]:
    """Headers and pairs in the order of the text, the headless start apart."""
    return [one for part in sections for one in ([part] if part.path else []) + part.pairs]


def _holding(sections: list[Section], path: KeyPath) -> Pair | None:
    """The pair whose value is at ``path`` or around it."""
    pairs = (pair for part in sections for pair in part.pairs)
    return next((pair for pair in pairs if _is_under(path, pair.path)), None)


def _in_pair(text: str, pair: Pair, step: Step) -> str:
    rest = step.path[len(pair.path) :]
    node = pair.value
    if rest and has_dotted(node):
        value = tomllib.loads(f"k = {text[node.start : node.end]}")["k"]
        value = with_set(value, rest, step.value) if isinstance(step, Set) else without(value, rest)
        return text[: node.start] + SPELLING.inline(value) + text[node.end :]
    if rest:
        return edit(text, node, step, rest, SPELLING, own_line=False)
    if not isinstance(step, Set):
        return _cut(text, pair.start, pair.end)
    wide = "\n" in text[node.start : node.end]
    written = SPELLING.spread(step.value, leading(text, pair.start)) if wide else SPELLING.inline(step.value)
    return text[: node.start] + written + text[node.end :]


def _cut(text: str, start: int, end: int) -> str:
    """``text`` without the lines from ``start`` to ``end``, and without one of two blank lines that would meet."""
    start = text.rfind("\n", 0, start) + 1
    end = min(rest_of_line(text, end, COMMENT) + 1, len(text))
    if not text[:start].strip("\n") or text[:start].endswith("\n\n"):
        if text[end : end + 1] == "\n":
            end += 1
        elif end == len(text):
            start = len(text[:start].rstrip("\n")) + 1 if text[:start].strip("\n") else 0
    if end == len(text) and not text.endswith("\n"):
        start = max(start - 1, 0)
    return text[:start] + text[end:]


def _without(text: str, sections: list[Section], path: KeyPath) -> str:
    """``text`` without every statement under ``path``, the last one first."""
    for part in reversed(sections):
        if part.path and _is_under(part.path, path):
            text = _cut(text, part.start, part.end)
            continue
        for pair in reversed(part.pairs):
            if _is_under(pair.path, path):
                text = _cut(text, pair.start, pair.end)
    return text


def _insert(text: str, sections: list[Section], path: KeyPath, value: Value) -> str:
    """``text`` with ``value`` at a ``path`` where nothing is."""
    statements = _statements(sections)
    while len(path) > 1 and not any(_is_under(one.path, path[:-1]) for one in statements):
        path, value = path[:-1], nested(path[-1:], value)
    if isinstance(path[-1], int):
        return _append_entry(text, statements, path, value)
    parent = path[:-1]
    dotted = [
        pair
        for part in sections
        for pair in part.pairs
        if _is_under(pair.path, parent) and len(part.path) < len(parent)
    ]
    if dotted:
        return _add_dotted(text, sections, dotted[-1], path, value)
    own = next((part for part in sections if part.path == parent), None)
    if isinstance(value, dict):
        return _add_section(text, statements, parent, section(_names(path), value))
    line = SPELLING.member(path[-1], SPELLING.inline(value))
    if own is not None and (own.path or own.pairs):
        at = rest_of_line(text, own.end, COMMENT)
        return f"{text[:at]}\n{leading(text, own.pairs[-1].start if own.pairs else own.start)}{line}{text[at:]}"
    if own is not None:
        return _add_top(text, sections, line)
    first = min(one.start for one in statements if _is_under(one.path, parent))
    while COMMENT.match(text, (above := text.rfind("\n", 0, max(first - 1, 0)) + 1)) and above < first:
        first = above
    header = ".".join(name(part) for part in _names(parent))
    return f"{text[:first]}[{header}]\n{line}\n\n{text[first:]}"


def _names(path: KeyPath) -> tuple[str, ...]:
    return tuple(part for part in path if isinstance(part, str))


def _append_entry(text: str, statements: list[Section | Pair], path: KeyPath, value: Value) -> str:
    if not isinstance(value, dict):
        raise ConfigError(f"[[{'.'.join(_names(path))}]] holds tables only, not this value")
    return _add_section(text, statements, path[:-1], section(_names(path), value, is_entry=True))


def _add_dotted(text: str, sections: list[Section], neighbor: Pair, path: KeyPath, value: Value) -> str:
    """A pair beside others of a table that dotted keys define, which no header may name again."""
    part = next(part for part in sections if neighbor in part.pairs)
    key = ".".join(name(str(step)) for step in path[len(part.path) :])
    at = rest_of_line(text, neighbor.end, COMMENT)
    return f"{text[:at]}\n{leading(text, neighbor.start)}{key} = {SPELLING.inline(value)}{text[at:]}"


def _add_section(text: str, statements: list[Section | Pair], parent: KeyPath, written: str) -> str:
    """A section after all that stands under ``parent``; at the end of the file for the top level."""
    under = [one for one in statements if _is_under(one.path, parent)]
    at = len(text.rstrip("\n"))
    if parent and under and under[-1] is not statements[-1]:
        at = _past_remarks(text, rest_of_line(text, max(one.end for one in under), COMMENT))
    tail = text[at:]
    gap = "\n" if tail.startswith("\n") and tail.strip("\n") and not tail.startswith("\n\n") else ""
    return f"{text[:at]}\n\n{written}{gap}{tail}"


def _past_remarks(text: str, at: int) -> int:
    """Past the comment lines right below, unless they run into what follows and so belong to that."""
    end = at
    while (found := re.compile(r"\n[ \t]*#[^\n]*").match(text, end)) is not None:
        end = found.end()
    return end if not text[end:].strip("\n") or text.startswith("\n\n", end) else at


def _add_top(text: str, sections: list[Section], line: str) -> str:
    """The first pair before all headers: below a comment that opens the file."""
    opening = re.compile(r"(?:[ \t]*#[^\n]*\n)+(?=\n)|(?:[ \t]*#[^\n]*(?:\n|$)|\s*(?:\n|$))+\Z").match(text)
    at = opening.end() if opening else 0
    before = text[:at]
    if len(sections) == 1:
        return f"{before}{'' if before.endswith(chr(10)) else chr(10)}{line}\n{text[at:]}"
    gap = "" if not before else "\n"
    return f"{before}{gap}{line}\n{'' if text.startswith(chr(10), at) else chr(10)}{text[at:]}"


TOML = Toml()
