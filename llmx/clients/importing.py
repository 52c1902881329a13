"""Take what clients have into the source: their MCP servers, without a key that is written out there."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.reading import value_in
from llmx.clients.shapes import NAME
from llmx.core.edits import Operation, Set
from llmx.core.source import Server
from llmx.core.source.servers import servers as declared
from llmx.core.source.tables import Place, args_hold_key, holds_key
from llmx.errors import ConfigError


class Found(NamedTuple):
    """One server of a client: ``imported``, ``same``, ``conflict`` or ``refused``, and what there is to know.

    Without a name it is the client's file that is refused, as a whole.
    """

    client: str
    name: str
    state: str
    reason: str = ""


def imports(
    clients: Iterable[Client], where: Where, scope: Scope, known: Mapping[str, Server]
) -> tuple[list[Found], list[Operation]]:
    """What each server comes to, and the operations on the source's file."""
    found: list[Found] = []
    taken = dict(known)
    operations: list[Operation] = []
    for client in clients:
        if not client.files(where, scope):
            continue
        try:
            servers = client.servers(where, scope, value_in)
        except ConfigError as error:
            found.append(Found(client.name, "", "refused", error.message))
            continue
        for server in servers:
            row, kept = _judged(client.name, server, taken)
            found.append(row)
            if row.state == "imported":
                taken[server.name] = kept
                operations.append(Set(("mcp", "servers", server.name), kept.as_dict()))
    return found, operations


def _judged(client: str, server: Server, taken: Mapping[str, Server]) -> tuple[Found, Server]:
    kept, hidden = _without_keys(server)
    if server.fault:
        return Found(client, server.name, "refused", server.fault), kept
    if not NAME.fullmatch(server.name):
        return Found(client, server.name, "refused", "its name is not of letters, digits, - and _"), kept
    if args_hold_key(server.command, server.args) or holds_key("url", server.url):
        return Found(client, server.name, "refused", "a key stands in its command or its URL"), kept
    if fault := _fault(kept):
        return Found(client, server.name, "refused", fault), kept
    there = taken.get(server.name)
    if there is not None:
        is_same = _bare(there) == _bare(kept)
        return Found(client, server.name, "same" if is_same else "conflict", "" if is_same else _OTHER), kept
    reason = f"its keys were left out; put them into: {', '.join(hidden)}" if hidden else ""
    return Found(client, server.name, "imported", reason), kept


def _fault(server: Server) -> str:
    """Why the source would not take the server; empty where it does."""
    try:
        declared({"servers": {server.name: server.as_dict()}}, Place("", {}, ("mcp",)))
    except ConfigError as error:
        return error.message.removeprefix(f": mcp.servers.{server.name}").lstrip(".: ")
    return ""


def _bare(server: Server) -> Server:
    """The server without what not every client can say."""
    return server._replace(timeout=None, enabled=True, transport="http" if server.url else "stdio")


_OTHER = "the source has another one of that name"


def _without_keys(server: Server) -> tuple[Server, list[str]]:
    """The server with a reference in the place of every key that is written out, and the variables referred to."""
    hidden: list[str] = []

    def keyless(values: Mapping[str, str]) -> dict[str, str]:
        kept = {}
        for name, value in values.items():
            variable = "".join(char if char.isalnum() else "_" for char in name.upper())
            if holds_key(name, value):
                hidden.append(variable)
                kept[name] = f"Bearer ${{{variable}}}" if value.startswith("Bearer ") else f"${{{variable}}}"
            else:
                kept[name] = value
        return kept

    return server._replace(env=keyless(server.env), headers=keyless(server.headers)), hidden
