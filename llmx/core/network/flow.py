"""Bytes in one direction, from one socket to another; nothing is read as long as something waits to be sent."""

import _socket
import os

from llmx.core.network.loop import READ, WRITE
from llmx.core.network.pipes import PIPES, Pipe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Guard(Protocol):
        """Looks at what the command sends; ``is_finished`` when it need not see the rest."""

        is_finished: bool

        def pass_on(self, data: bytes) -> bytes:
            """What may go on by now; raises ``ValueError`` when nothing may any more."""


SIZE, LOOKED_AT = 1 << 20, 1 << 18
"""Bytes that are read at a time, and at most wait for one side: through the kernel alone, and past a guard."""
TURNS = 4
"""Times that one direction is served before others are: every look at who is ready costs as much as moving 50 kB."""


class Flow:
    """One direction of a tunnel. Only as long as there is a guard do its bytes come into this process."""

    __slots__ = ("_count", "_guard", "_is_ended", "_pipe", "_piped", "_sink", "_source", "_waiting", "is_done")

    def __init__(
        self,
        source: _socket.socket,
        sink: _socket.socket,
        count: "Callable[[int], None]",
        guard: "Guard | None" = None,
    ) -> None:
        self._source = source
        self._sink = sink
        self._count = count
        self._guard = guard
        self._waiting = memoryview(b"")
        self._pipe: Pipe | None = None
        self._piped = 0
        self._is_ended = False
        self.is_done = False

    def begin(self, ahead: bytes, first: bytes) -> None:
        """Have these wait to be sent; raises what the guard raises."""
        self._waiting = memoryview(ahead + (self._guarded(first) if first else b""))

    def wants(self) -> int:
        """What it waits for at its source."""
        return 0 if self._waiting or self._pipe or self._is_ended else READ

    def needs(self) -> int:
        """What it waits for at its sink."""
        return WRITE if self._waiting or self._pipe else 0

    def move(self) -> None:
        """As much as goes without waiting; raises ``OSError`` when a side is broken, and what the guard raises."""
        try:
            for _ in range(TURNS):
                if not self._step():
                    break
        except BlockingIOError:
            return
        if self._is_ended and not self._waiting and not self._pipe and not self.is_done:
            self.is_done = True
            self._sink.shutdown(_socket.SHUT_WR)

    def close(self) -> None:
        """Let go of what is on its way."""
        if self._pipe:
            PIPES.drop(self._pipe)
        self._pipe, self._piped = None, 0

    def _step(self) -> bool:
        """Whether there may be more to do right now."""
        if self._waiting:
            sent = self._sink.send(self._waiting)
            self._count(sent)
            self._waiting = self._waiting[sent:]
            return not self._waiting
        if self._pipe:
            return self._drain(self._pipe)
        if self._is_ended:
            return False
        if self._guard:
            data = self._source.recv(LOOKED_AT)
            self._is_ended = not data
            self._waiting = memoryview(self._guarded(data) if data else b"")
            return bool(data)
        return self._fill()

    def _guarded(self, data: bytes) -> bytes:
        if self._guard:
            data = self._guard.pass_on(data)
            if self._guard.is_finished:
                self._guard = None
        return data

    def _fill(self) -> bool:
        pipe = PIPES.take()
        read = 0
        try:
            self._piped = read = os.splice(self._source.fileno(), pipe.writer, SIZE)
        finally:
            if not read:
                PIPES.give_back(pipe)
        self._is_ended = not read
        if read:
            self._pipe = pipe
        return bool(read) and self._drain(pipe) and read == SIZE

    def _drain(self, pipe: Pipe) -> bool:
        sent = os.splice(pipe.reader, self._sink.fileno(), self._piped)
        self._count(sent)
        self._piped -= sent
        if self._piped:
            return False
        self._pipe = None
        PIPES.give_back(pipe)
        return True
