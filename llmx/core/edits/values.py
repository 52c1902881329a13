"""Plain values: what a file means, whatever its format.

A value is ``None``, a bool, number, string, date or time, or a list or mapping of values. Everything here is pure.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any

from llmx.errors import ConfigError

Value = Any
"""What a file can hold; no type checker can say it better without a cast at every step."""

type_names = {dict: "a table", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
KeyPath = tuple[str | int, ...]


def plain(value: Value) -> Value:
    """A copy of ``value`` with mappings as ``dict`` and sequences as ``list``; refuses what no file can hold."""
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise ConfigError(f"a key must be text, not {wrong[0]!r}")
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | datetime.date | datetime.time):
        return value
    raise ConfigError(f"a settings file cannot hold a {type(value).__name__}")


def same(one: Value, other: Value, *, ordered: bool) -> bool:
    """Whether both mean the same: ``1``, ``1.0`` and ``true`` differ, NaN is NaN, key order counts if ``ordered``."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys_agree = list(one) == list(other) if ordered else one.keys() == other.keys()
        return keys_agree and all(same(one[key], other[key], ordered=ordered) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b, ordered=ordered) for a, b in zip(one, other, strict=True))
    if type(one) is not type(other):
        return False
    return bool(one == other) or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


class Missing:
    """The type of ``MISSING``, the answer of ``look`` where nothing is."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


def look(value: Value, path: KeyPath) -> Value:
    """What stands at ``path``, or ``MISSING``."""
    for step in path:
        if isinstance(value, list):
            found = isinstance(step, int) and 0 <= step < len(value)
        else:
            found = isinstance(value, dict) and step in value
        if not found:
            return MISSING
        value = value[step]
    return value


def dotted(path: KeyPath) -> str:
    """``path`` as it is shown to people: ``mcpServers.docs.args[0]``."""
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return shown.removeprefix(".")


def nested(path: KeyPath, value: Value) -> Value:
    """``value`` wrapped in one new mapping (or list, at index 0) for every step of ``path``."""
    for step in reversed(path):
        if isinstance(step, int):
            if step != 0:
                raise ConfigError(f"a new list starts at 0, not at {step}", key=dotted(path))
            value = [value]
        else:
            value = {step: value}
    return value


def with_set(value: Value, path: KeyPath, new: Value, *, first: bool = False) -> Value:
    """A copy of ``value`` where ``path`` holds ``new``; a ``null`` on the way counts as an absent mapping."""
    return _with_set(value, path, 0, new, first)


def _with_set(value: Value, path: KeyPath, depth: int, new: Value, first: bool) -> Value:
    if depth == len(path):
        return new
    step = path[depth]
    if value is None:
        return nested(path[depth:], new)
    if isinstance(value, dict):
        if step in value:
            return {**value, step: _with_set(value[step], path, depth + 1, new, first)}
        if isinstance(step, str):
            added = {step: nested(path[depth + 1 :], new)}
            return {**added, **value} if first else {**value, **added}
    if isinstance(value, list) and isinstance(step, int) and 0 <= step <= len(value):
        if step == len(value):
            return [*value, nested(path[depth + 1 :], new)]
        return [*value[:step], _with_set(value[step], path, depth + 1, new, first), *value[step + 1 :]]
    raise _misfit(value, path, depth)


def _misfit(value: Value, path: KeyPath, depth: int) -> ConfigError:
    where = dotted(path[:depth]) or "the top level"
    if isinstance(value, list) and isinstance(path[depth], int):
        what = f"has {len(value)} entries, so there is no place [{path[depth]}]"
    else:
        wanted = "a list" if isinstance(path[depth], int) else "a table"
        what = f"is {type_names.get(type(value), f'a {type(value).__name__}')}, not {wanted}"
    return ConfigError(f"{where} {what}", key=dotted(path), hint="change or remove that entry first")


def without(value: Value, path: KeyPath) -> Value:
    """A copy of ``value`` where nothing stands at ``path``."""
    if look(value, path) is MISSING:
        return value
    step = path[0]
    if len(path) > 1:
        inner = without(value[step], path[1:])
        return {**value, step: inner} if isinstance(value, dict) else [*value[:step], inner, *value[step + 1 :]]  # type: ignore[operator]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != step}
    return [item for index, item in enumerate(value) if index != step]
