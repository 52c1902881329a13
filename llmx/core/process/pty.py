"""A terminal of the command's own: what it does to its terminal cannot reach the caller's (TIOCSTI, modes, signals).

The caller's terminal is raw while the run lasts, so every key, Ctrl-C included, goes to the command's line discipline.
"""

import contextlib
import fcntl
import os
import select
import signal
import termios
from collections.abc import Callable, Sequence

from llmx.core.process.callers_terminal import CC, CHUNK, LFLAG, CallersTerminal

TYPED_AHEAD = 1 << 16  # bytes from the keyboard that are held for a command which does not read
HELD_BACK = 1 << 18  # bytes of output that are held for a terminal which does not take them
NEVER = float("inf")
LOOK_AGAIN = 0.25  # seconds; a shell does not tell a running job that it is in the foreground again


class OwnTerminal:
    """A pseudo-terminal between the command and the terminal behind ``outer``, for a run in the foreground.

    A stream, a watch and a job of the supervisor's. ``enter`` is the launch's first step in the child, ``started``
    follows in the parent, ``close`` puts the caller's terminal back and is due however the run ends. ``suspend`` is
    called for Ctrl-Z when the command cannot heed it itself; without it, this object's own ``suspend`` is.
    ``seats`` are the streams that become the command's terminal; None stands for those that are the caller's.

    Keys that were typed ahead and that the command did not read go with its terminal: putting them back where a shell
    reads them would hand the command the way there.
    """

    def __init__(
        self,
        outer: int,
        *,
        suspend: Callable[[], None] | None = None,
        seats: Sequence[int] | None = None,
        screen: type[CallersTerminal] = CallersTerminal,
    ) -> None:
        self.due = NEVER
        self.on_suspend = suspend or self.suspend
        callers = [number for number in (0, 1, 2) if _is_same_terminal(number, outer)] if seats is None else seats
        self._seats = callers
        self._outer = screen(outer, is_shared=1 not in callers)
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        termios.tcsetattr(self._slave, termios.TCSANOW, self._outer.modes)
        self._pid = 0
        self._is_empty = False  # nothing of the command's output is left to read
        self._has_new_size = True
        self._typed = bytearray()
        self._shown = bytearray()
        self._copy_size()

    def enter(self) -> None:
        """In the child: a session of its own at the new terminal, which takes the caller's place."""
        os.setsid()
        fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
        for number in self._seats:
            os.dup2(self._slave, number)

    def started(self, pid: int) -> None:
        """In the parent: the command runs as ``pid``; from now on the keyboard is its."""
        self._pid = pid
        self._size_handler = signal.signal(signal.SIGWINCH, self._note_size)
        self.take_terminal()

    def will(self) -> tuple[int, Callable[[], None]]:
        """What another process needs to put the caller's terminal back when this one was killed, and how."""
        return self._outer.descriptor, self._outer.put_back

    def close(self) -> None:
        """Put the caller's terminal back and hang the command's up; more than once does no harm."""
        if self._slave < 0:
            return
        if self._pid:
            signal.signal(signal.SIGWINCH, self._size_handler)
        self._outer.close()
        self._hang_up()
        os.close(self._slave)
        self._slave = -1

    def interest(self) -> list[tuple[int, int]]:
        keys = master = 0
        if self._master >= 0:
            keys = select.POLLIN if self._outer.is_raw and len(self._typed) < TYPED_AHEAD else 0
            master = select.POLLIN if self._has_room() else 0
            master |= select.POLLOUT if self._typed else 0
        screen = select.POLLOUT if self._shown else 0
        wanted = ((self._outer.descriptor, keys | screen), (self._master, master))
        return [(descriptor, events) for descriptor, events in wanted if events]

    def move(self) -> None:
        self._copy_size()
        self._read_output()
        if not self._outer.write(self._shown):
            self._hang_up()
        self._read_keys()
        self._type()

    def is_settled(self) -> bool:
        return not self._shown and (self._master < 0 or self._is_empty)

    def check(self, now: float) -> None:
        """While in the background: look whether the shell has put the job into the foreground again."""
        self.due = now + LOOK_AGAIN
        self.take_terminal()

    def suspend(self) -> None:
        """Stop the command and the shell's job that this process is part of; returns when the shell continues it.

        The command's group has no parent in its session, so the kernel ignores its SIGTSTP: it gets SIGSTOP.
        """
        self._send(signal.SIGSTOP)
        self.give_terminal_back()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
        self.due = 0.0  # after `bg` there is no terminal to take yet
        self.take_terminal()
        self._send(signal.SIGCONT)

    def take_terminal(self) -> None:
        """Make the caller's terminal raw, if the shell has put this process into the foreground."""
        if self._outer.take():
            self.due = NEVER
            self._has_new_size = True
            self._copy_size()

    def give_terminal_back(self) -> None:
        """Put the caller's terminal into the modes it had."""
        self._outer.give_back()

    def _note_size(self, _number: int, _frame: object) -> None:
        self._has_new_size = True  # the supervisor's loop wakes up for the signal and moves

    def _copy_size(self) -> None:
        if self._has_new_size and (size := self._outer.size()) and self._master >= 0:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)
        self._has_new_size = False

    def _read_output(self) -> None:
        """At most 16 chunks: the loop has more to do than this stream."""
        self._is_empty = False
        for _ in range(16):
            if self._master < 0 or not self._has_room():
                return
            try:
                self._take_output(os.read(self._master, CHUNK))
            except BlockingIOError:
                self._is_empty = True
                return
            except OSError:  # EIO: the command has ended, and with it its session
                self._close_master()

    def _has_room(self) -> bool:
        """Whether more of the command's output can be held."""
        return len(self._shown) < HELD_BACK

    def _take_output(self, data: bytes) -> None:
        """What has just come from the command."""
        self._shown += data

    def _read_keys(self) -> None:
        while self._master >= 0 and self._outer.is_raw and len(self._typed) < TYPED_AHEAD:
            data = self._outer.read()
            if data is None:
                return
            if not data:
                self._hang_up()
                return
            self._take_keys(data)

    def _take_keys(self, data: bytes) -> None:
        """Hold ``data`` for the command, but for the key that suspends the whole job."""
        key = self._suspend_key()
        before, found, after = data.partition(key) if key else (data, b"", b"")
        self._typed += before
        if found:
            self._type()
            self.on_suspend()
            self._typed += after

    def _suspend_key(self) -> bytes:
        """The byte that is to suspend the job; b"" where the command reads keys as they are or has jobs itself."""
        try:
            modes = termios.tcgetattr(self._master)  # the command's side's
            if not modes[LFLAG] & termios.ISIG or os.tcgetpgrp(self._master) != self._pid:
                return b""
        except (OSError, termios.error):
            return b""
        key: bytes = modes[CC][termios.VSUSP]
        return b"" if key == b"\0" else key

    def _type(self) -> None:
        while self._typed and self._master >= 0:
            try:
                written = os.write(self._master, self._typed[:CHUNK])
            except BlockingIOError:
                return
            except OSError:
                self._typed.clear()
                return
            del self._typed[:written]

    def _hang_up(self) -> None:
        """The caller's terminal is gone, or the run is over: so is the command's, whose session gets SIGHUP."""
        self._shown.clear()
        self._typed.clear()
        self._close_master()

    def _close_master(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _send(self, number: int) -> None:
        with contextlib.suppress(OSError):  # it has just ended
            os.killpg(self._pid, number)


def _is_same_terminal(number: int, outer: int) -> bool:
    try:
        return os.isatty(number) and os.fstat(number).st_rdev == os.fstat(outer).st_rdev
    except OSError:
        return False
