"""Keep the head and the tail of a stream, count the rest, and pass the bytes on where they should also be seen."""

import os
import select

from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65536
PASS_AT_ONCE = 4096  # PIPE_BUF: what a pipe that polls writable takes without blocking
HELD_BACK = 1 << 20  # a reader slower than the command holds the command up, as a pipe would


class Kept:
    """The first and last bytes of a stream, together at most ``cap``, and how many went by in all."""

    def __init__(self, cap: int) -> None:
        self.size = 0
        self._head_room = cap - cap // 2
        self._tail_room = cap // 2
        self._head = bytearray()
        self._tail = bytearray()

    def feed(self, data: bytes) -> None:
        self.size += len(data)
        room = self._head_room - len(self._head)
        self._head += data[:room] if room > 0 else b""
        self._tail += data[max(0, room) :]
        if len(self._tail) > 2 * self._tail_room + CHUNK:
            del self._tail[: len(self._tail) - self._tail_room]

    @property
    def is_truncated(self) -> bool:
        return self.size > self._head_room + self._tail_room

    def parts(self) -> tuple[bytes, bytes]:
        """Head and tail; the tail is empty unless something between the two is missing."""
        if not self.is_truncated:
            return bytes(self._head + self._tail), b""
        return bytes(self._head), bytes(self._tail[len(self._tail) - self._tail_room :])

    def fields(self, name: str) -> dict[str, object]:
        """The result's entries for the stream called ``name``."""
        head, tail = self.parts()
        fields: dict[str, object] = {}
        try:
            if self.is_truncated:
                head, tail = _whole_characters(head, tail)
            fields = {name: head.decode(), f"{name}_bytes": self.size}
            rest = {f"{name}_truncated": True, f"{name}_tail": tail.decode()} if self.is_truncated else {}
        except UnicodeDecodeError:
            head, tail = self.parts()
            fields = {name: _base64(head), f"{name}_bytes": self.size, f"{name}_encoding": "base64"}
            rest = {f"{name}_truncated": True, f"{name}_tail": _base64(tail)} if self.is_truncated else {}
        return fields | rest

    def last_text(self, size: int = 4096) -> str:
        """The end of the stream for messages to look into; undecodable bytes are replaced."""
        head, tail = self.parts()
        return (tail or head)[-size:].decode(errors="replace")


def _base64(data: bytes) -> str:
    text: bytes = load("binascii:b2a_base64")(data, newline=False)
    return text.decode()


def _whole_characters(head: bytes, tail: bytes) -> tuple[bytes, bytes]:
    """Drop the UTF-8 characters that the cut went through: up to 3 bytes at the head's end and the tail's start."""
    cut = len(head)
    for back in range(1, min(4, len(head) + 1)):
        byte = head[-back]
        if byte & 0xC0 != 0x80:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            cut = len(head) - back if length > back else len(head)
            break
    start = 0
    while start < min(3, len(tail)) and tail[start] & 0xC0 == 0x80:
        start += 1
    return head[:cut], tail[start:]


class Capture:
    """Takes what arrives at ``source`` (a pipe's reading end, -1 where it is fed) and keeps it.

    Writes it to ``onward`` too, unless that is -1.

    ``admit(size)`` says how many of the bytes that just arrived may still count; fewer than ``size`` means that a
    limit on output is reached.
    """

    def __init__(
        self, source: int, kept: Kept, *, onward: int = -1, admit: "Callable[[int], int] | None" = None
    ) -> None:
        if source >= 0:
            os.set_blocking(source, False)
        self.kept = kept
        self._source = source
        self._onward = onward
        self._admit = admit
        self._pending = bytearray()
        self._is_empty = False

    def interest(self) -> list[tuple[int, int]]:
        wanted = []
        if self._source >= 0 and self.has_room():
            wanted.append((self._source, select.POLLIN))
        if self._pending:
            wanted.append((self._onward, select.POLLOUT))
        return wanted

    def move(self) -> None:
        self._take()
        self._pass_on()

    def is_settled(self) -> bool:
        return not self._pending and (self._source < 0 or self._is_empty)

    def feed(self, data: bytes) -> None:
        """Take ``data`` as far as it is admitted."""
        if self._admit:
            data = data[: self._admit(len(data))]
        self.kept.feed(data)
        if self._onward >= 0:
            self._pending += data

    def has_room(self) -> bool:
        """Whether more can be held for a reader that is slower than the command."""
        return len(self._pending) < HELD_BACK

    def _take(self) -> None:
        """Read until the pipe is empty, but at most 16 chunks: the loop has more to do than this stream."""
        self._is_empty = False
        for _ in range(16):
            if self._source < 0 or not self.has_room():
                return
            try:
                data = os.read(self._source, CHUNK)
            except BlockingIOError:
                self._is_empty = True
                return
            if not data:
                self._close()
                return
            self.feed(data)

    def _pass_on(self) -> None:
        """Write what the reader takes without blocking; a reader that is gone ends the stream for the command too."""
        while self._pending and _is_writable(self._onward):
            try:
                written = os.write(self._onward, self._pending[:PASS_AT_ONCE])
            except OSError:  # EPIPE and the like: the command learns it from its own next write
                self._pending.clear()
                self._close()
                return
            del self._pending[:written]

    def _close(self) -> None:
        if self._source >= 0:
            os.close(self._source)
            self._source = -1


def _is_writable(descriptor: int) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLOUT)
    return bool(poller.poll(0))
