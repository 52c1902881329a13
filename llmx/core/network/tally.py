"""What goes through the proxy, by host and port, and what it has refused, told to llm-exec while it happens."""

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 500
"""Hosts, and names refused, that are told one by one: a command that makes them up is not to fill the log."""
OTHERS = "(others)"


class Entry:
    """One host or port: connections made to it, and bytes."""

    __slots__ = ("_changed", "connections", "key", "received", "sent")

    def __init__(self, key: tuple[str, str], changed: "Callable[[Entry], None]") -> None:
        self.key = key
        self.connections = self.sent = self.received = 0
        self._changed = changed

    def add_connection(self) -> None:
        self.connections += 1
        self._changed(self)

    def add_sent(self, size: int) -> None:
        self.sent += size
        self._changed(self)

    def add_received(self, size: int) -> None:
        self.received += size
        self._changed(self)


class Tally:
    """``send`` hands one message over and raises ``BlockingIOError`` where it has to wait."""

    def __init__(self, send: "Callable[[bytes], object]") -> None:
        self._send = send
        self._entries: dict[tuple[str, str], Entry] = {}
        self._changed: dict[Entry, None] = {}
        self._refused: dict[tuple[str, str], None] = {}
        self._untold: list[tuple[str, str]] = []

    def entry(self, kind: str, name: str) -> Entry:
        """The one that counts for ``name``; ``kind`` is ``host``, ``connect`` or ``publish``."""
        key = (kind, name)
        if key not in self._entries and len(self._entries) >= MOST:
            key = (kind, OTHERS)
        if key not in self._entries:
            self._entries[key] = Entry(key, self._note)
        return self._entries[key]

    def refuse(self, name: str, reason: str) -> None:
        """Note, once, that this was asked for and is not let through."""
        key = (name, reason) if len(self._refused) < MOST else (OTHERS, reason)
        if key not in self._refused:
            self._refused[key] = None
            self._untold.append(key)

    @property
    def has_news(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self._changed or self._untold)

    def tell(self) -> None:
        """Everything that has changed; what cannot be handed over now waits for the next time."""
        try:
            while self._untold:
                self._send(marshal.dumps(("refused", *self._untold[0])))
                del self._untold[0]
            while self._changed:
                entry = next(iter(self._changed))
                numbers = (entry.connections, entry.sent, entry.received)
                self._send(marshal.dumps(("moved", *entry.key, *numbers)))
                del self._changed[entry]
        except BlockingIOError:
            return

    def _note(self, entry: Entry) -> None:
        self._changed[entry] = None
