"""How MCP servers are written in the shape that Claude began and others took over."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from llmx.clients.protocol import Entry, File, Loss
from llmx.core.edits.values import Value
from llmx.core.source import Server, Source
from llmx.core.source.tables import REFERENCE, references

PATTERN = r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def dropped(table: Mapping[str, Any]) -> dict[str, Any]:
    """``table`` without what is empty."""
    return {key: value for key, value in table.items() if value not in ("", None, [], {}, ())}


def opening(
    source: Source,
    file: File,
    written: Callable[[Server], Value],
    *,
    key: str = "mcpServers",
    lsp: str = "",
    unwritable: Callable[[Server], str] = lambda server: "",
) -> tuple[list[Entry], list[Loss]]:
    """What a client begins with: its servers, less those switched off, for which it has no word, and what it lacks.

    ``lsp`` says why it has no language servers, ``unwritable`` why it cannot have a server; both empty where it can.
    """
    servers = [server for server in source.servers.values() if server.enabled]
    entries = [Entry(file, (key, server.name), written(server), "mcp") for server in servers if not unwritable(server)]
    losses = [Loss("mcp", server.name, reason) for server in servers if (reason := unwritable(server))]
    return entries, losses + [Loss("lsp", name, lsp) for name in source.lsp if lsp]


def user_only(source: Source, client: str, title: str) -> list[Loss]:
    """What a project says, and a client takes from its user only."""
    reason = f"{title} takes none from a project"
    endpoint = [Loss("endpoint", source.endpoint.url, reason)] if source.endpoint else []
    return [*endpoint, *([Loss("permission", "all rules", reason)] if any(source.rules_for(client)) else [])]


def respelled(value: str, form: str) -> str:
    """``value`` with its references in another form: ``{}`` of ``form`` is the variable's name."""
    return REFERENCE.sub(lambda found: form.replace("{}", found[1]), value)


def respelled_map(values: Mapping[str, str], form: str) -> dict[str, str]:
    """The same for every value."""
    return {name: respelled(value, form) for name, value in values.items()}


def refers(server: Server) -> bool:
    """Whether anything of the server is kept elsewhere."""
    texts = (server.url, *server.args, *server.env.values(), *server.headers.values())
    return any(references(text) for text in texts)


def as_text(value: object) -> str:
    """A value of an environment as the text it will be."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def referring(value: str, pattern: str) -> str:
    """The other way: what matches ``pattern``, whose group is a variable's name, becomes ``${NAME}``."""
    return re.sub(pattern, lambda found: f"${{{found[1]}}}", value)


def table_in(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The table at ``key``, empty for none; raises ``ValueError`` for something else."""
    found = entry.get(key)
    if not isinstance(found, Mapping | None):
        raise ValueError(f"its {key} is no table")
    return dict(found or {})


def list_in(entry: Mapping[str, Any], key: str) -> list[Any]:
    """The list at ``key``, empty for none; raises ``ValueError`` for something else."""
    found = entry.get(key)
    if not isinstance(found, list | None):
        raise ValueError(f"its {key} is no list")
    return list(found or ())


def text_in(entry: Mapping[str, Any], key: str) -> str:
    """The text at ``key``, empty for none; raises ``ValueError`` for something else."""
    found = entry.get(key)
    if not isinstance(found, str | None):
        raise ValueError(f"its {key} is no text")
    return found or ""


def read_server(name: str, entry: Mapping[str, Any], pattern: str = PATTERN) -> Server:
    """The server in an entry of that shape; raises ``ValueError`` with why it is none."""
    ways = [key for key in ("command", "url") if text_in(entry, key)]
    if len(ways) != 1:
        raise ValueError(f"it has {'both' if ways else 'neither'} a command {'and' if ways else 'nor'} a url")

    def texts(key: str) -> dict[str, str]:
        return {str(k): referring(as_text(v), pattern) for k, v in table_in(entry, key).items()}

    is_remote = ways == ["url"]
    return Server(
        name,
        command=text_in(entry, "command"),
        args=tuple(referring(as_text(word), pattern) for word in list_in(entry, "args")),
        env=texts("env"),
        cwd=text_in(entry, "cwd"),
        url=referring(text_in(entry, "url"), pattern) if is_remote else "",
        transport=("sse" if entry.get("type") == "sse" else "http") if is_remote else "stdio",
        headers=texts("headers"),
    )


def read_each(table: object, read: Callable[[str, dict[str, Any]], Server | None]) -> list[Server]:
    """The servers of a table; one that cannot be read says so, and hides no other. None stands for no server."""
    found: list[Server | None] = []
    for name, entry in table.items() if isinstance(table, Mapping) else ():
        try:
            found.append(read(str(name), table_in({name: entry}, name)))
        except ValueError as error:
            found.append(Server(str(name), fault=str(error)))
    return [server for server in found if server]


def read_servers(table: object, pattern: str = PATTERN) -> list[Server]:
    """All servers of a table of that shape."""
    return read_each(table, lambda name, entry: read_server(name, entry, pattern))
