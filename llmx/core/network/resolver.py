"""Addresses of names, asked of the system as any program asks for them, in threads, since it makes its callers wait."""

import _socket
import _thread
import os
import time

from llmx.core.network.loop import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.core.network.loop import Loop

    Found = tuple[list[tuple[int, str]], str]
    Heard = Callable[[list[tuple[int, str]], str], None]

MOST_AT_ONCE = 16
KEPT = 10.0  # seconds
MOST_KEPT = 1000


class Resolver:
    """Calls back with (family, address) pairs, or with none and the reason."""

    def __init__(self, loop: "Loop") -> None:
        self._known: dict[str, tuple[float, Found]] = {}
        self._asked: dict[str, list[Heard]] = {}
        self._waiting: list[str] = []
        self._running = 0
        self._answers: list[tuple[str, Found]] = []
        os.environ["LOCALDOMAIN"] = ""  # in this process: a name is looked up as it is, in no search domain
        self._reader, self._writer = os.pipe()
        loop.watch(self._reader, READ, self._hear)

    def ask(self, name: str, heard: "Heard") -> None:
        """Call ``heard``, now or later."""
        until, found = self._known.get(name, (0.0, ([], "")))
        if time.monotonic() < until:
            heard(*found)
        elif name in self._asked:
            self._asked[name].append(heard)
        else:
            self._asked[name] = [heard]
            self._waiting.append(name)
            self._start()

    def _start(self) -> None:
        while self._waiting and self._running < MOST_AT_ONCE:
            self._running += 1
            name = self._waiting.pop(0)
            try:
                _thread.start_new_thread(self._resolve, (name,))
            except RuntimeError as error:  # too many processes
                self._tell(name, ([], str(error)))

    def _resolve(self, name: str) -> None:
        """In a thread."""
        try:
            found = _socket.getaddrinfo(name, 0, _socket.AF_UNSPEC, _socket.SOCK_STREAM)
            answer: Found = [(each[0], str(each[4][0])) for each in found], ""
        except OSError as error:
            answer = [], str(error.strerror or error)
        self._tell(name, answer)

    def _tell(self, name: str, answer: "Found") -> None:
        self._answers.append((name, answer))
        os.write(self._writer, b"\n")

    def _hear(self, _events: int) -> None:
        os.read(self._reader, 1)
        self._running -= 1
        name, found = self._answers.pop(0)
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        if found[0]:
            self._known[name] = time.monotonic() + KEPT, found
        self._start()
        for heard in self._asked.pop(name):
            heard(*found)
