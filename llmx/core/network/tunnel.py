"""Bytes both ways between two sockets, as fast as the slower side takes them, until both ends are closed."""

import _socket

from llmx.core.network.flow import Flow
from llmx.core.network.loop import BROKEN, READ, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.core.network.flow import Guard
    from llmx.core.network.loop import Loop
    from llmx.core.network.tally import Entry


class Tunnel:
    """Moves bytes and counts them. ``near`` is the command's side. ``guard`` sees what comes from there first.

    ``first`` has been read already; ``ahead`` goes out before everything else, unseen by the guard. ``closed`` is
    called once at the end, with the error that the guard has raised.
    """

    def __init__(
        self,
        loop: "Loop",
        near: _socket.socket,
        far: _socket.socket,
        entry: "Entry",
        closed: "Callable[[Exception | None], None]",
        *,
        ahead: bytes = b"",
        first: bytes = b"",
        guard: "Guard | None" = None,
    ) -> None:
        self._loop = loop
        self._near = near
        self._far = far
        self._closed = closed
        self._out = Flow(near, far, entry.add_sent, guard)
        self._back = Flow(far, near, entry.add_received)
        try:
            self._out.begin(ahead, first)
        except ValueError as error:
            self._close(error)
        else:
            self._move(0, sends=WRITE, receives=READ)

    def _near_ready(self, events: int) -> None:
        self._move(events, sends=events & ~WRITE, receives=events & ~READ)

    def _far_ready(self, events: int) -> None:
        self._move(events, sends=events & ~READ, receives=events & ~WRITE)

    def _move(self, events: int, *, sends: int, receives: int) -> None:
        """What ``events`` make possible: of a direction that they do not concern, not even a try."""
        try:
            if receives:
                self._back.move()
            if sends:
                self._out.move()
        except OSError:
            self._close(None)
        except ValueError as error:
            self._close(error)
        else:
            is_broken = events & BROKEN and not events & (READ | WRITE)
            if is_broken or (self._out.is_done and self._back.is_done):
                self._close(None)
            else:
                self._loop.watch(self._near.fileno(), self._out.wants() | self._back.needs(), self._near_ready)
                self._loop.watch(self._far.fileno(), self._back.wants() | self._out.needs(), self._far_ready)

    def _close(self, error: Exception | None) -> None:
        self._out.close()
        self._back.close()
        for one in (self._near, self._far):
            self._loop.forget(one.fileno())
            one.close()
        self._closed(error)
