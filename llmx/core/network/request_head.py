"""The head of a request to a proxy: where it wants to go, and what is sent on in its place.

Source: RFC 9112 and RFC 9110 section 9.3.6. Whatever two readers could take for different things is refused.
"""

from llmx.core.network.names import split_port

LARGEST = 1 << 16
END = b"\r\n\r\n"
CHUNKED = -1

_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_OF_THE_HOP = frozenset(
    (b"host", b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"te", b"upgrade")
)
"""What is the proxy's own to say, or meant for it alone."""


class BadRequestError(ValueError):
    """What is wrong with it."""


class Head:
    """``host`` as it was written. ``onward`` is what the server gets, b"" for a tunnel; ``body`` how long it is."""

    __slots__ = ("body", "host", "onward", "port")

    def __init__(self, host: str, port: int, onward: bytes = b"", body: int = 0) -> None:
        self.host = host
        self.port = port
        self.onward = onward
        self.body = body

    @property
    def is_tunnel(self) -> bool:
        """Whether it was a CONNECT."""
        return not self.onward


def read(head: bytes) -> Head:
    """What ``head``, less the empty line at its end, asks for; raises ``BadRequestError``."""
    if any(byte < 32 and byte not in b"\r\n\t" for byte in head):
        raise BadRequestError("it holds control characters")
    line, *fields = head.split(b"\r\n")
    if any(b"\n" in part or b"\r" in part for part in (line, *fields)):
        raise BadRequestError("its lines do not end as they should")
    words = line.split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.1", b"HTTP/1.0") or not _is_token(words[0]):
        raise BadRequestError("its first line is none of HTTP/1.1's")
    method, target, version = words
    if method == b"CONNECT":
        return Head(*_authority(target, default=0))
    if not target[:7].lower() == b"http://":
        raise BadRequestError("this is a proxy: it takes http://host/path, and CONNECT host:port for everything else")
    authority, slash, path = target[7:].partition(b"/")
    authority, question, query = authority.partition(b"?")
    if question:
        slash, path = b"/?", query + slash + path
    host, port = _authority(authority, default=80)
    kept, body = _fields(fields)
    start = b" ".join((method, (slash or b"/") + path, version))
    lines = (start, b"Host: " + authority, *kept, b"Connection: close")
    return Head(host, port, b"\r\n".join(lines) + END, body)


def _authority(text: bytes, *, default: int) -> tuple[str, int]:
    try:
        host, port = split_port(text.decode("ascii"))
    except ValueError:
        raise BadRequestError("it names no host and port") from None
    if not host or "@" in host or not (port or default):
        raise BadRequestError("it names no host and port")
    return host, port or default


def _fields(lines: list[bytes]) -> tuple[list[bytes], int]:
    """The header fields that are sent on, and how long the body is."""
    kept, lengths, codings, dropped = [], set(), [], set(_OF_THE_HOP)
    for line in lines:
        name, colon, value = line.partition(b":")
        if not (colon and _is_token(name)):
            raise BadRequestError("one of its header fields is none")
        name, value = name.lower(), value.strip(b" \t")
        if name == b"content-length":
            lengths.add(value)
        elif name == b"transfer-encoding":
            codings.append(value.lower())
        elif name == b"connection":
            dropped |= {each.strip().lower() for each in value.split(b",")}
        kept.append((name, line))
    own = (b"content-length", b"transfer-encoding")
    return [line for name, line in kept if name in own or name not in dropped], _body(lengths, codings)


def _body(lengths: set[bytes], codings: list[bytes]) -> int:
    if codings:
        if lengths or codings != [b"chunked"]:
            raise BadRequestError("how long its body is can be read in two ways")
        return CHUNKED
    if not lengths:
        return 0
    text = lengths.pop()
    if lengths or not text.isdigit() or len(text) > 18:
        raise BadRequestError("how long its body is can be read in two ways")
    return int(text)


def _is_token(text: bytes) -> bool:
    return bool(text) and _TOKEN.issuperset(text)
