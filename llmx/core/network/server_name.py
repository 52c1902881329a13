"""The name a TLS client asks for in its first message: a tunnel to one name must not be used for another.

Source: RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3. What is not told by this message, such as the name in an
encrypted request, nobody outside can see.
"""

HANDSHAKE, CLIENT_HELLO, SERVER_NAME, HOST_NAME = 22, 1, 0, 0
MOST = 1 << 16
"""Bytes in which the name must have come."""
MOST_RECORDS = 2048
"""Records in which it must have come: all are read again with every byte."""


class UnreadableError(ValueError):
    """It begins like TLS, and is none."""


def is_tls(data: bytes) -> bool:
    """Whether the bytes begin like TLS, as far as there are any."""
    return data[:2] == bytes((HANDSHAKE, 3))[: len(data)]


def read(data: bytes) -> str | None:
    """The name in the client's first message, "" where it gives none; None where more bytes are needed.

    Raises ``UnreadableError``.
    """
    hello = _message(data)
    if hello is None:
        if len(data) > MOST:
            raise UnreadableError("its first message does not end")
        return None
    try:
        return _name(_Reader(hello))
    except (IndexError, UnicodeDecodeError):
        raise UnreadableError("its first message is cut short") from None


def _message(data: bytes) -> bytes | None:
    """The body of the first handshake message, put together from the records it is spread over."""
    message, at, records = b"", 0, 0
    while len(data) >= at + 5:
        if data[at] != HANDSHAKE or data[at + 1] != 3:
            raise UnreadableError("its first message is not the one that names the server")
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if len(data) < at + 5 + size:
            break
        message, at, records = message + data[at + 5 : at + 5 + size], at + 5 + size, records + 1
        if not size or records > MOST_RECORDS:
            raise UnreadableError("its first message is in too many pieces")
        if len(message) >= 4:
            if message[0] != CLIENT_HELLO:
                raise UnreadableError("its first message is not the one that names the server")
            end = 4 + int.from_bytes(message[1:4], "big")
            if len(message) >= end:
                return message[4:end]
    return None


class OtherNameError(ValueError):
    """The name, which is not the tunnel's."""


class Hello:
    """A tunnel's guard: holds the first bytes back until they have named ``host``, or turn out not to be TLS."""

    def __init__(self, host: str) -> None:
        self.is_finished = False
        self._host = host
        self._held = b""

    def pass_on(self, data: bytes) -> bytes:
        """Raises ``OtherNameError`` and ``UnreadableError``."""
        self._held += data
        if is_tls(self._held):
            name = read(self._held)
            if name is None:
                return b""
            if name and name != self._host:
                raise OtherNameError(name)
        self.is_finished = True
        return self._held


class _Reader:
    """Takes pieces off the front; ``IndexError`` where there is less than announced."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        if size > len(self.data):
            raise IndexError(size)
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def vector(self, bytes_of_length: int) -> bytes:
        return self.take(int.from_bytes(self.take(bytes_of_length), "big"))


def _name(hello: _Reader) -> str:
    hello.take(2 + 32)  # version, random
    hello.vector(1)  # session
    hello.vector(2)  # ciphers
    hello.vector(1)  # compression
    if not hello.data:
        return ""
    extensions = _Reader(hello.vector(2))
    names = []
    while extensions.data:
        kind = int.from_bytes(extensions.take(2), "big")
        body = _Reader(extensions.vector(2))
        if kind == SERVER_NAME:
            entries = _Reader(body.vector(2))
            while entries.data:
                of = entries.take(1)[0]
                value = entries.vector(2)
                names += [value.decode("ascii")] if of == HOST_NAME else []
    if len(names) > 1:
        raise UnreadableError("its first message names more than one server")
    return names[0].lower().removesuffix(".") if names else ""
