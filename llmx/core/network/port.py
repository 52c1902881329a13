"""A connection carried on to a port of a loopback, on one side of the sandbox's wall or the other."""

import _socket
import sys

from llmx.core.network.dial import LOOPBACK, Dial, unpace
from llmx.core.network.tunnel import Tunnel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.core.network.dial import Make
    from llmx.core.network.loop import Loop
    from llmx.core.network.tally import Entry


RESET = (1).to_bytes(4, sys.byteorder) + bytes(4)
"""For SO_LINGER: closing the socket tells the other side that nothing came of it."""


def carry_on(
    loop: "Loop", client: _socket.socket, port: int, make: "Make", entry: "Entry", *, closed: "Callable[[], None]"
) -> None:
    """Tunnel ``client`` to ``port`` of the loopback that ``make`` makes sockets of.

    Where nobody listens it is reset, which no client takes for an answer, and ``closed`` is called.
    """

    def connected(far: _socket.socket | None, _why: str) -> None:
        if far is None:
            client.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, RESET)
            client.close()
            closed()
            return
        entry.add_connection()
        Tunnel(loop, client, far, entry, lambda _error: None)

    unpace(client)
    Dial(loop, LOOPBACK, port, connected, make)
