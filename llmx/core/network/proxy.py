"""The process outside: accepts what comes from inside the sandbox, and goes where the run may go."""

import _socket
import errno
import marshal
import resource
import time

from llmx.core.network import LONGEST_REASON, PROXY_PORT
from llmx.core.network.inside import Inside
from llmx.core.network.loop import READ, Loop
from llmx.core.network.names import AllowList
from llmx.core.network.tally import Tally
from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.core.network.conversation import Rules
    from llmx.core.network.dial import Make
    from llmx.core.sandbox import Reach

    Take = Callable[[_socket.socket], object]

MOST_DESCRIPTORS = 16384
AT_ONCE = 64  # connections accepted before others have their turn
BREATH = 0.25  # seconds between two reports, and before accepting again when there was no room
FLUSH_PATIENCE = 1.0  # seconds for the last report

_LOOPBACK_SOCKET = "llmx.core.network.dial:loopback_socket"


class Proxy:
    """Serves until llm-exec closes its end of ``control``, from which it also hears which process is inside.

    ``listeners`` are the sockets outside of what is published.
    """

    def __init__(self, reach: "Reach", listeners: list[_socket.socket], control: _socket.socket) -> None:
        self._reach = reach
        self._listeners = listeners
        self._control = control
        self._is_wanted = True
        self._loop = Loop()
        self._tally = Tally(control.send)
        self._rules: Rules | None = None

    def serve(self) -> None:
        """Until the run is over."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, MOST_DESCRIPTORS) if most >= 0 else -1, most))
        self._control.setblocking(False)
        self._loop.watch(self._control.fileno(), READ, self._hear)
        while self._is_wanted:
            self._loop.turn()
            if self._tally.has_news and self not in self._loop.patience:
                self._loop.patience[self] = time.monotonic() + BREATH, self._tally.tell
        self._control.settimeout(FLUSH_PATIENCE)
        self._tally.tell()

    def _hear(self, _events: int) -> None:
        """The pid of the first process inside, and the end."""
        said = self._control.recv(64)
        if not said:
            self._is_wanted = False
            return
        try:
            self._open(int(said))
        except OSError as error:
            self._control.send(marshal.dumps(("failed", str(error)[:LONGEST_REASON])))
        else:
            self._control.send(marshal.dumps(("ready",)))

    def _open(self, pid: int) -> None:
        """Have everything listen before the command starts; raises ``OSError``."""
        inside = Inside(pid)
        if self._reach.names:
            self._accept(inside.listener(PROXY_PORT), self._converse)
        for port in self._reach.connect:
            self._accept(inside.listener(port), self._to_port("connect", str(port), port))
        for (port, host_port), listener in zip(self._reach.publish, self._listeners, strict=True):
            name = f"{port}:{host_port}"
            self._accept(listener, self._to_port("publish", name, port, inside.stream_socket))
        if not self._reach.publish:
            inside.close()

    def _accept(self, listener: _socket.socket, take: "Take") -> None:
        """Hand every connection to ``take``."""
        listener.setblocking(False)

        def accept(_events: int) -> None:
            for _ in range(AT_ONCE):
                try:
                    descriptor, _ = listener._accept()  # type: ignore[attr-defined]  # what `socket` builds on
                except OSError as error:
                    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                        self._loop.forget(listener.fileno())
                        self._loop.patience[listener] = time.monotonic() + BREATH, watch
                    return
                client = _socket.socket(fileno=descriptor)
                client.setblocking(False)
                client.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
                try:
                    take(client)
                except OSError:  # too many descriptors, most likely
                    client.close()

        def watch() -> None:
            self._loop.watch(listener.fileno(), READ, accept)

        watch()

    def _converse(self, client: _socket.socket) -> None:
        """Hear which host a client wants; what that takes is loaded with the first one."""
        if self._rules is None:
            rules = load("llmx.core.network.conversation:Rules")
            resolver = load("llmx.core.network.resolver:Resolver")(self._loop)
            self._rules = rules(self._loop, AllowList(self._reach.names), resolver, self._tally)
        load("llmx.core.network.conversation:Conversation")(self._rules, client)

    def _to_port(self, kind: str, name: str, port: int, make: "Make | None" = None) -> "Take":
        """What carries a connection on to a port; ``make`` makes sockets of where that is."""
        entry = self._tally.entry(kind, name)

        def take(client: _socket.socket) -> None:
            carry_on = load("llmx.core.network.port:carry_on")
            carry_on(self._loop, client, port, make or load(_LOOPBACK_SOCKET), entry, closed=closed)

        def closed() -> None:
            self._tally.refuse(name, f"{kind}_closed")

        return take
