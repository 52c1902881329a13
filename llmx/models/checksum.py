"""The digest of a file that still comes in: read back behind its unbroken beginning, beside the download."""

import hashlib
import threading

from llmx.models.partial import Partial

_BLOCK = 1 << 20
_LOOK_AGAIN = 0.01


class Checksum:
    """Follows a ``Partial`` in a thread of its own; hashing leaves the interpreter to the others."""

    def __init__(self, partial: Partial, kind: int) -> None:
        """``kind`` is the number of hex digits: 64 for sha256, 40 for the sha1 of a git blob, 0 where none is known."""
        self._partial = partial
        self._is_wanted = kind > 0
        self._hash = hashlib.sha1(b"blob %d\0" % partial.size) if kind == 40 else hashlib.sha256()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._failure: Exception | None = None
        self.position = 0

    def start(self) -> None:
        """Begin to follow; without anything to compare with, there is nothing to do."""
        if self._is_wanted:
            self._thread.start()

    def stop(self) -> bool:
        """Give up; False where it does not end at once."""
        self._stop.set()
        if self._is_wanted:
            self._thread.join(2)
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Wait so long for the end; whether it is reached."""
        if self._is_wanted:
            self._thread.join(seconds)
        if self._failure:
            raise self._failure
        return not self._thread.is_alive()

    def hexdigest(self) -> str:
        """The result, once ``wait`` says so; empty where none was wanted."""
        return self._hash.hexdigest() if self._is_wanted else ""

    def _follow(self) -> None:
        try:
            self._read()
        except OSError as error:
            self._failure = error

    def _read(self) -> None:
        buffer = memoryview(bytearray(_BLOCK))
        chunk = 0
        while self.position < self._partial.size and not self._stop.is_set():
            here, chunk = self._partial.beginning(chunk)
            if here == self.position:
                self._stop.wait(_LOOK_AGAIN)
                continue
            got = self._partial.read(self.position, buffer[: here - self.position])
            self._hash.update(buffer[:got])
            self.position += got
