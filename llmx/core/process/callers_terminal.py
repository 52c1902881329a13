"""The caller's terminal while a command sits at one of its own: raw as long as this process is in the foreground."""

import contextlib
import fcntl
import os
import select
import termios
from typing import Any

SURE_TO_FIT = 256  # bytes that a terminal which polls writable takes without blocking
CHUNK = 65536

IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6
Modes = list[Any]
"""What tcgetattr(3) says, in Python's order."""


class CallersTerminal:
    """The terminal behind ``descriptor``: its keys, its screen, its size and its modes.

    ``is_shared``: others write to it meanwhile (``llm-exec -- CMD | cat``), who need their line ends translated.
    """

    def __init__(self, descriptor: int, *, is_shared: bool = False) -> None:
        self.descriptor = _open_again(descriptor)
        self._is_shared = is_shared
        self.modes: Modes = termios.tcgetattr(self.descriptor)
        self.is_raw = False

    def is_in_foreground(self) -> bool:
        """Whether the shell has put this process there."""
        try:
            return os.tcgetpgrp(self.descriptor) == os.getpgrp()
        except OSError:  # not our controlling terminal, or gone
            return False

    def take(self) -> bool:
        """Make every key come as it is, if this process is in the foreground; says whether it is."""
        if not self.is_in_foreground():
            return False
        self.is_raw = self._set(raw(self.modes, translates_output=self._is_shared))
        return True

    def give_back(self) -> None:
        """Put it into the modes it had; in the background that is the shell's to do."""
        if self.is_raw and self.is_in_foreground():
            self._set(self.modes)
        self.is_raw = False

    def put_back(self) -> None:
        """Instead of a killed process: the modes it had, unless somebody has set others since, as most shells do."""
        with contextlib.suppress(termios.error):
            now = termios.tcgetattr(self.descriptor)
            if now[:4] == raw(self.modes, translates_output=self._is_shared)[:4]:
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self.modes)

    def size(self) -> bytes:
        """Rows and columns as the kernel's ``struct winsize``; b"" when the terminal is gone."""
        try:
            return fcntl.ioctl(self.descriptor, termios.TIOCGWINSZ, bytes(8))
        except OSError:
            return b""

    def read(self) -> bytes | None:
        """What was typed; None when nothing was, b"" when the terminal is gone."""
        if not _is_ready(self.descriptor, select.POLLIN):
            return None
        try:
            return os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            return None
        except OSError:  # EIO: hung up
            return b""

    def write(self, data: bytearray) -> bool:
        """Write what goes without blocking and drop it from ``data``; False when the terminal is gone."""
        while data and _is_ready(self.descriptor, select.POLLOUT):
            try:
                written = os.write(self.descriptor, data[:SURE_TO_FIT])
            except BlockingIOError:
                break
            except OSError:
                return False
            del data[:written]
        return True

    def close(self) -> None:
        """Give it back; more than once does no harm."""
        if self.descriptor >= 0:
            self.give_back()
            os.close(self.descriptor)
            self.descriptor = -1

    def _set(self, modes: Modes) -> bool:
        with contextlib.suppress(termios.error):  # the terminal went away
            termios.tcsetattr(self.descriptor, termios.TCSANOW, modes)
            return True
        return False


def raw(modes: Modes, *, translates_output: bool = False) -> Modes:
    """``modes`` with every byte passing as it is, both ways unless it ``translates_output``, one at a time."""
    changed = [*modes[:CC], [*modes[CC]]]
    changed[IFLAG] &= ~(termios.BRKINT | termios.IGNBRK | termios.PARMRK | termios.INPCK | termios.ISTRIP)
    changed[IFLAG] &= ~(termios.ICRNL | termios.IGNCR | termios.INLCR | termios.IXON)
    if not translates_output:
        changed[OFLAG] &= ~termios.OPOST
    changed[CFLAG] = changed[CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    changed[LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
    changed[CC][termios.VMIN], changed[CC][termios.VTIME] = 1, 0
    return changed


def _open_again(descriptor: int) -> int:
    """The same terminal with flags of its own: the shell shares the given ones, and O_NONBLOCK would reach it."""
    try:
        return os.open(os.ttyname(descriptor), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # its name means nothing here, or belongs to another user
        return os.dup(descriptor)


def _is_ready(descriptor: int, event: int) -> bool:
    poller = select.poll()
    poller.register(descriptor, event)
    return bool(poller.poll(0))
