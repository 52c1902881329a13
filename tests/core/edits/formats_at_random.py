"""Random documents with comments in odd places, and random operations on them, for the property tests."""

import datetime
import json
from collections.abc import Callable

import tomlkit
from hypothesis import strategies as st

from llmx.core.edits import Add, Operation, Remove, Set, Unset

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


def values(scalars: st.SearchStrategy) -> st.SearchStrategy:
    """Values of every shape, over the given scalars."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
        max_leaves=6,
    )


def documents(scalars: st.SearchStrategy) -> st.SearchStrategy:
    """What whole files hold."""
    return st.dictionaries(KEYS, values(scalars), max_size=4)


class Paint:
    """Random choices of blanks and comments, each comment with a number of its own so that a test can look for it."""

    def __init__(self, draw: Callable[[st.SearchStrategy], object]) -> None:
        self.draw = draw
        self.count = 0

    def pick(self, *options: str) -> str:
        return str(self.draw(st.sampled_from(options)))

    def numbered(self, text: str) -> str:
        self.count += 1
        return text.replace("N", f"note{self.count}")

    def gap(self, *options: str) -> str:
        return self.numbered(self.pick(*options))


def jsonc(draw: Callable, value: object, *, comments: bool) -> str:
    """``value`` as JSON text with random blanks, and comments and trailing commas where allowed."""
    paint = Paint(draw)
    blanks = ("", " ", "\n", "\n  ", "\t", "\r\n    ")
    remarks = ("// N\n", "/* N */", '  // N, { " \n', "/* N\n */") if comments else ()

    def gap() -> str:
        return paint.gap(*blanks, *blanks, *remarks)

    def written(item: object) -> str:
        if isinstance(item, dict):
            parts = [f"{gap()}{json.dumps(k)}{gap()}:{gap()}{written(v)}{gap()}" for k, v in item.items()]
        elif isinstance(item, list):
            parts = [f"{gap()}{written(v)}{gap()}" for v in item]
        else:
            return json.dumps(item, ensure_ascii=bool(draw(st.booleans())))
        trailing = "," + gap() if comments and parts and draw(st.booleans()) else ""
        opening, closing = "{}" if isinstance(item, dict) else "[]"
        return opening + (",".join(parts) or gap()) + trailing + closing

    return gap() + written(value) + gap()


def pretty_jsonc(draw: Callable, value: object) -> str:
    """``value`` as people and editors write it, with comments above entries and behind them."""
    paint = Paint(draw)
    unit = paint.pick("  ", "    ", "\t")

    def written(item: object, indent: str) -> str:
        if not isinstance(item, dict | list) or not item or draw(st.booleans()):
            return json.dumps(item)
        inner = indent + unit
        entries = list(item.items()) if isinstance(item, dict) else [(None, v) for v in item]
        lines = []
        for place, (key, entry) in enumerate(entries):
            name = "" if key is None else f"{json.dumps(key)}: "
            comma = "," if place < len(entries) - 1 else paint.pick("", ",")
            above = paint.gap("", "", f"{inner}// N\n")
            lines.append(f"{above}{inner}{name}{written(entry, inner)}{comma}{paint.gap('', '', '  // N')}\n")
        below = paint.gap("", "", f"{inner}// N\n")
        opening, closing = "{}" if isinstance(item, dict) else "[]"
        return f"{opening}{paint.gap('', '', ' // N')}\n{''.join(lines)}{below}{indent}{closing}"

    return written(value, "") + paint.pick("", "\n", "\n\n")


def toml(draw: Callable, value: dict) -> str:
    """``value`` as TOML: tables under headers, inline or dotted, with comments."""
    paint = Paint(draw)

    def inline(item: object) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{key(k)} = {inline(v)}" for k, v in item.items()) + "}"
        if isinstance(item, list):
            gaps = ("", " ", "\n", "\n  ", " # N ]\n")
            parts = [f"{paint.gap(*gaps)}{inline(v)}{paint.gap(*gaps)}" for v in item]
            return "[" + ",".join(parts) + (paint.pick("", ",") if parts else "") + "]"
        return tomlkit.item(item).as_string()

    def key(name: str) -> str:
        return tomlkit.key([name]).as_string()

    def table(path: tuple[str, ...], item: dict) -> str:
        pairs, below = [], []
        for name, entry in item.items():
            how = paint.pick("inline", "header", "dotted") if isinstance(entry, dict) and entry else "inline"
            if how == "header":
                below.append(section((*path, name), entry))
            elif how == "dotted":
                pairs += [f"{key(name)} . {key(k)} = {inline(v)}" for k, v in entry.items()]
            elif isinstance(entry, list) and entry and all(isinstance(v, dict) for v in entry) and draw(st.booleans()):
                below += [section((*path, name), v, brackets=2) for v in entry]
            else:
                pairs.append(f"{key(name)} = {inline(entry)}")
        lines = [f"{paint.gap('', '# N' + chr(10))}{pair}{paint.gap('', '  # N')}\n" for pair in pairs]
        return "".join(lines) + paint.gap("", "# N\n", "\n") + "".join(below)

    def section(path: tuple[str, ...], item: dict, brackets: int = 1) -> str:
        header = "[" * brackets + ".".join(key(name) for name in path) + "]" * brackets
        return f"{paint.gap('', chr(10), '# N' + chr(10))}{header}{paint.gap('', ' # N')}\n{table(path, item)}"

    return table((), value)


def yaml(draw: Callable, value: dict) -> str:
    """``value`` as YAML in block and flow style, with comments."""
    paint = Paint(draw)
    step, dash = draw(st.integers(1, 4)), draw(st.integers(0, 2))

    def scalar(item: object) -> str:
        """JSON, which YAML reads too, but for characters that JSON escapes in two halves."""
        written = json.dumps(item, ensure_ascii=False)
        return "".join(
            char if ord(char) > 0xFFFF else json.dumps(char)[1:-1] if ord(char) > 126 else char for char in written
        )

    def block(item: object, column: int) -> list[str]:
        """Lines that stand alone, for a collection that has entries."""
        blank = " " * column
        lines = []
        entries = list(item.items()) if isinstance(item, dict) else [(None, entry) for entry in item]  # type: ignore[call-overload]
        for key, entry in entries:
            head = blank + (f"{scalar(key)}:" if key is not None else "-")
            if above := paint.gap("", "", f"{blank}# N"):
                lines.append(above)
            if not isinstance(entry, dict | list) or not entry or draw(st.booleans()):
                lines.append(f"{head} {scalar(entry)}{paint.gap('', '', '  # N')}")
                continue
            deeper = dash if isinstance(entry, list) and key is not None else step
            inner = block(entry, column + deeper)
            if key is None and not inner[0].lstrip().startswith("#") and draw(st.booleans()):
                lines.append(head + " " * (deeper - 1 or 1) + inner[0].lstrip(" "))
                if deeper == 1:
                    inner = block(entry, column + 2)
                    lines[-1] = f"{head}{paint.gap('', ' # N')}"
                    lines.append(inner[0])
                lines += inner[1:]
            else:
                lines += [f"{head}{paint.gap('', ' # N')}", *inner]
        return lines

    body = block(value, 0) if value else [paint.pick("{}", "", "# empty")]
    text = paint.gap("", "# N\n", "---\n") + "\n".join(body)
    return text + paint.pick("", "\n", "\n# end\n")


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every path in ``value``."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


def operations(draw: Callable, value: object, new_values: st.SearchStrategy) -> Operation:
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
            item = item[step]  # type: ignore[index]
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
    key = draw(KEYS.filter(lambda name: name not in inside))  # type: ignore[operator]
    return Set((*parent, key, *deeper), draw(new_values), first=first and not deeper)


def _at(value: object, path: tuple) -> object:
    for step in path:
        value = value[step]  # type: ignore[index]
    return value
