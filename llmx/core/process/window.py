"""A command in a window of its own: shown there, typed to there, and what it says copied for the run's result."""

import os
import select
from collections.abc import Callable
from typing import Protocol

from llmx.core.process.callers_terminal import CallersTerminal
from llmx.core.process.pty import OwnTerminal


class Screen(CallersTerminal):
    """The window's terminal. No shell shares it, so it is this run's all the time."""

    def is_in_foreground(self) -> bool:
        """Nobody else is there."""
        return True


class Copy(Protocol):
    """What takes all output beside the window, with plain line ends."""

    def feed(self, data: bytes) -> None:
        """Take it."""

    def has_room(self) -> bool:
        """Whether it can take more."""


class WindowTerminal(OwnTerminal):
    """The command's terminal behind the window's, whose file is ``window``.

    ``line`` is the connection to whoever sits in the window: a byte says that its size has changed, its end that the
    window is closed. ``when_closed`` is called once for a window that is closed before the command's end.
    """

    def __init__(self, window: int, line: int, copy: Copy, when_closed: Callable[[], None]) -> None:
        super().__init__(window, seats=(0, 1, 2), screen=Screen)
        os.set_blocking(line, False)
        self.is_closed = False
        self._line = line
        self._copy = copy
        self._when_closed = when_closed
        self._ends = LineEnds()

    def interest(self) -> list[tuple[int, int]]:
        wanted = super().interest()
        return wanted if self.is_closed else [*wanted, (self._line, select.POLLIN)]

    def move(self) -> None:
        if not self.is_closed:
            self._listen()
        super().move()
        if self._master < 0:  # the keyboard or the screen is gone
            self._note_closed()

    def close(self) -> None:
        super().close()
        self._copy.feed(self._ends.rest())

    def _listen(self) -> None:
        try:
            said = os.read(self._line, 64)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self._has_new_size = True
        if not said:
            self._hang_up()
            self._note_closed()

    def _note_closed(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._when_closed()

    def _has_room(self) -> bool:
        return self._copy.has_room() and super()._has_room()

    def _take_output(self, data: bytes) -> None:
        super()._take_output(data)
        self._copy.feed(self._ends.plain(data))

    def _suspend_key(self) -> bytes:
        """None: no shell in the window would let the command go on."""
        return b""


class LineEnds:
    """Takes back what a terminal does to line ends: ``\\r\\n`` for each ``\\n``."""

    def __init__(self) -> None:
        self._held = b""

    def plain(self, data: bytes) -> bytes:
        """``data`` as the command wrote it; a last ``\\r`` waits for what follows."""
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") else b""
        return data[: len(data) - len(self._held)].replace(b"\r\n", b"\n")

    def rest(self) -> bytes:
        """What was still waiting."""
        rest, self._held = self._held, b""
        return rest
