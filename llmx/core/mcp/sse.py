"""An MCP server of the older kind: one stream of events for all answers, and a URL of its own to post to."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from llmx.core.backends.framing import ServerSentEvents
from llmx.core.mcp.check import result
from llmx.core.source.servers import Server
from llmx.errors import InconclusiveError


class Stream:
    """The open stream, and where to post."""

    def __init__(self, client: httpx.AsyncClient, events: AsyncIterator[bytes], url: str) -> None:
        self._client, self._events, self._url = client, events, url
        self._last = 0

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a call."""
        self._last += 1
        await self._post({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        async for data in self._events:
            with contextlib.suppress(ValueError):
                message = json.loads(data)
                if isinstance(message, dict) and message.get("id") == self._last and "method" not in message:
                    return result(message)
        raise InconclusiveError("the server has ended the stream")

    async def notify(self, method: str) -> None:
        """Tell without an answer."""
        await self._post({"jsonrpc": "2.0", "method": method})

    async def _post(self, message: Mapping[str, Any]) -> None:
        response = await self._client.post(self._url, json=message)
        if response.status_code >= 300:
            raise InconclusiveError(f"the server answers HTTP {response.status_code}")


@contextlib.asynccontextmanager
async def connect(server: Server, env: Mapping[str, str]) -> AsyncIterator[Stream]:
    """The stream of the server; its first event says where to post, which must be the same host."""
    del env
    try:
        async with (
            httpx.AsyncClient(headers=server.headers, timeout=None) as client,
            client.stream("GET", server.url, headers={"Accept": "text/event-stream"}) as response,
        ):
            if response.status_code >= 300:
                raise InconclusiveError(f"the server answers HTTP {response.status_code}")
            events = _events(response)
            first = await anext(events, b"")
            url = urljoin(server.url, first.decode(errors="replace"))
            if not first or urlsplit(url)[:2] != urlsplit(server.url)[:2]:
                raise InconclusiveError("the server does not say where to post, or names another host")
            yield Stream(client, events, url)
    except httpx.HTTPError as error:
        raise InconclusiveError(f"{server.url} cannot be reached: {error or type(error).__name__}") from None


async def _events(response: httpx.Response) -> AsyncIterator[bytes]:
    events = ServerSentEvents()
    async for chunk in response.aiter_bytes():
        for data in events.feed(chunk):
            yield data
