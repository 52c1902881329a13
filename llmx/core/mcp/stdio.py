"""An MCP server that is a program: one JSON text a line, in and out."""

import asyncio
import contextlib
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import IO, Any

from llmx.core.mcp.check import result
from llmx.core.redact import mask_text
from llmx.core.source.servers import Server
from llmx.errors import InconclusiveError

LONGEST = 16 << 20
GRACE_S = 1.0


class Program:
    """A running server."""

    def __init__(self, process: asyncio.subprocess.Process, log: IO[bytes], env: Mapping[str, str]) -> None:
        self._process, self._log, self._env = process, log, env
        self._last = 0

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a call; what the server says in between is left alone."""
        self._last += 1
        await self._send({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        assert self._process.stdout
        while True:
            try:
                text = await self._text(self._process.stdout)
            except ValueError:
                raise InconclusiveError(f"the server writes a line of more than {LONGEST >> 20} MiB") from None
            if not text:
                raise InconclusiveError(f"the server has ended{await self._code()}{self._said()}")
            with contextlib.suppress(ValueError):  # a program that logs on stdout breaks the protocol, but is heard out
                message = json.loads(text)
                if isinstance(message, dict) and message.get("id") == self._last and "method" not in message:
                    return result(message)

    async def _text(self, stdout: asyncio.StreamReader) -> bytes:
        """The next message; empty at the end."""
        return await stdout.readline()

    async def notify(self, method: str) -> None:
        """Tell without an answer."""
        await self._send({"jsonrpc": "2.0", "method": method})

    async def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin
        with contextlib.suppress(ConnectionError):  # its end is told by the answer that does not come
            self._process.stdin.write(self.framed(json.dumps(message).encode()))
            await self._process.stdin.drain()

    @staticmethod
    def framed(text: bytes) -> bytes:
        """A message as it is sent."""
        return text + b"\n"

    async def _code(self) -> str:
        return f" with exit code {await self._process.wait()}"

    def _said(self) -> str:
        """The last lines that it wrote to stderr."""
        self._log.seek(max(0, os.fstat(self._log.fileno()).st_size - 2000))
        lines = self._log.read().decode(errors="replace").strip().splitlines()[-3:]
        return f": {mask_text(' / '.join(lines), self._env)}" if lines else ""


@contextlib.asynccontextmanager
async def connect(server: Server, env: Mapping[str, str], speaking: type[Program] = Program) -> AsyncIterator[Program]:
    """The server, started, and ended with all its children."""
    with tempfile.TemporaryFile() as log:
        try:
            process = await asyncio.create_subprocess_exec(
                server.command,
                *server.args,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**env, **server.env},
                cwd=os.path.expanduser(server.cwd) if server.cwd else None,
                start_new_session=True,
                limit=LONGEST,
            )
        except (OSError, ValueError) as error:
            raise InconclusiveError(f"{server.command} cannot be started: {error}") from None
        try:
            yield speaking(process, log, env)
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its stdin, which is how it is asked to end, then end its process group."""
    if process.stdin:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    with contextlib.suppress(TimeoutError, ValueError):  # read to its end, the pipe is closed with the loop still there
        async with asyncio.timeout(GRACE_S):
            while process.stdout and await process.stdout.read(1 << 16):
                pass
