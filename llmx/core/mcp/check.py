"""Whether MCP servers really work: start or reach each, greet it, ask for its tools; all at the same time."""

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from llmx import __version__
from llmx.core.plugins import load
from llmx.core.source.servers import Server
from llmx.core.source.tables import REFERENCE, references
from llmx.errors import InconclusiveError, LlmxError

PROTOCOL = "2025-06-18"
GREETING: dict[str, Any] = {
    "protocolVersion": PROTOCOL,
    "capabilities": {},
    "clientInfo": {"name": "llmx", "version": __version__},
}
WAYS = {
    "stdio": "llmx.core.mcp.stdio:connect",
    "http": "llmx.core.mcp.http:connect",
    "sse": "llmx.core.mcp.sse:connect",
}


class Connection(Protocol):
    """An open way to one server."""

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a call; raises ``InconclusiveError`` for an error or an end."""

    async def notify(self, method: str) -> None:
        """Tell without an answer."""


class Checked(NamedTuple):
    """What came of one server: ``connected``, ``failed`` or ``disabled``, why, its tools, and the time it took."""

    name: str
    state: str
    reason: str = ""
    tools: tuple[str, ...] = ()
    server: str = ""
    seconds: float = 0.0


async def check(servers: Iterable[Server], *, deadline: float, env: Mapping[str, str] = os.environ) -> list[Checked]:
    """Every server with its own deadline in seconds, so that a dead one hides no other."""
    return list(await asyncio.gather(*(_check(server, deadline, env) for server in servers)))


async def _check(server: Server, deadline: float, env: Mapping[str, str]) -> Checked:
    if not server.enabled:
        return Checked(server.name, "disabled")
    if server.fault:
        return Checked(server.name, "failed", server.fault)
    began = time.monotonic()
    try:
        async with asyncio.timeout(deadline):
            tools, title = await _greet(filled(server, env), env)
    except TimeoutError:
        return Checked(server.name, "failed", f"no answer in {deadline:g} s", seconds=time.monotonic() - began)
    except LlmxError as error:
        return Checked(server.name, "failed", error.message, seconds=time.monotonic() - began)
    return Checked(server.name, "connected", "", tools, title, time.monotonic() - began)


async def _greet(server: Server, env: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    opened: AbstractAsyncContextManager[Connection] = load(WAYS[server.transport])(server, env)
    async with opened as connection:
        hello = await connection.request("initialize", GREETING)
        await connection.notify("notifications/initialized")
        about = hello.get("serverInfo") or {}
        title = " ".join(str(about[key]) for key in ("name", "version") if key in about)
        return (await _tools(connection) if "tools" in (hello.get("capabilities") or {}) else ()), title


async def _tools(connection: Connection) -> tuple[str, ...]:
    """The names of its tools, all pages of them."""
    names: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(100):
        page = await connection.request("tools/list", cursor)
        names += [str(tool.get("name")) for tool in page.get("tools") or () if isinstance(tool, dict)]
        if not page.get("nextCursor"):
            break
        cursor = {"cursor": page["nextCursor"]}
    return tuple(names)


def filled(server: Server, env: Mapping[str, str]) -> Server:
    """The server with every ``${NAME}`` as the environment has it; raises ``InconclusiveError`` for an unset one."""
    texts = [server.url, *server.args, *server.env.values(), *server.headers.values()]
    missing = [name for text in texts for name in references(text) if name not in env]
    if missing:
        raise InconclusiveError(f"{missing[0]} is not set", hint=f"export {missing[0]}=…")

    def fill(text: str) -> str:
        return REFERENCE.sub(lambda found: env[found[1]], text)

    return server._replace(
        url=fill(server.url),
        args=tuple(map(fill, server.args)),
        env={name: fill(value) for name, value in server.env.items()},
        headers={name: fill(value) for name, value in server.headers.items()},
    )


def result(message: Mapping[str, Any]) -> dict[str, Any]:
    """The result in a JSON-RPC answer; raises ``InconclusiveError`` with what the server says is wrong."""
    if "error" in message:
        error = message["error"]
        said = error.get("message") if isinstance(error, dict) else error
        raise InconclusiveError(f"the server answers with an error: {said}")
    found = message.get("result")
    return found if isinstance(found, dict) else {}
