"""How MCP servers are written in the shape that Claude began and others took over."""

import re
from collections.abc import Mapping
from typing import Any

from llmx.core.source import Server
from llmx.core.source.tables import REFERENCE, references

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def dropped(table: Mapping[str, Any]) -> dict[str, Any]:
    """``table`` without what is empty."""
    return {key: value for key, value in table.items() if value not in ("", None, [], {}, ())}


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


def read_server(name: str, entry: object, pattern: str = r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}") -> Server | None:
    """The server in an entry of that shape; None for what is none."""
    if not isinstance(entry, Mapping) or not ("command" in entry or "url" in entry):
        return None

    def texts(key: str) -> dict[str, str]:
        found = entry.get(key)
        table = found if isinstance(found, Mapping) else {}
        return {str(k): referring(as_text(v), pattern) for k, v in table.items()}

    is_remote = "command" not in entry
    args = entry.get("args")
    return Server(
        name,
        command="" if is_remote else str(entry["command"]),
        args=tuple(referring(as_text(word), pattern) for word in args) if isinstance(args, list) else (),
        env=texts("env"),
        cwd=str(entry.get("cwd") or ""),
        url=referring(str(entry["url"]), pattern) if is_remote else "",
        transport=("sse" if entry.get("type") == "sse" else "http") if is_remote else "stdio",
        headers=texts("headers"),
    )


def read_servers(table: object, pattern: str = r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}") -> list[Server]:
    """All servers of a table of that shape."""
    entries = table.items() if isinstance(table, Mapping) else ()
    return [server for name, entry in entries if (server := read_server(str(name), entry, pattern))]
