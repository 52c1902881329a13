"""A model server on 127.0.0.1 that answers as scripted, faults included, and remembers what it was asked."""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

RESET = "reset"
"""Break the connection off with a TCP reset."""

HANG = "hang"
"""Say nothing more until the client goes away."""

WAIT = "wait"
"""Go on when the test calls ``server.go_on()``."""

Step = bytes | str


class Asked(NamedTuple):
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Its body."""
        data: dict[str, Any] = json.loads(self.body)
        return data


class ModelServer:
    """Answers request number n with answer number n, the last again and again; an answer is a list of steps."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Sequence[Step]] = []
        self.by_path: dict[str, Sequence[Step]] = {}
        self.left = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._go_on = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20), self._loop
        ).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def answer(self, *answers: Sequence[Step]) -> None:
        """What to answer from now on."""
        self.answers = list(answers)
        self.asked.clear()

    def go_on(self) -> None:
        """Let an answer go on behind its ``WAIT``."""
        self._loop.call_soon_threadsafe(self._go_on.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether another may follow."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")[:-2]
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ", 2)
        self.asked.append(Asked(method, path, headers, body))
        steps = self.by_path.get(path)
        if steps is None:
            steps = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        for step in steps:
            if step == RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return False
            if step == HANG:
                await reader.read()
                self.left.set()
                return False
            if step == WAIT:
                await self._go_on.wait()
                self._go_on.clear()
                continue
            writer.write(step if isinstance(step, bytes) else step.encode())
            await writer.drain()
        return b"onnection: close" not in b"".join(s for s in steps[:1] if isinstance(s, bytes))


def head(kind: str = "text/event-stream", status: str = "200 OK", **headers: str) -> bytes:
    """The head of an answer that ends with the connection."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n".encode()


def whole(body: object, status: str = "200 OK", kind: str = "application/json", **headers: str) -> list[Step]:
    """An answer whose length is known; the connection stays."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return [
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{more}\r\n".encode() + data,
    ]


def sse(*payloads: object, event: bool = False) -> bytes:
    """Server-sent events, with their names where the format has them."""
    return b"".join(_event(payload, event) for payload in payloads)


def _event(payload: object, named: bool) -> bytes:
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    name = f"event: {payload['type']}\n" if named and isinstance(payload, dict) else ""
    return f"{name}data: {text}\n\n".encode()


def ndjson(*payloads: object) -> bytes:
    """One JSON object a line."""
    return b"".join(json.dumps(payload, ensure_ascii=False).encode() + b"\n" for payload in payloads)
