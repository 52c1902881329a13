"""What a run printed, stored without its secrets: the beginning of each stream, and its end when it is long.

A stream is a row of files ``stdout.OFFSET``, where the offset is the first byte's place in the stream. The first file
takes the head; of those that follow only the last two are kept, so that at least one whole piece of the end is there.
"""

import os

from llmx.core.redact import Masker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STREAMS = ("stdout", "stderr")
HEAD = 4 << 20
PIECE = 1 << 20


class Writer:
    """Stores one stream; ``problem`` says why nothing more could be stored."""

    def __init__(
        self, folder: str, name: str, env: "Mapping[str, str]", *, head: int = HEAD, piece: int = PIECE
    ) -> None:
        self.problem = ""
        self._path = f"{folder}/{name}"
        self._masker = Masker(env)
        self._head = head
        self._piece = piece
        self._size = 0
        self._room = 0
        self._descriptor = -1
        self._pieces: list[str] = []
        self._next()

    def write(self, data: bytes) -> None:
        """Store what is certain to hold no secret; the rest of an unfinished line waits for what follows."""
        self._store(self._masker.feed(data))

    def close(self) -> None:
        """Store the rest."""
        self._store(self._masker.finish())
        self._close()

    def _store(self, data: bytes) -> None:
        while data and not self.problem:
            if not self._room:
                self._next()
                continue
            try:
                written = os.write(self._descriptor, data[: self._room])
            except OSError as error:
                self._fail(error)
                return
            data = data[written:]
            self._size += written
            self._room -= written

    def _next(self) -> None:
        """Go on in a new file, and drop the oldest of those behind the head."""
        self._close()
        path = f"{self._path}.{self._size}"
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            if self._size:
                self._pieces.append(path)
            if len(self._pieces) > 2:
                os.unlink(self._pieces.pop(0))
        except OSError as error:
            self._fail(error)
        self._room = self._piece if self._size else self._head

    def _fail(self, error: OSError) -> None:
        self.problem = f"{self._path}: {error.strerror}"
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Gap:
    """Bytes of a stream that are not stored."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


class Reader:
    """Reads one stored stream from its beginning, also while it grows."""

    def __init__(self, folder: str, name: str) -> None:
        self._folder = folder
        self._prefix = f"{name}."
        self._at = 0

    def read(self) -> "Iterator[bytes | Gap]":
        """What has come since the last time, with a ``Gap`` where the middle is gone."""
        for offset in self._offsets():
            try:
                descriptor = os.open(f"{self._folder}/{self._prefix}{offset}", os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # dropped meanwhile
                continue
            try:
                if offset > self._at:
                    yield Gap(offset - self._at)
                    self._at = offset
                while data := os.pread(descriptor, 65536, self._at - offset):
                    self._at += len(data)
                    yield data
            finally:
                os.close(descriptor)

    def gaps(self) -> "Iterator[Gap]":
        """What ``read`` would leave out, without reading."""
        at = 0
        for offset in self._offsets():
            try:
                size = os.stat(f"{self._folder}/{self._prefix}{offset}").st_size
            except FileNotFoundError:
                continue
            if offset > at:
                yield Gap(offset - at)
            at = offset + size

    def _offsets(self) -> list[int]:
        """The places at which the files start that may hold something new."""
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        ends = [name[len(self._prefix) :] for name in names if name.startswith(self._prefix)]
        offsets = sorted([int(end) for end in ends if end.isdigit()])
        later = [offset for offset in offsets if offset > self._at]
        return offsets[-len(later) - 1 :] if len(later) < len(offsets) else offsets


def missing(folder: str) -> int:
    """How many bytes of the streams stored in that folder of a run are not there, as they were too long."""
    return sum(piece.size for name in STREAMS for piece in Reader(folder, name).gaps())


def is_stored(folder: str) -> bool:
    """Whether output is stored in that folder of a run."""
    return os.path.exists(f"{folder}/{STREAMS[0]}.0")
