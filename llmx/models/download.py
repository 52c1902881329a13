"""Fetch one file in parallel ranges, through all that a network does, and check it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import NamedTuple

from llmx.models.checksum import Checksum
from llmx.models.partial import Partial
from llmx.models.remote import Remote, Resolve
from llmx.models.web import CutError, StatusError, WebError, fill, open_url, plain

BUFFER = 256 << 10
LEAST_CHUNK, MOST_CHUNK = 16 << 20, 64 << 20
"""Bytes that one request asks for: few requests, whose cost is nothing, but enough of them that all connections have
work to the end, and that the file fills from its start, where its digest is computed meanwhile."""
ROUNDS = 6
"""Requests that a connection makes of a file, within these bounds."""
CONNECTIONS = 4

_TICK = 0.1
_GONE = (401, 403, 404, 410)
_OTHER_STATE = (412, 416)


class Patience(NamedTuple):
    """How much a pull puts up with; times in seconds.

    ``tries`` are those without a byte of progress, with ``wait`` before the second and twice as long before each
    further one. ``stall`` is how long a connection may stand still, ``harden`` how often the disk is waited for.
    """

    tries: int = 6
    wait: float = 1.0
    stall: float = 30.0
    harden: float = 10.0


PATIENCE = Patience()
LONGEST_WAIT = 60.0


class DigestError(WebError):
    """What came is not what the server promised."""


class _RestartError(Exception):
    """The file must be fetched from its beginning: in one piece, or because it is another one now."""

    def __init__(self, cause: WebError, *, in_one_piece: bool = False) -> None:
        super().__init__(cause.message)
        self.cause = cause
        self.in_one_piece = in_one_piece


class Way(NamedTuple):
    """How files are fetched; without a ``chunk`` its size follows the file's."""

    connections: int = CONNECTIONS
    chunk: int = 0
    patience: Patience = PATIENCE

    def chunk_of(self, size: int) -> int:
        """Bytes that one request asks for of a file of that size."""
        return self.chunk or min(MOST_CHUNK, max(LEAST_CHUNK, size // (ROUNDS * self.connections)))


class Tell(NamedTuple):
    """Who is told how far it is: bytes here while they come, and bytes checked behind that."""

    fetched: Callable[[int], None]
    checked: Callable[[int], None]


def download(partial: Partial, resolve: Resolve, tell: Tell, way: Way) -> tuple[Remote, str]:
    """Fetch what ``resolve`` names into ``partial``, whose lock the caller holds; returns it and its digest.

    Raises ``WebError``; what is here is kept for the next time, but for bytes that were proven wrong.
    """
    remote, afresh = resolve(), False
    partial.chunk = way.chunk_of(remote.size)
    for attempt in range(way.patience.tries):
        partial.begin(remote, afresh=afresh)
        before = partial.done
        try:
            found = _Download(partial, remote, resolve, tell, way).run()
        except _RestartError as restart:
            last: WebError = restart.cause
            afresh = True
            if restart.in_one_piece:
                partial.chunk = remote.size
            else:
                remote = resolve()
            time.sleep(way.patience.wait * attempt)
            continue
        if not remote.digest or found == remote.digest:
            return remote, found
        last = DigestError(
            f"{plain(remote.url)}: the bytes that came have the digest {found}, and {remote.digest} was promised",
            hint="nothing of it was kept; pull again, or tell the owner of the repository or the mirror",
        )
        if not before:
            break
        afresh = True  # the part from another time may have been damaged; what comes now cannot have been
    partial.release_maps()
    if isinstance(last, DigestError):
        partial.discard()
    raise last


class _Download:
    """One run over the chunks that are missing."""

    def __init__(self, partial: Partial, remote: Remote, resolve: Resolve, tell: Tell, way: Way) -> None:
        self._partial, self._remote, self._resolve, self._tell = partial, remote, resolve, tell
        self._patience = way.patience
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(way.connections)]
        self._lock = threading.Lock()
        self._next = 0
        self._stop = threading.Event()
        self._answered = threading.Event()
        self._ended = threading.Semaphore(0)
        self._failure: BaseException | None = None
        self._checksum = Checksum(partial, len(remote.digest))

    def run(self) -> str:
        """The digest of the file, which is here then."""
        self._checksum.start()
        with self._ending():
            self._fetch_all()
            self._tell.fetched(self._partial.done)
            while not self._checksum.wait(_TICK):
                self._tell.checked(self._checksum.position)
        return self._checksum.hexdigest()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """No thread uses the files when this is left; those that hang in a connection keep them open instead."""
        try:
            yield
        finally:
            self._stop.set()
            ended = self._checksum.stop()
            for worker in self._workers:
                if worker.ident:
                    worker.join(2)
                    ended &= not worker.is_alive()
            if not ended:
                self._partial.abandon()

    def _fetch_all(self) -> None:
        """The first connection shows whether the server can do ranges at all; the others follow it."""
        first, *others = self._workers
        first.start()
        running, hardened = 1, time.monotonic()
        while running:
            if self._answered.is_set():
                for worker in others:
                    worker.start()
                running, others = running + len(others), []
            if self._ended.acquire(timeout=_TICK):
                running -= 1
            self._tell.fetched(self._partial.done)
            if time.monotonic() - hardened > self._patience.harden:
                self._partial.harden()
                hardened = time.monotonic()
        if self._failure:
            if self._partial.done:
                self._partial.harden()
            raise self._failure

    def _work(self) -> None:
        buffer = memoryview(bytearray(BUFFER))
        try:
            while (index := self._take()) is not None:
                self._fetch(index, buffer)
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error
            self._stop.set()
        finally:
            self._ended.release()

    def _take(self) -> int | None:
        """The next chunk that is not whole and nobody works on."""
        with self._lock:
            while self._next < self._partial.chunks and not self._stop.is_set():
                index, self._next = self._next, self._next + 1
                if self._partial.have(index) < self._partial.length(index):
                    return index
        return None

    def _fetch(self, index: int, buffer: memoryview) -> None:
        """One chunk, with as many requests as it takes."""
        failures = 0
        while (before := self._partial.have(index)) < self._partial.length(index) and not self._stop.is_set():
            try:
                self._stream(index, buffer)
            except WebError as error:
                failures = 1 if self._partial.have(index) > before else failures + 1
                self._recover(error, failures)

    def _stream(self, index: int, buffer: memoryview) -> None:
        """What one connection brings of a chunk."""
        partial, remote = self._partial, self._remote
        start, length = index * partial.chunk + partial.have(index), partial.length(index)
        headers = {**remote.headers, "Range": f"bytes={start}-{index * partial.chunk + length - 1}"}
        if partial.served:
            headers["If-Match"] = partial.served
        with open_url(remote.url, headers, self._patience.stall) as answer:
            self._check(answer, start)
            self._answered.set()
            while (missing := length - partial.have(index)) and not self._stop.is_set():
                got = fill(answer, buffer[:missing], remote.url)
                if not got:
                    raise CutError(f"{plain(remote.url)} ended {missing} bytes early")
                if not self._stop.is_set():
                    partial.write(index, buffer[:got])

    def _check(self, answer: HTTPResponse, start: int) -> None:
        """Whether it is an answer to what was asked; raises ``_RestartError`` where the file must begin anew."""
        url, size = self._remote.url, self._remote.size
        if answer.status == 200 and (start or self._partial.chunks > 1):
            raise _RestartError(WebError(f"{plain(url)} breaks off, and knows no ranges"), in_one_piece=True)
        said = answer.headers.get("Content-Range") or f"bytes 0-/{answer.headers.get('Content-Length')}"
        if not said.startswith(f"bytes {start}-") or not said.endswith((f"/{size}", "/*")):
            raise _RestartError(WebError(f"{plain(url)} answered with {said!r}, and {size} bytes were promised"))
        version = answer.headers.get("ETag") or ""
        if version and not version.startswith("W/"):
            with self._lock:
                if not self._partial.served:
                    self._partial.serve(self._remote, version)
            if version != self._partial.served:
                self._compare(WebError(f"{plain(url)} changed while it was fetched"))

    def _recover(self, error: WebError, failures: int) -> None:
        """Wait, or ask anew where the file is; raises ``error`` where neither helps."""
        if failures >= self._patience.tries:
            raise error
        status = error.status if isinstance(error, StatusError) else 0
        if status in _OTHER_STATE:
            self._compare(error)
        elif status in _GONE and failures < 3:
            self._remote = self._resolve()
        elif not error.can_pass:
            raise error
        asked = error.wait if isinstance(error, StatusError) else 0.0
        self._stop.wait(min(max(asked, self._patience.wait * 2 ** (failures - 1)), LONGEST_WAIT))

    def _compare(self, error: WebError) -> None:
        """Another ETag for the same digest is another server's; without a digest it is another file."""
        fresh = self._resolve()
        if not (fresh.digest and fresh.is_same_file(self._remote)):
            raise _RestartError(error)
        with self._lock:
            self._remote = fresh
            self._partial.serve(fresh, "")
