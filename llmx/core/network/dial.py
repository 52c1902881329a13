"""Connect to the first of some addresses that answers, without waiting."""

import _socket
import errno
import os
import time
from contextlib import suppress

from llmx.core.network.loop import WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.core.network.loop import Loop

    Done = Callable[[_socket.socket | None, str], None]
    Make = Callable[[int], _socket.socket]

PATIENCE, PATIENCE_WITH_FIRST = 30.0, 4.0
"""Seconds for the last address, and for those behind which there is another."""

UNPACED = b"reno"
"""The congestion control that every kernel has and that paces nothing: on a loopback nothing is ever congested, and
where the system's is one that measures its way (BBR), half of the time goes into measuring it."""

LOOPBACK = ((_socket.AF_INET, "127.0.0.1"), (_socket.AF_INET6, "::1"))


def stream_socket(family: int) -> _socket.socket:
    """A new TCP socket of this process's network that never waits."""
    made = _socket.socket(family, _socket.SOCK_STREAM)
    made.setblocking(False)
    return made


def loopback_socket(family: int) -> _socket.socket:
    """One that is to go no further than this machine; raises ``OSError``."""
    made = stream_socket(family)
    unpace(made)
    return made


def unpace(made: _socket.socket) -> None:
    """Have it, and what it accepts, send as fast as the other side of a loopback reads."""
    with suppress(OSError):  # an older choice of the machine's owner, who allows no other
        made.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_CONGESTION, UNPACED)


class Dial:
    """One attempt; ``done`` gets the connected socket, or None and the reason."""

    def __init__(
        self,
        loop: "Loop",
        addresses: "list[tuple[int, str]] | tuple[tuple[int, str], ...]",
        port: int,
        done: "Done",
        make: "Make" = stream_socket,
    ) -> None:
        self._loop = loop
        self._left = list(addresses)
        self._port = port
        self._done = done
        self._make = make
        self._why = "it has no address"
        self._socket: _socket.socket | None = None
        self._next()

    def _next(self) -> None:
        """Try the next address."""
        while self._left:
            family, address = self._left.pop(0)
            try:
                made = self._make(family)
            except OSError as error:
                self._why = str(error.strerror)
                continue
            number = made.connect_ex((address, self._port))
            if number in (0, errno.EINPROGRESS):
                self._socket = made
                patience = PATIENCE_WITH_FIRST if self._left else PATIENCE
                self._loop.patience[self] = time.monotonic() + patience, self._too_late
                self._loop.watch(made.fileno(), WRITE, self._answered)
                return
            self._why = os.strerror(number)
            made.close()
        self._done(None, self._why)

    def _answered(self, _events: int) -> None:
        if made := self._take():
            number = made.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            if number == 0:
                made.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
                self._done(made, "")
                return
            self._why = os.strerror(number)
            made.close()
            self._next()

    def _too_late(self) -> None:
        if made := self._take():
            self._why = os.strerror(errno.ETIMEDOUT)
            made.close()
            self._next()

    def _take(self) -> _socket.socket | None:
        """The socket, no longer waited for."""
        made, self._socket = self._socket, None
        self._loop.patience.pop(self, None)
        if made:
            self._loop.forget(made.fileno())
        return made
