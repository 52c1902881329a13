"""Random documents with comments in odd places, and random operations on them, for the property tests."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import tomlkit
from hypothesis import strategies as st

from llmx.core.edits import Add, Operation, Remove, Set, Unset

Path = tuple[Any, ...]
Table = dict[str, Any]
Items = list[Any]
Draw = Callable[..., Any]
Strategy = st.SearchStrategy[Any]

KEYS = st.one_of(
    st.sampled_from(
        ["a", "b", "c", "mcpServers", "x-y", "on", "1", "a.b", "", "key with space", "ü", "#no", "q\"'", "*"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=4),
)
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "yes", "null", "1", "1:30", "# x", "a: b", "a\nb", "a\n b\n", "\n", "{}", "it's", '"', "//", "\\"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())
DATES = st.one_of(st.dates(datetime.date(1000, 1, 1)), st.datetimes(datetime.datetime(1000, 1, 1)))


def values(scalars: Strategy) -> Strategy:
    """Values of every shape, over the given scalars."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
        max_leaves=6,
    )


def documents(scalars: Strategy) -> Strategy:
    """What whole files hold."""
    return st.dictionaries(KEYS, values(scalars), max_size=4)


class Paint:
    """Random choices of blanks and comments.

    Every comment has a number, and owners: it may only go when the entry at one of these paths is set or unset.
    ``pieces`` are the texts of the entries.
    """

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.owners: dict[str, list[Path]] = {}
        self.pieces: dict[Path, str] = {}

    def pick(self, *options: str) -> str:
        return str(self.draw(st.sampled_from(options)))

    def piece(self, path: Path, text: str) -> str:
        """``text``, remembered as what stands at ``path``."""
        self.pieces[path] = text
        return text

    def gap(self, *options: str, owners: list[Path]) -> str:
        """One of the options, with an ``N`` in it replaced by the comment's name."""
        chosen = self.pick(*options)
        if "N" in chosen:
            name = f"<note{len(self.owners)}>"
            self.owners[name] = owners
            chosen = chosen.replace("N", name)
        return chosen


def members(item: Table | Items) -> list[Path]:
    """Keys (or indexes) and what they hold."""
    return list(item.items()) if isinstance(item, dict) else list(enumerate(item))


def jsonc(paint: Paint, value: object, *, comments: bool) -> str:
    """``value`` as JSON text with random blanks, and comments and trailing commas where allowed."""
    blanks = ("", " ", "\n", "\n  ", "\t", "\r\n    ")
    remarks = ("// N\n", "/* N */", '  // N, { " \n', "/* N\n */") if comments else ()

    def gap(*owners: Path) -> str:
        return paint.gap(*blanks, *blanks, *remarks, owners=list(owners))

    def written(item: object, path: Path) -> str:
        if not isinstance(item, dict | list):
            return json.dumps(item, ensure_ascii=bool(paint.draw(st.booleans())))
        parts, before = [], path
        for key, entry in members(item):
            inner = (*path, key)
            name = f"{json.dumps(key)}{gap(inner)}:{gap(inner)}" if isinstance(item, dict) else ""
            parts.append(f"{gap(path, before)}{name}{paint.piece(inner, written(entry, inner))}{gap(inner)}")
            before = inner
        trailing = "," + gap(path, before) if comments and parts and paint.draw(st.booleans()) else ""
        opening, closing = "{}" if isinstance(item, dict) else "[]"
        return opening + (",".join(parts) or gap(path)) + trailing + closing

    return gap(()) + written(value, ()) + gap(())


def pretty_jsonc(paint: Paint, value: object) -> str:
    """``value`` as people and editors write it, with comments above entries and behind them."""
    unit = paint.pick("  ", "    ", "\t")

    def written(item: object, indent: str, path: Path) -> str:
        if not isinstance(item, dict | list) or not item or paint.draw(st.booleans()):
            return json.dumps(item)
        inner = indent + unit
        lines = []
        for place, (key, entry) in enumerate(members(item)):
            here = (*path, key)
            name = f"{json.dumps(key)}: " if isinstance(item, dict) else ""
            comma = "," if place < len(item) - 1 else paint.pick("", ",")
            above = paint.gap("", "", f"{inner}// N\n", owners=[path])
            behind = paint.gap("", "", "  // N", "  /* N */", owners=[here])
            lines.append(f"{above}{inner}{name}{paint.piece(here, written(entry, inner, here))}{comma}{behind}\n")
        below = paint.gap("", "", f"{inner}// N\n", owners=[path])
        opening, closing = "{}" if isinstance(item, dict) else "[]"
        return f"{opening}{paint.gap('', '', ' // N', owners=[path])}\n{''.join(lines)}{below}{indent}{closing}"

    return written(value, "", ()) + paint.pick("", "\n", "\n\n")


