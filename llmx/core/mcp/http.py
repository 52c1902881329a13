"""An MCP server behind a URL (streamable HTTP): each call is a POST, answered by JSON or by server-sent events."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from llmx.core.backends.framing import ServerSentEvents
from llmx.core.mcp.check import PROTOCOL, result
from llmx.core.source.servers import Server
from llmx.errors import InconclusiveError

ACCEPTED = "application/json, text/event-stream"
LONGEST = 16 << 20


class Remote:
    """A session with the server."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client, self._url = client, url
        self._last = 0
        self.session: dict[str, str] = {}

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a call."""
        self._last += 1
        body = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        async with self._client.stream("POST", self._url, json=body, headers=self.session) as response:
            await _check_status(response)
            if session := response.headers.get("mcp-session-id"):
                self.session = {"Mcp-Session-Id": session, "MCP-Protocol-Version": PROTOCOL}
            async for message in _messages(response):
                if isinstance(message, dict) and message.get("id") == self._last and "method" not in message:
                    return result(message)
        raise InconclusiveError(f"the server's answer to {method} holds no result")

    async def notify(self, method: str) -> None:
        """Tell without an answer."""
        response = await self._client.post(self._url, json={"jsonrpc": "2.0", "method": method}, headers=self.session)
        await _check_status(response)

    async def leave(self) -> None:
        """Let the server forget the session."""
        if self.session:
            with contextlib.suppress(httpx.HTTPError):
                await self._client.delete(self._url, headers=self.session)


@contextlib.asynccontextmanager
async def connect(server: Server, env: Mapping[str, str]) -> AsyncIterator[Remote]:
    """A session with the server; what the network does is told in plain words."""
    del env
    try:
        async with httpx.AsyncClient(headers={**server.headers, "Accept": ACCEPTED}, timeout=None) as client:
            remote = Remote(client, server.url)
            try:
                yield remote
            finally:
                await remote.leave()
    except httpx.HTTPError as error:
        raise InconclusiveError(f"{server.url} cannot be reached: {error or type(error).__name__}") from None


async def _check_status(response: httpx.Response) -> None:
    if response.status_code in (401, 403):
        raise InconclusiveError(f"the server refuses the key (HTTP {response.status_code})")
    if response.status_code >= 300:
        raise InconclusiveError(f"the server answers HTTP {response.status_code}")


async def _messages(response: httpx.Response) -> AsyncIterator[Any]:
    """The JSON texts of an answer, as they come."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        yield _parsed(await response.aread())
        return
    events = ServerSentEvents()
    async for chunk in response.aiter_bytes():
        for data in events.feed(chunk):
            yield _parsed(data)
    for data in events.finish():
        yield _parsed(data)


def _parsed(data: bytes) -> Any:  # noqa: ANN401  # JSON
    if len(data) > LONGEST:
        raise InconclusiveError(f"the server's answer is larger than {LONGEST >> 20} MiB")
    try:
        return json.loads(data)
    except ValueError:
        raise InconclusiveError("the server's answer is no JSON: this is no MCP server, or not at this path") from None
