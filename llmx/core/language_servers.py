"""Whether language servers really work: start each and greet it, in the protocol that editors speak with them."""

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.core.mcp.stdio import LONGEST, Program, connect
from llmx.core.source import Lsp
from llmx.core.source.servers import Server
from llmx.errors import InconclusiveError, LlmxError

PROVIDER = "Provider"
"""The end of what a server calls the things that it offers."""


class Greeted(NamedTuple):
    """What came of one server: ``answers``, ``failed`` or ``disabled``, why, what it offers, and the time it took."""

    name: str
    state: str
    reason: str = ""
    offers: tuple[str, ...] = ()
    seconds: float = 0.0


class Speaker(Program):
    """A running language server: each message behind a header with its length."""

    @staticmethod
    def framed(text: bytes) -> bytes:
        """A message as it is sent."""
        return b"Content-Length: %d\r\n\r\n%s" % (len(text), text)

    async def _text(self, stdout: asyncio.StreamReader) -> bytes:
        length = 0
        while line := (await stdout.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if length > LONGEST:
            raise ValueError
        try:
            return await stdout.readexactly(length)
        except asyncio.IncompleteReadError:
            return b""


async def greet(servers: Mapping[str, Lsp], *, deadline: float, env: Mapping[str, str] = os.environ) -> list[Greeted]:
    """Every server with its own deadline in seconds, so that a dead one hides no other."""
    return list(await asyncio.gather(*(_greet(name, one, deadline, env) for name, one in servers.items())))


async def _greet(name: str, lsp: Lsp, deadline: float, env: Mapping[str, str]) -> Greeted:
    if not lsp.enabled:
        return Greeted(name, "disabled")
    began = time.monotonic()
    try:
        async with asyncio.timeout(deadline):
            offers = await _offers(Server(name, lsp.command[0], lsp.command[1:], lsp.env), env)
    except TimeoutError:
        return Greeted(name, "failed", f"no answer in {deadline:g} s", seconds=time.monotonic() - began)
    except LlmxError as error:
        return Greeted(name, "failed", error.message, seconds=time.monotonic() - began)
    return Greeted(name, "answers", "", offers, time.monotonic() - began)


async def _offers(server: Server, env: Mapping[str, str]) -> tuple[str, ...]:
    """What the server says that it can do."""
    greeting: dict[str, Any] = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
    async with connect(server, env, Speaker) as running:
        can = (await running.request("initialize", greeting)).get("capabilities")
        if not isinstance(can, dict):
            raise InconclusiveError("the answer to its greeting is none of a language server")
        return tuple(
            sorted(key.removesuffix(PROVIDER) for key, value in can.items() if key.endswith(PROVIDER) and value)
        )
