"""A file that is partly here: ``NAME.part`` with the bytes, and ``NAME.part.state`` with how much of each chunk is in.

The state is one page of JSON and two tables of 8-byte counts. The first table follows every write, through memory that
the kernel keeps whatever becomes of this process. The second one is only written when the bytes are on the disk: after
a restart of the machine it is the one that counts.
"""

import errno
import fcntl
import json
import mmap
import os
from types import TracebackType
from typing import Any, Self

import psutil

from llmx.core.settings.sources import shown
from llmx.errors import LlmxError
from llmx.models.remote import Remote

_PAGE = 4096
_FORMAT = 1


class Partial:
    """The one partly fetched file of ``target``, held by a lock: who has it is the one who pulls.

    ``chunk`` is set before it begins; a file that goes on keeps the chunks it was begun with.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.part = f"{target}.part"
        self.state = f"{target}.part.state"
        self.chunk = self.size = 0
        self.served = ""
        self._handle = -1
        self._lock = -1
        self._map: mmap.mmap | None = None
        self._is_abandoned = False
        self._live = self._durable = memoryview(b"")

    def acquire(self) -> bool:
        """Take the lock; False where another process has it."""
        os.makedirs(os.path.dirname(self.target), exist_ok=True)
        while True:
            handle = os.open(self.state, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(handle)
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    return False
                raise
            if _is_at(handle, self.state):
                self._lock = handle
                return True
            os.close(handle)  # whoever had it has finished and removed it meanwhile

    def begin(self, remote: Remote, *, afresh: bool = False) -> None:
        """Go on with what is here of ``remote``; with nothing, where it is of another file or damaged."""
        self.release_maps()
        known = {} if afresh else self._known()
        self._handle = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        here = os.fstat(self._handle).st_size
        goes_on = bool(known) and here == known["size"] and Remote(**known["remote"]).is_same_file(remote)
        if goes_on:
            self.chunk, self.served = known["chunk"], known["served"]
        else:
            self.served = ""
            os.ftruncate(self._handle, 0)
            os.ftruncate(self._handle, remote.size)
        self.size = remote.size
        self._open_tables(clear=not goes_on)
        if goes_on and known["boot"] != boot():
            self._live[:] = self._durable
        self._note(remote)

    def _known(self) -> dict[str, Any]:
        """What the state says; nothing where it says nothing sound."""
        try:
            known: dict[str, Any] = json.loads(os.pread(self._lock, _PAGE, 0).rstrip(b"\0"))
            chunks = -(-known["size"] // known["chunk"])
            is_sound = known["format"] == _FORMAT and os.fstat(self._lock).st_size == _PAGE + 16 * chunks
            Remote(**known["remote"]), known["served"], known["boot"]
        except (ValueError, TypeError, KeyError, ZeroDivisionError):
            return {}
        return known if is_sound else {}

    def _open_tables(self, *, clear: bool) -> None:
        count = -(-self.size // self.chunk)
        if clear:
            os.ftruncate(self._lock, 0)
        os.ftruncate(self._lock, _PAGE + 16 * count)
        self._map = mmap.mmap(self._lock, _PAGE + 16 * count)
        tables = memoryview(self._map)[_PAGE:].cast("Q")
        self._live, self._durable = tables[:count], tables[count:]
        for index in range(count):
            if self._live[index] > self.length(index):
                self._live[index] = self._durable[index] = 0

    def _note(self, remote: Remote) -> None:
        kept = {"url": "", "size": remote.size, "digest": remote.digest, "version": remote.version}
        facts = {"format": _FORMAT, "size": self.size, "chunk": self.chunk, "boot": boot()}
        page = json.dumps({**facts, "served": self.served, "remote": kept}).encode()
        os.pwrite(self._lock, page.ljust(_PAGE, b"\0"), 0)

    def serve(self, remote: Remote, version: str) -> None:
        """Keep the ETag under which the bytes come, for ``If-Match``."""
        self.served = version[:1000]
        self._note(remote)

    def length(self, index: int) -> int:
        """How many bytes a chunk has."""
        return min(self.chunk, self.size - index * self.chunk)

    def have(self, index: int) -> int:
        """How many of them are here."""
        return self._live[index]

    def write(self, index: int, data: memoryview) -> None:
        """Put ``data`` behind what is here of a chunk."""
        at = self._live[index]
        offset = index * self.chunk + at
        done = 0
        while done < len(data):
            done += os.pwrite(self._handle, data[done:], offset + done)
        self._live[index] = at + len(data)

    def read(self, offset: int, buffer: memoryview) -> int:
        """Read back what is here."""
        return os.preadv(self._handle, [buffer], offset)

    @property
    def chunks(self) -> int:
        """How many there are."""
        return len(self._live)

    @property
    def done(self) -> int:
        """How many bytes are here."""
        return sum(self._live)

    def beginning(self, index: int) -> tuple[int, int]:
        """How many bytes are here without a gap, looking from chunk ``index`` on; and the first chunk not whole."""
        while index < len(self._live) and self._live[index] == self.length(index):
            index += 1
        return index * self.chunk + self._live[index] if index < len(self._live) else self.size, index

    def harden(self) -> None:
        """Bring what is here to the disk, and note it."""
        counts = list(self._live)
        os.fsync(self._handle)
        for index, count in enumerate(counts):
            self._durable[index] = count
        if self._map:
            self._map.flush()

    def complete(self) -> None:
        """Make it the target, which from now on is there whole, also after a power cut."""
        os.fsync(self._handle)
        os.rename(self.part, self.target)
        folder = os.open(os.path.dirname(self.target), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        os.unlink(self.state)

    def discard(self) -> None:
        """Throw away what is here."""
        for path in (self.part, self.state):
            if os.path.lexists(path):
                os.unlink(path)

    def abandon(self) -> None:
        """Leave all of it open: a thread that cannot be ended may still write."""
        self._is_abandoned = True

    def release_maps(self) -> None:
        """Let go of the tables and the bytes, not of the lock."""
        if self._is_abandoned:
            return
        self._live.release()
        self._durable.release()
        self._live = self._durable = memoryview(b"")
        if self._map is not None:
            self._map = None  # closed with its last view
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release_maps()
        if self._lock >= 0 and not self._is_abandoned:
            os.close(self._lock)
            self._lock = -1


def fetched_by_another(target: str) -> tuple[int, int]:
    """How many bytes another process has of ``target``, and of how many; zeros where nothing tells."""
    try:
        with open(f"{target}.part.state", "rb") as file:
            data = file.read()
        known = json.loads(data[:_PAGE].rstrip(b"\0"))
        table = memoryview(data)[_PAGE:].cast("Q")
        return sum(table[: len(table) // 2]), int(known["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def require_space(folder: str, needed: int) -> None:
    """Raise ``LlmxError`` where ``needed`` bytes do not fit the disk of ``folder``."""
    os.makedirs(folder, exist_ok=True)
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if needed > free:
        raise LlmxError(
            f"{shown(folder)} has {free / 1e6:.0f} MB free, and {needed / 1e6:.0f} MB are to come",
            hint="make room (llmx model list, llmx model remove), or set models.dir to a folder of a larger disk",
        )


def boot() -> str:
    """What changes when the machine starts anew."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return str(int(psutil.boot_time()))


def _is_at(handle: int, path: str) -> bool:
    """Whether the open file is still the one at ``path``."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    mine = os.fstat(handle)
    return (mine.st_dev, mine.st_ino) == (found.st_dev, found.st_ino)
