"""Take values into the settings file: each option's key, what is there already, and what llmx has nothing for."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from llmx.core.edits import Operation, Set
from llmx.core.edits.values import MISSING, KeyPath, Value, dotted, look, plain, same
from llmx.errors import nearest
from llmx.nix.options import AWS, NOTHING, PROVIDER, SAME, SERVER, options

NO_KEY = "llmx has no such key of a server"


class Row(NamedTuple):
    """One option: ``set``, ``same``, ``conflict`` or ``unmapped``, its key in the settings file, and why it is so.

    It has no value: that may be secret where the file is not sound.
    """

    option: str
    state: str
    key: str = ""
    reason: str = ""


class Taken(NamedTuple):
    """What an option comes to: a value at a path, or the reason why it comes to nothing."""

    option: str
    path: KeyPath = ()
    value: Value = None
    reason: str = ""


def imports(values: Mapping[str, Any], there: Value, *, overwrite: bool) -> tuple[list[Row], list[Operation]]:
    """What each option comes to beside what ``there`` is in the settings file, and the operations on that."""
    rows: list[Row] = []
    operations: list[Operation] = []
    for one in taken(values):
        row = _judged(one, there, overwrite=overwrite)
        rows.append(row)
        if row.state == "set":
            operations.append(Set(one.path, one.value))
    return rows, operations


def taken(values: Mapping[str, Any]) -> list[Taken]:
    """Every option that is given a value; ``null`` is none."""
    found: list[Taken] = []
    for option, value in _options(values, ""):
        if value is None:
            continue
        if option in SAME:
            found.append(Taken(option, SAME[option], value))
        elif option not in PUT_TOGETHER:
            found.append(Taken(option, reason=_why(option)))
    for option, put in PUT_TOGETHER.items():
        value = look(values, tuple(option.split(".")))
        if value is not MISSING and value is not None:
            found += put(option, value, values)
    return found


def _options(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """The options in a set, each by its whole name; what is below an option of ours is its value."""
    for name, value in values.items():
        option = f"{above}{name}"
        if isinstance(value, dict) and option not in options() and any(o.startswith(f"{option}.") for o in options()):
            yield from _options(value, f"{option}.")
        else:
            yield option, value


def _why(option: str) -> str:
    if option in NOTHING:
        return NOTHING[option]
    near = nearest(option, options())
    return "llmx has no such option" + (f"; did you mean {near}?" if near else "")


def _judged(one: Taken, there: Value, *, overwrite: bool) -> Row:
    if not one.path:
        return Row(one.option, "unmapped", reason=one.reason)
    key, found = dotted(one.path), look(there, one.path)
    if found is not MISSING and same(found, plain(one.value), ordered=False):
        return Row(one.option, "same", key)
    if found is not MISSING and not overwrite:
        return Row(one.option, "conflict", key, "your file says something else")
    return Row(one.option, "set", key)


def _model(option: str, value: Any, values: Mapping[str, Any]) -> list[Taken]:  # noqa: ANN401  # any value of Nix
    provider = look(values, ("goose", "provider"))
    if not isinstance(provider, str):
        return [Taken(option, reason="a model is of a provider: give goose.provider too")]
    return [Taken(option, ("clients", "goose", "providers", provider), {**PROVIDER, "model": value})]


def _aws(option: str, value: Any, values: Mapping[str, Any]) -> list[Taken]:  # noqa: ANN401
    del values
    return [Taken(option, ("mcp", "servers", name, "enabled"), value) for name in AWS]


def _server_table(option: str, value: Any, values: Mapping[str, Any]) -> list[Taken]:  # noqa: ANN401
    del values
    if not isinstance(value, dict):
        return [Taken(option, reason="it is no set of servers")]
    return [one for name, server in value.items() for one in _server(f"{option}.{name}", name, server)]


def _server(option: str, name: str, server: Any) -> list[Taken]:  # noqa: ANN401
    if not isinstance(server, dict):
        return [Taken(option, reason="it is no server")]
    entry, left = _entry(server)
    rest = [Taken(f"{option}.{key}", reason=NO_KEY) for key in left]
    return [Taken(option, ("mcp", "servers", name), entry), *rest]


def _server_list(option: str, value: Any, values: Mapping[str, Any]) -> list[Taken]:  # noqa: ANN401
    del values
    if not isinstance(value, list) or not all(isinstance(server, dict) for server in value):
        return [Taken(option, reason="it is no list of servers")]
    if not value:
        return []
    read = [_entry(server) for server in value]
    entries = [{"name": server.get("name"), **entry} for server, (entry, _) in zip(value, read, strict=True)]
    named = [(str(server.get("name")), left) for server, (_, left) in zip(value, read, strict=True)]
    losses = [Taken(f"{option}.{name}.{key}", reason=NO_KEY) for name, left in named for key in left]
    return [Taken(option, ("mcp", "additional_servers"), entries), *losses]


def _entry(server: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A server as llmx has it, and the keys that it has nothing for; the kind follows from the others."""
    entry = {key: value for key, value in server.items() if key in SERVER and value is not None}
    if server.get("type") == "sse":
        entry["transport"] = "sse"
    return entry, [key for key in server if key not in (*SERVER, "type", "name")]


def _shell(option: str, value: Any, values: Mapping[str, Any]) -> list[Taken]:  # noqa: ANN401
    kubectl = look(values, ("cursor", "permissions", "kubectl", "allowed"))
    rules = [*_texts(value), *(f"kubectl {verb}" for verb in _texts(kubectl))]
    return [Taken(option, ("permissions", "clients", "cursor", "allow"), rules)] if rules else []


def _kubectl(option: str, value: Any, values: Mapping[str, Any]) -> list[Taken]:  # noqa: ANN401
    shell = look(values, ("cursor", "permissions", "shell", "allowed"))
    return [] if isinstance(shell, list) else _shell(option, [], values)


def _texts(value: Any) -> list[str]:  # noqa: ANN401
    return [str(item) for item in value] if isinstance(value, list) else []


def _settings(option: str, value: Any, values: Mapping[str, Any]) -> list[Taken]:  # noqa: ANN401
    del values
    return [Taken(f"{option}.{dotted(path)}", path, item) for path, item in _leaves(value, ())]


def _leaves(value: Value, path: KeyPath) -> Iterator[tuple[KeyPath, Value]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif value is not None and path:
        yield path, value


PUT_TOGETHER = {
    "goose.model": _model,
    "claude.mcp.aws.enabled": _aws,
    "claude.mcp.additionalServers": _server_table,
    "mcp.servers": _server_table,
    "mcp.additionalServers": _server_list,
    "cursor.permissions.shell.allowed": _shell,
    "cursor.permissions.kubectl.allowed": _kubectl,
    "settings": _settings,
}
"""Option -> what it comes to, beside the other values."""
