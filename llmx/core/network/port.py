"""A connection carried on to a port of a loopback, on one side of the sandbox's wall or the other."""

import _socket

from llmx.core.network.dial import LOOPBACK, Dial, unpace
from llmx.core.network.tunnel import Tunnel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.network.dial import Make
    from llmx.core.network.loop import Loop
    from llmx.core.network.tally import Entry


def carry_on(loop: "Loop", client: _socket.socket, port: int, make: "Make", entry: "Entry") -> None:
    """Tunnel ``client`` to ``port`` of the loopback that ``make`` makes sockets of; close it where nobody listens."""

    def connected(far: _socket.socket | None, _why: str) -> None:
        if far is None:
            client.close()
            return
        entry.add_connection()
        Tunnel(loop, client, far, entry, lambda _error: None)

    unpace(client)
    Dial(loop, LOOPBACK, port, connected, make)
