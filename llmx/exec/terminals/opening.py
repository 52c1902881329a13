"""Open a window and wait for who sits in it."""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Mapping

from llmx.core.process import adopt_orphans, die_with_parent
from llmx.core.process.supervise import END_SIGNALS, Signals
from llmx.errors import ExecError
from llmx.exec.terminals.choice import Opening
from llmx.exec.terminals.meeting import Guest, Meeting

PATIENCE = 10.0  # seconds that a terminal may take to show its window: one that draws in software takes 2
NAMED_WITHIN = 1.0  # seconds that a program which tells the window's name may take for it once the window is there
AFTER_FAILURE = 0.25  # seconds that a window may take to say that it is there although its program has failed
SEAT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seat.py")
_MOST = 4096  # bytes of what a program says that are kept


class Interrupted(Exception):  # noqa: N818  # nothing has gone wrong
    """A signal told llm-exec to end while it waited; its number is the argument."""


class Opened:
    """A window that is there: in which terminal, what that calls it, and who sits in it."""

    def __init__(self, terminal: str, name: str, guest: Guest) -> None:
        self.terminal = terminal
        self.name = name
        self.guest = guest


def words_for(folder: str) -> tuple[str, ...]:
    """What a terminal is to run in its window."""
    return (sys.executable, "-I", SEAT, folder)


def open_first(meeting: Meeting, openings: list[Opening], env: Mapping[str, str], cwd: str, signals: Signals) -> Opened:
    """The window of the first of ``openings`` that works; raises ``ExecError`` with what each has said.

    Raises ``Interrupted`` when one of the ``signals`` tells this process to end.
    """
    problems = []
    for opening in openings:
        program = Program(opening, env, cwd)
        try:
            guest = _wait_for_guest(meeting, program, signals)
            if guest and guest.terminal >= 0:
                return Opened(opening.terminal, program.name_of_window() if opening.tells else "", guest)
            problem = "it runs things without a terminal" if guest else program.problem
            problems.append(f"{opening.terminal}: {problem}")
            program.end()
        except BaseException:
            program.end()
            raise
        finally:
            program.close()
    raise ExecError(
        f"no window could be opened: {'; '.join(dict.fromkeys(problems))}",
        code="terminal",
        hint="--terminal names another one; --background runs it unseen",
    )


def _wait_for_guest(meeting: Meeting, program: "Program", signals: Signals) -> Guest | None:
    """Who sits in the window that ``program`` opens; None when none will."""
    due = time.monotonic() + PATIENCE
    poller = select.poll()
    for descriptor in (meeting.listener.fileno(), program.said, program.ended, signals.reader):
        poller.register(descriptor, select.POLLIN)
    while (left := due - time.monotonic()) > 0:
        for descriptor, _ in poller.poll(left * 1000):
            if descriptor == signals.reader:
                _heed(signals)
            elif descriptor == meeting.listener.fileno():
                if guest := meeting.admit():
                    return guest
            elif not program.move(descriptor):
                poller.unregister(descriptor)
        if program.has_failed:
            due = min(due, time.monotonic() + AFTER_FAILURE)
    if not program.has_failed:
        program.problem = f"no window came within {PATIENCE:.0f} s"
    return None


def _heed(signals: Signals) -> None:
    for number in signals.take():
        if number in END_SIGNALS:
            raise Interrupted(number)


class Program:
    """A terminal's program, started below a process that outlives its children: none of them becomes the run's.

    ``said`` is read for what it prints, ``ended`` for its exit code.
    """

    def __init__(self, opening: Opening, env: Mapping[str, str], cwd: str) -> None:
        self.problem = ""
        self.has_failed = False
        self._text = b""
        self.said, says = os.pipe()
        self.ended, ends = os.pipe()
        os.set_blocking(self.said, False)
        self._pid = os.fork()
        if self._pid == 0:
            _host(opening, env, cwd, says, ends)
        os.close(says)
        os.close(ends)

    def move(self, descriptor: int) -> bool:
        """Take what has come there; whether more can come."""
        if descriptor == self.said:
            return self.listen()
        code = os.read(self.ended, 8)
        if code != b"0":
            self.listen()
            self.has_failed = True
            lines = [line.strip() for line in self._text.decode(errors="replace").splitlines() if line.strip()]
            self.problem = lines[-1] if lines else f"it ended with {code.decode() or 'a signal'}"
        return False

    def listen(self) -> bool:
        """Read what it has printed; whether more can come."""
        while True:
            try:
                data = os.read(self.said, _MOST)
            except BlockingIOError:
                return True
            self._text = (self._text + data)[-_MOST:]
            if not data:
                return False

    def name_of_window(self) -> str:
        """What it prints first; the window may be there before that."""
        due, poller = time.monotonic() + NAMED_WITHIN, select.poll()
        poller.register(self.said, select.POLLIN)
        while self.listen() and b"\n" not in self._text and (left := due - time.monotonic()) > 0:
            poller.poll(left * 1000)
        return next(iter(self._text.decode(errors="replace").split()), "")

    def end(self) -> None:
        """End it, and what it has started in its session."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGTERM)

    def close(self) -> None:
        """Listen no more."""
        os.close(self.said)
        os.close(self.ended)


def _host(opening: Opening, env: Mapping[str, str], cwd: str, says: int, ends: int) -> None:
    """In the child: run the program in a session of its own and stay until nothing of it is left; never returns."""
    try:
        os.setsid()
        die_with_parent(signal.SIGKILL)  # which the window survives, where it is held
        adopt_orphans()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGTSTP):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for target, source in ((0, nothing), (1, says), (2, says)):
            os.dup2(source, target)
        os.chdir(cwd)
        os.closerange(3, ends)
        os.closerange(ends + 1, os.sysconf("SC_OPEN_MAX"))
        pid = os.posix_spawn(opening.program, opening.words, env, setsigdef=(signal.SIGPIPE, signal.SIGXFSZ))
        for target in (1, 2):
            os.dup2(0, target)
        _stay(pid, ends)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os.write(ends, b"error")
    finally:
        os._exit(0)


def _stay(pid: int, ends: int) -> None:
    while True:
        try:
            ended, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            os.write(ends, str(code).encode() if code >= 0 else f"signal {-code}".encode())
            os.close(ends)
