"""YAML: read and written by ruamel, spliced in place.

ruamel's own round trip re-indents lists, folds long lines and moves comments, so it only places and writes single
values here; every other byte is never parsed into anything.
"""

from collections.abc import Iterator

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from llmx.core.edits.formats import ParseError, bracketed
from llmx.core.edits.formats.bracketed import indent_of, rest_of_line
from llmx.core.edits.formats.yaml_layout import COMMENT, Entry, Node, as_bracketed, layout, loader
from llmx.core.edits.formats.yaml_style import FlowSpelling, Style, scalar
from llmx.core.edits.operations import Set, Step, setting
from llmx.core.edits.values import KeyPath, Value, nested

MOST = 1 << 20
"""Values in a text, aliases followed; nine short lines of aliases can mean billions."""


class Yaml:
    """One YAML document."""

    ordered = False

    def read(self, text: str) -> Value:
        """The value in ``text``, merge keys resolved."""
        try:
            value = loader().load(text)
            return {} if value is None else _data(value, iter(range(MOST)))
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise ParseError(str(error.problem or error.context), line, column) from None
        except ReaderError as error:
            raise ParseError.at("a character that YAML does not allow", text, error.position) from None
        except RecursionError:
            raise ParseError("nested too deeply", 1, 1) from None
        except (YAMLError, ValueError) as error:
            raise ParseError(str(error).split("\n", 1)[0], 1, 1) from None

    def apply(self, text: str, step: Step) -> str:
        """``text`` after ``step``."""
        root = layout(text)
        return _Edit(text, Style(text, root), root).apply(step)

    def settle(self, value: Value, step: Step) -> Value:
        """``value`` itself."""
        del step
        return value


def _data(value: Value, room: Iterator[int]) -> Value:
    """ruamel's value as plain data, in which aliases are copies; ``room`` has an item for each value it may hold."""
    if next(room, None) is None:
        raise ParseError(f"aliases make more than {MOST} values of it", 1, 1)
    if isinstance(value, dict):
        return {key: _data(item, room) for key, item in value.items()}
    if isinstance(value, list):
        return [_data(item, room) for item in value]
    return value


class _Edit:
    """One step on one text."""

    def __init__(self, text: str, style: Style, root: Node | None) -> None:
        self.text = text
        self.style = style
        self.root = root

    def apply(self, step: Step) -> str:
        if self.root is None or (self.root.flow and not self.root.entries):
            step = setting(step)
            return self._from_nothing(nested(step.path, step.value))
        if self.root.flow:
            return self._in_brackets(self.root, step, step.path)
        return self._within(self.root, step, step.path)

    def _from_nothing(self, value: Value) -> str:
        written = "\n".join(self.style.lines(value))
        if self.root is not None:
            return self.text[: self.root.start] + written + self.text[self.root.end :]
        gap = "" if not self.text or self.text.endswith("\n") else "\n"
        return f"{self.text}{gap}{written}\n"

    def _in_brackets(self, node: Node, step: Step, path: KeyPath) -> str:
        return bracketed.edit(self.text, as_bracketed(node), step, path, FlowSpelling(), own_line=False)

    def _within(self, node: Node, step: Step, path: KeyPath) -> str:
        """``text`` after ``step`` in a block collection, with ``path`` still to go."""
        place = next((i for i, entry in enumerate(node.entries) if entry.key == path[0]), None)
        if place is None:
            step = setting(step)
            return self._insert(node, path[0], nested(path[1:], step.value), step.first)
        entry = node.entries[place]
        inner = entry.node
        if len(path) == 1 and not isinstance(step, Set):
            return self._remove(node, place)
        if len(path) > 1 and inner.entries and not _empties(inner, step, path[1:]):
            into = self._in_brackets if inner.flow else self._within
            return into(inner, step, path[1:])
        if isinstance(step, Set):
            return self._replace(node, entry, nested(path[1:], step.value))
        return self._replace(node, entry, {} if inner.kind == "mapping" else [])

    def _insert(self, node: Node, key: Value, value: Value, first: bool) -> str:
        column = self._column(node.entries[0].start)
        lines = self.style.lines({key: value}) if node.kind == "mapping" else self._item(value)
        if first:
            at = node.entries[0].start
            return f"{self.text[:at]}{_indented(lines, column).lstrip(' ')}\n{' ' * column}{self.text[at:]}"
        at = rest_of_line(self.text, node.end, COMMENT)
        return f"{self.text[:at]}\n{_indented(lines, column)}{self.text[at:]}"

    def _item(self, value: Value) -> list[str]:
        """A list's entry from the column of its dash."""
        lines = self.style.lines([value])
        return [line[self.style.dash :] for line in lines]

    def _replace(self, node: Node, entry: Entry, value: Value) -> str:
        """Put ``value`` after the colon or dash of ``entry``."""
        old, text = entry.node, self.text
        if old.kind == "scalar" and old.style not in ("|", ">") and _is_one_line(value):
            gap = "" if old.end > old.start else " "
            return text[: old.start] + gap + scalar(value, old.style) + text[old.end :]
        head, *rest = self._after_sign(node, value)
        column = self._column(entry.start)
        block = "".join(f"\n{line}" for line in _indented(rest, column).split("\n")) if rest else ""
        if "\n" in text[entry.sign : old.start]:
            return self._replace_below(entry, head, block)
        alone = old.kind in ("scalar", "alias") or old.flow or not old.entries
        end = rest_of_line(text, old.end, COMMENT)
        remark = text[old.end : end] if alone and "\n" not in text[old.start : old.end] else ""
        return text[: entry.sign] + head + remark + block + text[end if remark or not alone or block else old.end :]

    def _replace_below(self, entry: Entry, head: str, block: str) -> str:
        """The old value began on a line below its key; comments between the two stay."""
        text, old = self.text, entry.node
        above = text.rfind("\n", 0, old.start)
        between = text[entry.sign : above] if not (head and block) else ""
        after = rest_of_line(text, old.end, COMMENT)
        return text[: entry.sign] + head + between + block + text[after:]

    def _after_sign(self, node: Node, value: Value) -> list[str]:
        """What comes after a colon or dash: the rest of its line, then lines counted from the column of its key."""
        lines = self.style.lines({"k": value}) if node.kind == "mapping" else self._item(value)
        return [lines[0][2 if node.kind == "mapping" else 1 :], *lines[1:]]

    def _remove(self, node: Node, place: int) -> str:
        """``text`` without one entry, whose collection is the root or keeps others."""
        text, entry = self.text, node.entries[place]
        end = rest_of_line(text, max(entry.node.end, entry.sign), COMMENT)
        blank = indent_of(text, entry.start)
        if blank is not None:
            begin = entry.start - len(blank)
            return text[:begin] + text[end + 1 :] if end < len(text) or not begin else text[: begin - 1]
        following = node.entries[place + 1].start
        if not text[end:following].strip():
            end = following
        return text[: entry.start] + text[end:]

    def _column(self, at: int) -> int:
        return at - (self.text.rfind("\n", 0, at) + 1)


def _empties(node: Node, step: Step, path: KeyPath) -> bool:
    """Whether ``step`` takes the last entry of a block collection, which then has to be written as empty."""
    only = len(node.entries) == 1 and node.entries[0].key == path[0]
    return only and len(path) == 1 and not isinstance(step, Set) and not node.flow


def _is_one_line(value: Value) -> bool:
    return not isinstance(value, dict | list) and not (isinstance(value, str) and "\n" in value)


def _indented(lines: list[str], column: int) -> str:
    return "\n".join(" " * column + line if line else line for line in lines)


YAML = Yaml()
