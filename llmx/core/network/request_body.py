"""How far a request goes: what comes behind it on the same connection is another one, and could be for another host."""

from llmx.core.network.request_head import CHUNKED, BadRequestError

LONGEST_LINE = 4096


class Body:
    """A tunnel's guard that lets the bytes of one body through; ``BadRequestError`` for what comes behind it."""

    is_finished = False

    def __init__(self, length: int) -> None:
        self._left = max(0, length)
        self._is_chunked = length == CHUNKED
        self._line = b""
        self._is_trailer = False
        self.is_over = length == 0

    def pass_on(self, data: bytes) -> bytes:
        """What of ``data`` goes on, which is all of it."""
        at = 0
        while at < len(data):
            if self.is_over:
                raise BadRequestError("there is something behind its end")
            at = self._read_line(data, at) if self._is_chunked and not self._left else self._read_content(data, at)
        return data

    def _read_content(self, data: bytes, at: int) -> int:
        taken = min(self._left, len(data) - at)
        self._left -= taken
        self.is_over = not self._left and not self._is_chunked
        return at + taken

    def _read_line(self, data: bytes, at: int) -> int:
        """One line of the framing: a chunk's size, the empty one behind a chunk's bytes, or one behind the last."""
        end = data.find(b"\n", at) + 1 or len(data)
        self._line += data[at:end]
        if len(self._line) > LONGEST_LINE:
            raise BadRequestError("its body is not in chunks")
        if self._line.endswith(b"\n"):
            line, self._line = self._line, b""
            if not line.endswith(b"\r\n"):
                raise BadRequestError("its body is not in chunks")
            self._heed(line[:-2])
        return end

    def _heed(self, line: bytes) -> None:
        if self._is_trailer:
            self.is_over = not line
            return
        digits = line.partition(b";")[0].rstrip(b" \t")
        if not digits or len(digits) > 15 or not all(byte in b"0123456789abcdefABCDEF" for byte in digits):
            raise BadRequestError("its body is not in chunks")
        size = int(digits, 16)
        self._is_trailer = size == 0
        self._left = size + 2 if size else 0  # with the line's end behind its bytes
