"""Use a tool of an MCP server: start or reach it, greet it, call the tool, let go of it."""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from llmx.core.mcp.check import GREETING, WAYS, Connection, filled
from llmx.core.plugins import load
from llmx.core.source.servers import Server
from llmx.errors import InconclusiveError

_MOST_PAGES = 100


class Session:
    """An open server that has been greeted."""

    def __init__(self, server: str, connection: Connection) -> None:
        self._server, self._connection = server, connection

    async def tools(self) -> list[dict[str, Any]]:
        """What it offers, as it says it: ``name``, ``description``, ``inputSchema``."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            page = await self._connection.request("tools/list", cursor)
            found += [tool for tool in page.get("tools") or () if isinstance(tool, dict) and tool.get("name")]
            if not page.get("nextCursor"):
                break
            cursor = {"cursor": page["nextCursor"]}
        return found

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """What the tool answers, as text; raises ``InconclusiveError`` for an error that it tells."""
        result = await self._connection.request("tools/call", {"name": tool, "arguments": dict(arguments)})
        text = "\n".join(_texts(result))
        if result.get("isError"):
            raise InconclusiveError(f"{self._server}/{tool}: {text[:500] or 'it failed and does not say why'}")
        return text


@contextlib.asynccontextmanager
async def session(server: Server, env: Mapping[str, str] = os.environ) -> AsyncIterator[Session]:
    """The server, for as long as the block lasts; raises ``InconclusiveError`` where it cannot be had."""
    opened: AbstractAsyncContextManager[Connection] = load(WAYS[server.transport])(filled(server, env), env)
    async with opened as connection:
        await connection.request("initialize", GREETING)
        await connection.notify("notifications/initialized")
        yield Session(server.name, connection)


def _texts(result: Mapping[str, Any]) -> list[str]:
    """The texts and links of a result; its structured form where it has nothing else."""
    found = []
    for block in result.get("content") or ():
        if not isinstance(block, dict):
            continue
        resource = block.get("resource")
        held = resource.get("text") if isinstance(resource, dict) else None
        found += [str(text) for text in (block.get("text"), block.get("uri"), held) if text]
    if not found and result.get("structuredContent"):
        found.append(json.dumps(result["structuredContent"], ensure_ascii=False))
    return found
