"""The model host: one small process of each user that keeps loaded models warm, behind a socket of that user's own.

A connection carries one request, a JSON object on a line, and what comes of it, an object a line; to close it is to
want no more. It ends itself when there is no model and nobody asks.

    {"op": "load", "configuration": [...], "keep_s": 300}          progress …, {"loaded": {…}} or {"error": …}
    {"op": "ask", "configuration": [...], "keep_s": null, "ask": […]}  what a worker says, up to "end" or "error"
    {"op": "unload", "path": ""}                                   {"unloaded": ["/m.gguf"]}
    {"op": "status"}                                               {"status": [{…}], "pid": 1}
"""

import asyncio
import fcntl
import json
import os
import signal
import sys
import time
from contextlib import aclosing, suppress
from typing import Any

from llmx.core.runner import Ask, Configuration, told
from llmx.core.runner.host_place import LONGEST_LINE, lock_of, socket_of
from llmx.core.runner.workers import Workers
from llmx.errors import LlmxError


class Host:
    """Answers connections."""

    def __init__(self) -> None:
        self._workers = Workers()
        self._connections = 0
        self._since = time.monotonic()

    @property
    def idle_s(self) -> float:
        """How long there has been nothing to do and nothing to keep."""
        if self._connections or self._workers.kept:
            self._since = time.monotonic()
        return time.monotonic() - self._since

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its request to its end."""
        self._connections += 1
        try:
            request = json.loads(await reader.readline())
            work = asyncio.create_task(self._work(request, Wire(writer)))
            gone = asyncio.create_task(reader.read())
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            work.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await work
        except (ValueError, ConnectionError):
            pass  # whoever asked is gone, or is no client of ours
        finally:
            self._connections -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def close(self) -> None:
        """End all workers."""
        await self._workers.close()

    async def _work(self, request: dict[str, Any], wire: "Wire") -> None:
        try:
            match request["op"]:
                case "load":
                    await self._load(_configuration(request), request["keep_s"], wire)
                case "ask":
                    await self._ask(_configuration(request), request["keep_s"], Ask(*request["ask"]), wire)
                case "unload":
                    await wire.tell({"unloaded": await self._unload(request["path"])})
                case "status":
                    await wire.tell({"status": await self._status(), "pid": os.getpid()})
                case other:
                    await wire.tell({"error": "bad_request", "message": f"the model host knows no {other!r}"})
        except LlmxError as error:
            await wire.tell(told(error))
        except (KeyError, TypeError) as error:
            await wire.tell({"error": "bad_request", "message": f"another version of llmx asks: {error}"})

    async def _load(self, plain: Configuration, keep_s: float | None, wire: "Wire") -> None:
        async with self._workers.borrowed(plain, keep_s, wire.progress) as worker:
            await wire.tell({"loaded": {**worker.facts, "context": worker.configuration.context}})

    async def _ask(self, plain: Configuration, keep_s: float | None, ask: Ask, wire: "Wire") -> None:
        async with self._workers.borrowed(plain, keep_s, wire.progress) as worker, aclosing(worker.ask(ask)) as said:
            async for message in said:
                await wire.tell(message)

    async def _unload(self, path: str) -> list[str]:
        """End the workers of that file, or all."""
        found = [plain for plain in self._workers.kept if path in ("", plain.path)]
        for plain in found:
            await self._workers.end(plain)
        return [plain.path for plain in found]

    async def _status(self) -> list[dict[str, Any]]:
        rows = []
        for plain, kept in list(self._workers.kept.items()):
            worker = kept.worker
            if worker is None or not worker.is_alive:
                continue
            rows.append(
                {
                    "path": plain.path,
                    "engine": plain.engine,
                    "context": worker.configuration.context,
                    "keep_alive": None if kept.keep_s == float("inf") else kept.keep_s,
                    "idle_s": 0.0 if kept.users else round(time.monotonic() - kept.used, 1),
                    **await worker.stats(),
                }
            )
        return rows


class Wire:
    """Writes to one connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def tell(self, message: dict[str, Any]) -> None:
        """One object; waits where the other side is slow."""
        self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        await self._writer.drain()

    def progress(self, stage: str, fraction: float) -> None:
        """How far loading is."""
        self._writer.write(json.dumps({"progress": stage, "fraction": fraction}).encode() + b"\n")


def _configuration(request: dict[str, Any]) -> Configuration:
    plain = Configuration(*request["configuration"])
    return plain._replace(stamp=tuple(plain.stamp))


async def serve(path: str, stays_s: float) -> None:
    """Answer until there has been nothing to do for so long."""
    host, ends = Host(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ends.set)
    with suppress(FileNotFoundError):
        os.unlink(path)
    server = await asyncio.start_unix_server(host.answer, path, limit=LONGEST_LINE)
    print("ready", flush=True)
    while not ends.is_set() and host.idle_s < stays_s:
        with suppress(TimeoutError):
            await asyncio.wait_for(ends.wait(), stays_s / 10)
    with suppress(FileNotFoundError):
        os.unlink(path)  # from here on who asks starts another
    server.close()
    await host.close()


def main() -> None:
    """Be the only one; another that is there already answers in this one's place."""
    os.umask(0o077)
    with open(lock_of(), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(0)
        asyncio.run(serve(socket_of(), float(sys.argv[1])))


if __name__ == "__main__":
    main()
