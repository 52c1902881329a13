"""Bytes in one direction, from one socket to another; nothing is read as long as something waits to be sent."""

import _socket
import fcntl
import os
from contextlib import suppress

from llmx.core.network.loop import READ, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Guard(Protocol):
        """Looks at what the command sends; ``is_finished`` when it need not see the rest."""

        is_finished: bool

        def pass_on(self, data: bytes) -> bytes:
            """What may go on by now; raises ``ValueError`` when nothing may any more."""


SIZE = 1 << 18
"""Bytes that are read at a time, and at most wait for one side."""

_F_SETPIPE_SZ = 1031
_spare: list[tuple[int, int]] = []
"""Empty pipes: the kernel moves bytes between two sockets only through one."""


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
        self._pipe = (-1, -1)
        self._piped = 0
        self._is_ended = False
        self.is_done = False

    def begin(self, ahead: bytes, first: bytes) -> None:
        """Have these wait to be sent; raises what the guard raises."""
        self._waiting = memoryview(ahead + (self._guarded(first) if first else b""))

    def wants(self) -> int:
        """What it waits for at its source."""
        return 0 if self._waiting or self._piped or self._is_ended else READ

    def needs(self) -> int:
        """What it waits for at its sink."""
        return WRITE if self._waiting or self._piped else 0

    def move(self) -> None:
        """As much as goes without waiting; raises ``OSError`` when a side is broken, and what the guard raises."""
        try:
            self._step()
        except BlockingIOError:
            return
        if self._is_ended and not self._waiting and not self._piped and not self.is_done:
            self.is_done = True
            self._sink.shutdown(_socket.SHUT_WR)

    def close(self) -> None:
        """Let go of what is on its way."""
        if self._piped:
            for end in self._pipe:
                os.close(end)
        self._piped = 0

    def _step(self) -> None:
        if self._waiting:
            sent = self._sink.send(self._waiting)
            self._count(sent)
            self._waiting = self._waiting[sent:]
        elif self._piped:
            self._drain()
        elif self._guard and not self._is_ended:
            data = self._source.recv(SIZE)
            self._is_ended = not data
            self._waiting = memoryview(self._guarded(data) if data else b"")
        elif not self._is_ended:
            self._fill()

    def _guarded(self, data: bytes) -> bytes:
        if self._guard:
            data = self._guard.pass_on(data)
            if self._guard.is_finished:
                self._guard = None
        return data

    def _fill(self) -> None:
        pipe = _spare.pop() if _spare else _make_pipe()
        try:
            self._piped = os.splice(self._source.fileno(), pipe[1], SIZE)
        finally:
            if not self._piped:
                _spare.append(pipe)
        if self._piped:
            self._pipe = pipe
            self._drain()
        else:
            self._is_ended = True

    def _drain(self) -> None:
        sent = os.splice(self._pipe[0], self._sink.fileno(), self._piped)
        self._count(sent)
        self._piped -= sent
        if not self._piped:
            _spare.append(self._pipe)


def _make_pipe() -> tuple[int, int]:
    pipe = os.pipe()
    with suppress(OSError):  # this user has too many as it is
        fcntl.fcntl(pipe[1], _F_SETPIPE_SZ, SIZE)
    return pipe
