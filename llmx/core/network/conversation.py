"""One client of the proxy: its request is read and judged, and becomes a tunnel or an answer that says why not."""

import _socket
import time

from llmx.core.network.dial import Dial
from llmx.core.network.loop import BROKEN, READ
from llmx.core.network.names import canonical
from llmx.core.network.request_body import Body
from llmx.core.network.request_head import END, LARGEST, BadRequestError, Head, read
from llmx.core.network.server_name import Hello, OtherNameError, UnreadableError
from llmx.core.network.tunnel import Tunnel
from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.network.loop import Loop
    from llmx.core.network.names import AllowList
    from llmx.core.network.resolver import Resolver
    from llmx.core.network.tally import Tally

PATIENCE = 60.0  # seconds for a whole head to come
LINGER = 5.0  # seconds in which a refused client may read why
_PHRASES = {400: "Bad Request", 403: "Forbidden", 431: "Too Large", 502: "Bad Gateway", 408: "Timeout"}


class Rules:
    """What all conversations of a run share."""

    def __init__(self, loop: "Loop", allowed: "AllowList", resolver: "Resolver", tally: "Tally") -> None:
        self.loop = loop
        self.allowed = allowed
        self.resolver = resolver
        self.tally = tally


class Conversation:
    """Begins with an accepted connection, and goes on by itself."""

    def __init__(self, rules: Rules, client: _socket.socket) -> None:
        self._rules = rules
        self._loop = rules.loop
        self._client = client
        self._data = b""
        self._loop.patience[self] = time.monotonic() + PATIENCE, lambda: self._answer(408, "no request came")
        self._loop.watch(client.fileno(), READ, self._read)

    def _read(self, _events: int) -> None:
        try:
            more = self._client.recv(LARGEST)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self._close()
            return
        self._data += more
        head, end, rest = self._data.partition(END)
        if end and len(head) <= LARGEST:
            self._pause()
            self._data = rest
            self._judge(head)
        elif len(self._data) > LARGEST:
            self._answer(431, "the request's head is too long")

    def _pause(self) -> None:
        """Hear no more of the client for now."""
        self._loop.patience.pop(self, None)
        self._loop.forget(self._client.fileno())

    def _judge(self, data: bytes) -> None:
        try:
            head = read(data)
        except BadRequestError as error:
            self._answer(400, f"this is no request that can be passed on: {error}")
            return
        host = canonical(head.host)
        if not host:
            self._refuse(_shown(head), "address", "an address instead of a name")
        elif not self._rules.allowed.allows(host, head.port):
            port = self._rules.allowed.knows(host) or head.port not in (80, 443)
            name = f"{host}:{head.port}" if port else host
            self._refuse(name, "not_listed", f"--net does not name it; --net {name} does")
        else:
            self._rules.resolver.ask(host, lambda found, why: self._found(head, host, found, why))

    def _found(self, head: Head, host: str, found: list[tuple[int, str]], why: str) -> None:
        """With the addresses of the name, each of which is checked, and then used as it is."""
        if not found:
            self._rules.tally.refuse(host, "unresolved")
            self._answer(502, f"{host}: {why}")
            return
        try:
            why_refused = load("llmx.core.network.addresses:why_refused")
            judged = [(each, why_refused(each[1])) for each in found]
        except OSError as error:  # too many descriptors, most likely
            self._answer(502, f"{host}: its addresses cannot be checked: {error.strerror}")
            return
        public = [each for each, reason in judged if not reason]
        if not public:
            self._refuse(host, judged[0][1].replace(" ", "_"), f"its address {judged[0][0][1]} is {judged[0][1]}")
            return
        Dial(self._loop, public, head.port, lambda far, why: self._connected(head, host, far, why))

    def _connected(self, head: Head, host: str, far: _socket.socket | None, why: str) -> None:
        name = host if head.port in (80, 443) else f"{host}:{head.port}"
        if far is None:
            self._rules.tally.refuse(name, "host_closed")
            self._answer(502, f"{host}:{head.port}: {why}")
            return
        entry = self._rules.tally.entry("host", name)
        entry.add_connection()
        tunnel = (self._loop, self._client, far, entry)
        if not head.is_tunnel:
            try:
                first = head.onward + (body := Body(head.body)).pass_on(self._data)
            except BadRequestError as error:
                far.close()
                self._answer(400, f"this is no request that can be passed on: {error}")
                return
            Tunnel(*tunnel, self._closed, guard=body, ahead=first)
            return
        try:
            self._client.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        except OSError:
            far.close()
            self._close()
            return
        Tunnel(*tunnel, self._closed, guard=Hello(host), first=self._data)

    def _closed(self, error: Exception | None) -> None:
        match error:
            case OtherNameError():
                self._rules.tally.refuse(_printable(str(error)), "other_name")
            case UnreadableError():
                self._rules.tally.refuse("(tls)", "unreadable")

    def _refuse(self, name: str, reason: str, words: str) -> None:
        self._rules.tally.refuse(name, reason)
        self._answer(403, f"{name} is refused: {words}")

    def _answer(self, status: int, words: str) -> None:
        """Say it, and let the client read it before the connection ends."""
        self._pause()
        body = f"llm-exec: {words}\n".encode("ascii", "replace")
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        try:
            self._client.send(head.encode() + body)
            self._client.shutdown(_socket.SHUT_WR)
        except OSError:
            self._close()
            return
        self._loop.patience[self] = time.monotonic() + LINGER, self._close
        self._loop.watch(self._client.fileno(), READ, self._discard)

    def _discard(self, events: int) -> None:
        try:
            if not self._client.recv(LARGEST) or events & BROKEN:
                self._close()
        except BlockingIOError:
            return
        except OSError:
            self._close()

    def _close(self) -> None:
        self._pause()
        self._client.close()


def _shown(head: Head) -> str:
    return _printable(f"{head.host}:{head.port}")


def _printable(name: str) -> str:
    """What a client has written, fit for a log."""
    return "".join(each if each.isascii() and each.isprintable() else "?" for each in name[:260])
