"""Cut a stream of bytes into the JSON texts it carries: server-sent events, or one JSON text a line.

Lines are cut as bytes, where no newline can be a part of another character, so a character may come in two pieces.
"""

LONGEST_LINE = 16 << 20


class Lines:
    """Lines of a stream, without their ends (LF or CRLF); one beyond ``longest`` bytes is a ``ValueError``."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self._length = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that ``chunk`` completes."""
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._pieces:
            lines[0] = b"".join([*self._pieces, lines[0]])
            self._pieces, self._length = [], 0
        if rest:
            self._pieces.append(rest)
            self._length += len(rest)
        if self._length > self._longest or (len(chunk) > self._longest and max(map(len, lines)) > self._longest):
            raise ValueError(f"the answer has a line of more than {self._longest} bytes")
        return lines

    def finish(self) -> bytes:
        """What stands behind the last newline."""
        return b"".join(self._pieces)


class JsonLines:
    """One JSON text a line (NDJSON)."""

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, chunk: bytes) -> list[bytes]:
        """The texts that ``chunk`` completes."""
        return [line for line in self._lines.feed(chunk) if line.strip()]

    def finish(self) -> list[bytes]:
        """A last text without a newline behind it."""
        rest = self._lines.finish()
        return [rest] if rest.strip() else []


class ServerSentEvents:
    """The ``data`` of server-sent events; their names are told by the data itself in all formats spoken here."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that ``chunk`` completes."""
        payloads: list[bytes] = []
        for line in self._lines.feed(chunk):
            self._take(line, payloads)
        return payloads

    def finish(self) -> list[bytes]:
        """The data of a last event that no empty line ends."""
        payloads: list[bytes] = []
        self._take(self._lines.finish(), payloads)
        self._take(b"", payloads)
        return payloads

    def _take(self, line: bytes, payloads: list[bytes]) -> None:
        if line[:5] == b"data:":
            self._data.append(line[5:])
        elif self._data and line in (b"", b"\r"):
            payloads.append(b"\n".join(self._data).strip())
            self._data = []
