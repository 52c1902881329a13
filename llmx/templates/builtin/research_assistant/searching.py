"""Ask a search tool of an MCP server for pages about a topic."""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmx.core.mcp.calling import session
from llmx.core.source import project_source, user_source
from llmx.core.source.servers import Server
from llmx.errors import InconclusiveError, NotFoundError, UsageError, nearest

DEADLINE_S = 60.0
_URL = re.compile(r"""https?://[^\s<>"'`\])}|\\]+""")
_WORDS_FOR_THE_QUERY = ("query", "q", "search_query", "search", "keywords", "text", "input")


async def search(tool: str, topic: str) -> list[str]:
    """The URLs that the tool names, once each; raises ``InconclusiveError`` where it cannot be used."""
    name, _, wanted = tool.partition("/")
    server = _server(name)
    try:
        async with asyncio.timeout(server.timeout or DEADLINE_S), session(server) as opened:
            chosen = _tool(await opened.tools(), wanted, name)
            text = await opened.call(chosen["name"], {_argument(chosen): topic})
    except TimeoutError:
        raise InconclusiveError(f"the search tool {tool} did not answer in time") from None
    return list(dict.fromkeys(url.rstrip(".,;:!?*_") for url in _URL.findall(text)))


def _server(name: str) -> Server:
    """The server as the user's file or a trusted project's declares it."""
    project = project_source(os.environ, os.getcwd(), [])
    declared = {**(project.servers if project else {}), **user_source().servers}
    if name not in declared:
        near = nearest(name, declared)
        hint = f"did you mean {near}?" if near else "llmx mcp add NAME -- COMMAND declares one; llmx mcp list"
        raise NotFoundError(f"search_tool: there is no MCP server {name!r}", hint=hint)
    if not declared[name].enabled:
        raise UsageError(f"search_tool: the MCP server {name} is disabled", hint=f"llmx mcp enable {name}")
    return declared[name]


def _tool(tools: Sequence[Mapping[str, Any]], wanted: str, server: str) -> Mapping[str, Any]:
    """The tool that is meant: the one of that name, else the only one that searches."""
    names = [str(tool["name"]) for tool in tools]
    if wanted in names:
        return tools[names.index(wanted)]
    searching = [tool for tool in tools if "search" in str(tool["name"]).lower()]
    if not wanted and len(searching) == 1:
        return searching[0]
    hint = f"search_tool={server}/TOOL; its tools: {', '.join(names) or 'none'}"
    raise UsageError(f"search_tool: {server} has no tool {wanted or 'that is the one to search with'!r}", hint=hint)


def _argument(tool: Mapping[str, Any]) -> str:
    """The name of the parameter that takes what is looked for."""
    schema = tool.get("inputSchema") or {}
    properties = schema.get("properties") or {}
    texts = [name for name, facts in properties.items() if isinstance(facts, dict) and facts.get("type") == "string"]
    known = [name for name in _WORDS_FOR_THE_QUERY if name in properties]
    required = [name for name in schema.get("required") or () if name in texts]
    return str([*known, *required, *texts, "query"][0])
