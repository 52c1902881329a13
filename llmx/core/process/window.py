"""A command in a window of its own: shown there, typed to there, and what it says copied for the run's result."""

import os
import select
from collections.abc import Callable

from llmx.core.process.callers_terminal import CallersTerminal
from llmx.core.process.pty import HELD_BACK, OwnTerminal

PIPE = 4096  # PIPE_BUF: what a pipe that polls writable takes without blocking


class Screen(CallersTerminal):
    """The window's terminal. No shell shares it, so it is this run's all the time."""

    def is_in_foreground(self) -> bool:
        """Nobody else is there."""
        return True


class WindowTerminal(OwnTerminal):
    """The command's terminal behind the window's, whose file is ``window``.

    ``line`` is the connection to whoever sits in the window: a byte says that its size has changed, its end that the
    window is closed. ``copy`` is a pipe that gets all output with plain line ends; it is closed with this terminal.
    ``when_closed`` is called once for a window that is closed before the command's end.
    """

    def __init__(self, window: int, line: int, copy: int, when_closed: Callable[[], None]) -> None:
        super().__init__(window, seats=(0, 1, 2), screen=Screen)
        for descriptor in (line, copy):
            os.set_blocking(descriptor, False)
        self.is_closed = False
        self._line = line
        self._copy = copy
        self._when_closed = when_closed
        self._ends = LineEnds()
        self._copied = bytearray()

    def interest(self) -> list[tuple[int, int]]:
        wanted = super().interest()
        if not self.is_closed:
            wanted.append((self._line, select.POLLIN))
        if self._copied:
            wanted.append((self._copy, select.POLLOUT))
        return wanted

    def move(self) -> None:
        if not self.is_closed:
            self._listen()
        super().move()
        self._pass_on()
        if self._master < 0:  # the keyboard or the screen is gone
            self._note_closed()

    def is_settled(self) -> bool:
        return not self._copied and super().is_settled()

    def close(self) -> None:
        super().close()
        if self._copy >= 0:
            self._copied += self._ends.rest()
            self._pass_on()
            os.close(self._copy)
            self._copy = -1

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
        return len(self._copied) < HELD_BACK and super()._has_room()

    def _take_output(self, data: bytes) -> None:
        super()._take_output(data)
        self._copied += self._ends.plain(data)

    def _pass_on(self) -> None:
        while self._copied and self._copy >= 0:
            try:
                written = os.write(self._copy, self._copied[:PIPE])
            except BlockingIOError:
                return
            except OSError:  # nobody reads it any more
                self._copied.clear()
                return
            del self._copied[:written]

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
