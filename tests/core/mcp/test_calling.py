"""A tool of an MCP server is really called."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from llmx.core.mcp.calling import session
from llmx.core.source.servers import Server
from llmx.errors import InconclusiveError

PROGRAM = str(Path(__file__).with_name("searching.py"))


def called(answer, arguments):
    async def call():
        server = Server("s", sys.executable, (PROGRAM, "web_search", json.dumps(answer)))
        async with session(server) as opened:
            return [tool["name"] for tool in await opened.tools()], await opened.call("web_search", arguments)

    return asyncio.run(call())


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "a\nb"),
        ({"content": [{"type": "resource_link", "uri": "https://x.example/"}]}, "https://x.example/"),
        ({"content": [{"type": "resource", "resource": {"uri": "u", "text": "held"}}]}, "held"),
        ({"content": [], "structuredContent": {"urls": ["https://x.example/"]}}, '{"urls": ["https://x.example/"]}'),
        ({"content": ["odd", None]}, ""),
        ({}, ""),
        (
            {"content": [{"type": "text", "text": "ASKED"}]},
            '{"name": "web_search", "arguments": {"question": "what \\"is\\" it"}}',
        ),
    ],
)
def test_what_a_tool_answers_is_text(answer, text):
    assert called(answer, {"question": 'what "is" it'}) == (["web_search"], text)


def test_an_error_of_the_tool_is_one():
    with pytest.raises(InconclusiveError, match="s/web_search: no quota left"):
        called({"isError": True, "content": [{"type": "text", "text": "no quota left"}]}, {})


def test_a_server_that_cannot_be_had_is_said():
    async def call():
        async with session(Server("s", "/nonexistent/program")):
            pass

    with pytest.raises(InconclusiveError, match="cannot be started"):
        asyncio.run(call())