def toml(paint: Paint, value: Table) -> str:
    """``value`` as TOML: tables under headers, inline or dotted, with comments."""

    def inline(item: object, path: Path) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{name(k)} = {inline(v, (*path, k))}" for k, v in item.items()) + "}"
        if isinstance(item, list):
            gaps = ("", " ", "\n", "\n  ", " # N ]\n")
            parts, before = [], path
            for place, entry in enumerate(item):
                here = (*path, place)
                above = paint.gap(*gaps, owners=[path, before])
                parts.append(f"{above}{inline(entry, here)}{paint.gap(*gaps, owners=[here])}")
                before = here
            return "[" + ",".join(parts) + (paint.pick("", ",") if parts else "") + "]"
        return tomlkit.item(item).as_string()

    def name(key: str) -> str:
        return tomlkit.key([key]).as_string()

    def table(path: Path, item: Table) -> str:
        pairs: list[tuple[Path, str]] = []
        below = []
        for key, entry in item.items():
            here = (*path, key)
            how = paint.pick("inline", "header", "dotted") if isinstance(entry, dict) and entry else "inline"
            if how == "header":
                below.append(section(here, entry))
            elif how == "dotted":
                pairs += [((*here, k), f"{name(key)} . {name(k)} = {inline(v, (*here, k))}") for k, v in entry.items()]
            elif isinstance(entry, list) and entry and all(isinstance(v, dict) for v in entry) and paint.pick("", "["):
                below += [section((*here, place), v, brackets=2) for place, v in enumerate(entry)]
            else:
                pairs.append((here, paint.piece(here, f"{name(key)} = {inline(entry, here)}")))
        lines = [
            f"{paint.gap('', '# N' + chr(10), owners=[path])}{pair}{paint.gap('', '  # N', owners=[here])}\n"
            for here, pair in pairs
        ]
        return "".join(lines) + paint.gap("", "# N\n", "\n", "\n# N\n", owners=[()]) + "".join(below)

    def section(path: Path, item: Table, brackets: int = 1) -> str:
        keys = ".".join(name(key) for key in path if isinstance(key, str))
        above = paint.gap("", "\n", "# N\n", "\n# N\n", owners=[()])
        behind = paint.gap("", " # N", owners=[path])
        return f"{above}{'[' * brackets}{keys}{']' * brackets}{behind}\n{table(path, item)}"

    return table((), value)


def yaml(paint: Paint, value: Table) -> str:
    """``value`` as YAML in block and flow style, with comments."""
    step, dash = paint.draw(st.integers(1, 4)), paint.draw(st.integers(0, 2))

    def scalar(item: object) -> str:
        """JSON, which YAML reads too, but for characters that JSON escapes in two halves."""
        written = json.dumps(item, ensure_ascii=False)
        return "".join(c if ord(c) > 0xFFFF or ord(c) < 127 else json.dumps(c)[1:-1] for c in written)

    def block(item: Table | Items, column: int, path: Path) -> list[str]:
        """Lines that stand alone, for a collection that has entries."""
        blank = " " * column
        lines = []
        for key, entry in members(item):
            here = (*path, key)
            head = blank + (f"{scalar(key)}:" if isinstance(item, dict) else "-")
            if above := paint.gap("", "", f"{blank}# N", owners=[path]):
                lines.append(above)
            if not isinstance(entry, dict | list) or not entry or paint.draw(st.booleans()):
                remark = paint.gap("", "", "  # N", owners=[here])
                lines.append(paint.piece(here, f"{head} {scalar(entry)}{remark}"))
                continue
            deeper = dash if isinstance(entry, list) and isinstance(item, dict) else step
            inner = block(entry, column + deeper, here)
            if isinstance(item, list) and deeper > 1 and "#" not in inner[0] and paint.draw(st.booleans()):
                lines += [head + " " * (deeper - 1) + inner[0].lstrip(" "), *inner[1:]]
            else:
                whole = [f"{head}{paint.gap('', ' # N', owners=[here])}", *inner]
                paint.piece(here, "\n".join(whole))
                lines += whole
        return lines

    body = block(value, 0, ()) if value else [paint.pick("{}", "", "# empty")]
    text = paint.gap("", "# N\n", "---\n", owners=[]) + "\n".join(body)
    return text + paint.gap("", "\n", "\n# N\n", owners=[])


def places(value: object, path: Path = ()) -> list[Path]:
    """Every path in ``value``."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


def operations(draw: Draw, value: Any, new_values: Strategy) -> Operation:
    """One operation that fits a file holding ``value``, mostly on what is there."""
    there = places(value)
    path = draw(st.sampled_from(there)) if there else ()
    kind = draw(st.sampled_from(["replace", "unset", "grow", "add", "remove"]))
    if kind == "unset" and path:
        return Unset(path)
    if kind == "add":
        return Add((draw(KEYS) + "+list",), draw(new_values), identity=("a",))
    if kind == "remove" and path and isinstance(path[-1], int):
        item = value
        for step in path:
            item = item[step]
        return Remove(path[:-1], item)
    if kind == "replace" and path:
        return Set(path, draw(new_values))
    parents = [(), *(one for one in there if isinstance(_at(value, one), dict | list))]
    parent = draw(st.sampled_from(parents))
    inside = _at(value, parent)
    if isinstance(inside, list):
        return Set((*parent, len(inside)), draw(new_values))
    deeper = tuple(draw(st.lists(KEYS, max_size=1)))
    first = bool(draw(st.booleans()))
    key = draw(KEYS.filter(lambda name: bool(name not in inside)))
    return Set((*parent, key, *deeper), draw(new_values), first=first and not deeper)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value
