"""The settings file as an attribute set of Nix: the options of ``llm``, and all that they have no word for."""

import re
from collections.abc import Mapping
from typing import Any

from llmx.core.edits.values import MISSING, Value, look, plain, same, with_set, without
from llmx.errors import ConfigError
from llmx.nix.options import PROVIDER, SAME, SERVER

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
KEYWORDS = {"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"}
INDENT = "  "


def values(document: Mapping[str, Any]) -> dict[str, Any]:
    """The set ``llm`` that, imported into an empty file, is ``document``."""
    rest: Value = plain(document)
    found: Value = {}
    for option, take in (("mcp.servers", _servers), ("mcp.additionalServers", _listed)):
        value, rest = take(rest)
        found = with_set(found, tuple(option.split(".")), value) if value else found
    found, rest = _goose(found, rest)
    for option, path in SAME.items():
        value = look(rest, path)
        if value is not MISSING:
            found, rest = with_set(found, tuple(option.split(".")), value), without(rest, path)
    allow = look(rest, ("permissions", "clients", "cursor", "allow"))
    if allow is not MISSING and allow:
        found = with_set(found, ("cursor", "permissions", "shell", "allowed"), allow)
        rest = without(rest, ("permissions", "clients", "cursor", "allow"))
    rest = _without_emptied(rest, document)
    return {**found, "settings": rest} if rest else dict(found)


def text(found: Mapping[str, Any]) -> str:
    """``{ llm = …; }`` as Nix."""
    return f"{written({'llm': found})}\n"


def written(value: Value, depth: int = 0) -> str:
    """A value in Nix's words."""
    inner, outer = INDENT * (depth + 1), INDENT * depth
    if isinstance(value, Mapping):
        lines = [f"{inner}{_name(name)} = {written(item, depth + 1)};\n" for name, item in value.items()]
        return f"{{\n{''.join(lines)}{outer}}}" if lines else "{ }"
    if isinstance(value, list):
        items = [f"{inner}{_item(item, depth + 1)}\n" for item in value]
        return f"[\n{''.join(items)}{outer}]" if items else "[ ]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return _number(value)
    raise ConfigError(f"Nix has no value such as {value}")


def _item(value: Value, depth: int) -> str:
    """A member of a list: a negative number would be read as a subtraction."""
    shown = written(value, depth)
    return f"({shown})" if shown.startswith("-") else shown


def _number(value: float) -> str:
    shown = repr(value)
    if shown in ("inf", "-inf", "nan"):
        raise ConfigError(f"Nix has no number such as {shown}")
    return shown


def _string(value: str) -> str:
    """``${`` would be filled in by Nix."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    escaped = "".join(escapes.get(char, char) for char in value).replace("${", "\\${")
    return f'"{escaped}"'


def _name(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) and name not in KEYWORDS else _string(name)


def _servers(document: Value) -> tuple[Value, Value]:
    """The table of servers, those that the options have words for."""
    table = look(document, ("mcp", "servers"))
    kept = {n: _server(e) for n, e in table.items() if _fits(e)} if isinstance(table, dict) else {}
    for name in kept:
        document = without(document, ("mcp", "servers", name))
    return kept, document


def _listed(document: Value) -> tuple[Value, Value]:
    """The list of servers, if the options have words for all of it."""
    entries = look(document, ("mcp", "additional_servers"))
    if not isinstance(entries, list) or not all(_fits(entry) for entry in entries):
        return [], document
    return [_server(entry) for entry in entries], without(document, ("mcp", "additional_servers"))


def _fits(entry: Value) -> bool:
    known = {*SERVER, "name", "transport"}
    return isinstance(entry, dict) and entry.keys() <= known and entry.get("transport", "sse") == "sse"


def _server(entry: Mapping[str, Any]) -> Value:
    rest = {key: value for key, value in entry.items() if key != "transport"}
    return {**rest, "type": "sse"} if "transport" in entry else rest


def _goose(found: Value, document: Value) -> tuple[Value, Value]:
    """The model of the provider that is used."""
    provider = look(document, ("clients", "goose", "active_provider"))
    path = ("clients", "goose", "providers", provider)
    entry = look(document, path) if isinstance(provider, str) else MISSING
    if not isinstance(entry, dict) or not same(entry, {**PROVIDER, "model": entry.get("model")}, ordered=False):
        return found, document
    return with_set(found, ("goose", "model"), entry["model"]), without(document, path)


def _without_emptied(rest: Value, document: Value, path: tuple[str, ...] = ()) -> Value:
    """``rest`` without the tables that are empty now and were not before."""
    if not isinstance(rest, dict):
        return rest
    kept = {name: _without_emptied(item, document, (*path, name)) for name, item in rest.items()}
    return {name: item for name, item in kept.items() if item != {} or look(document, (*path, name)) == {}}
