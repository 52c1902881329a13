"""Watch one child from its start until the kernel says that nothing of it is left.

One loop over poll(2): signals arrive through a pipe, output through the streams, and whoever wants to look at
the run from time to time (timeout, limits, monitor) is a *watch* with a due time.
"""

import os
import select
import sys

from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable
    from typing import Protocol

    from llmx.core.process.teardown import Process, Teardown

    Clock = Callable[[], float]

    class Watch(Protocol):
        """Looks at the run when it is due; a verdict ends the run. ``due`` is in the clock's seconds."""

        due: float

        def check(self, now: float) -> "Verdict | None": ...

    class Stream(Protocol):
        """Moves bytes of the child's output without ever blocking."""

        def interest(self) -> list[tuple[int, int]]:
            """Descriptors and poll events to wait for; empty when there is nothing to wait for."""

        def move(self) -> None:
            """Take and pass on what can be moved now."""

        def is_settled(self) -> bool:
            """Whether everything that was there has been taken and passed on."""

    class TerminalJob(Protocol):
        """The run as a job of the shell at whose terminal it is."""

        def suspend(self) -> None: ...

        def take_terminal(self) -> None: ...
else:
    import _signal

NEVER = float("inf")
LEFTOVER_GRACE = 1.0  # a background process left behind gets at most this long: the command has its answer

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024

END_SIGNALS = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT)


class Verdict:
    """Why a run was ended: ``timeout``, ``stalled``, ``limit`` or ``interrupted``, and what exactly.

    ``at_once``: without the grace time, where what the processes would do with it is the problem.
    """

    __slots__ = ("at_once", "cause", "detail", "note", "signal")

    def __init__(self, cause: str, detail: str = "", *, note: str = "", signal: int = 0, at_once: bool = False) -> None:
        self.cause = cause
        self.detail = detail
        self.note = note
        self.signal = signal
        self.at_once = at_once


class Usage:
    """What the reaped processes used: CPU seconds, and the largest resident size of one of them in bytes."""

    __slots__ = ("peak_rss", "reaped", "system", "user")

    def __init__(self) -> None:
        self.user = 0.0
        self.system = 0.0
        self.peak_rss = 0
        self.reaped = 0

    def add(self, rusage: "os.struct_rusage") -> None:  # type: ignore[name-defined]
        self.user += rusage.ru_utime
        self.system += rusage.ru_stime
        self.peak_rss = max(self.peak_rss, rusage.ru_maxrss * MAXRSS_UNIT)
        self.reaped += 1


class Ending:
    """How it ended.

    ``status`` is wait(2)'s; ``leftovers`` were still running when the child had ended, ``survivors`` still are.
    """

    __slots__ = ("leftovers", "status", "survivors", "usage", "verdict")

    def __init__(self) -> None:
        self.status: int | None = None
        self.verdict: Verdict | None = None
        self.usage = Usage()
        self.leftovers: list[Process] = []
        self.survivors: list[Process] = []


class Signals:
    """Turns signals into bytes on a pipe, so that one poll waits for everything."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        _signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        _signal.signal(_signal.SIGCHLD, _pass)
        job_signals = (*END_SIGNALS, _signal.SIGTSTP, _signal.SIGCONT)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, (_signal.SIGCHLD, *job_signals))  # the caller may block some
        for number in job_signals:
            if _signal.getsignal(number) != _signal.SIG_IGN:  # nohup stays nohup
                _signal.signal(number, _pass)

    def take(self) -> bytes:
        """The numbers of the signals that arrived since the last call."""
        try:
            return os.read(self.reader, 512)
        except BlockingIOError:
            return b""


def _sleeps() -> int:
    """How often this process has given up the processor to wait for something; 0 where that is not told."""
    try:
        descriptor = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    status = os.read(descriptor, 4096)
    os.close(descriptor)
    return int(status.partition(b"\nvoluntary_ctxt_switches:")[2].partition(b"\n")[0] or 0)


def _pass(_number: int, _frame: object) -> None:
    """The signal's number is already on the pipe."""


class Deadline:
    """Ends the run when its time is up."""

    def __init__(self, due: float, explain: "Callable[[], str]") -> None:
        self.due = due
        self._explain = explain

    def check(self, _now: float) -> Verdict:
        return Verdict("timeout", self._explain())


class Later:
    """A watch that is only made when it is first due: most runs are over by then."""

    def __init__(self, due: float, make: "Callable[[], Watch]") -> None:
        self.due = due
        self._make = make
        self._watch: Watch | None = None

    def check(self, now: float) -> Verdict | None:
        if self._watch is None:
            self._watch = self._make()
        verdict = self._watch.check(now)
        self.due = self._watch.due
        return verdict


def earlier_children() -> "frozenset[int]":
    """Children this process already has (``sleep 9 & exec llm-exec …``): not the run's to end."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return frozenset()
    return frozenset(load("llmx.core.process.tree:children")(os.getpid()))


class Supervisor:
    """Watches the child ``pid``; add watches and streams, then ``run``.

    ``spared`` names processes that are not the command's and must outlive its grace time; ``followers``, asked once the
    child has ended, those that are ending with it. ``job`` is what stops and goes on with the shell, where it is not
    the child's process group. ``terminal`` is a descriptor of the terminal whose foreground the child holds, -1 for
    none.
    """

    def __init__(
        self,
        pid: int,
        signals: Signals,
        *,
        clock: "Clock",
        grace: float,
        keep_children: bool = False,
        strangers: "frozenset[int]" = frozenset(),
        terminal: int = -1,
    ) -> None:
        self.pid = pid
        self.watches: list[Watch] = []
        self.streams: list[Stream] = []
        self.listeners: dict[int, Callable[[], None]] = {}
        self.before_reaping: Callable[[], None] | None = None
        self.spared: Callable[[], list[int]] = list
        self.followers: Callable[[], list[int]] = list
        self.job: TerminalJob | None = None
        self.ending = Ending()
        self._signals = signals
        self._clock = clock
        self._grace = grace
        self._keep_children = keep_children
        self.strangers = strangers
        self._terminal = terminal
        self._teardown: Teardown | None = None
        self._is_childless = False
        self._following: set[int] = set()
        self._follow_until = NEVER
        self._stops_waiting = False  # for a reader of the output who does not read

    def run(self) -> Ending:
        """Watch until the child and (unless they are kept) all its descendants are gone."""
        while not self._is_over():
            self._wait()
            for number in self._signals.take():
                self._heed(number)
            self._reap()
            for stream in self.streams:
                stream.move()
            self._advance(self._clock())
        return self.ending

    def descendants(self) -> list[int]:
        """The pids of everything the run has started and that is not reaped yet, parents first."""
        found: list[int] = load("llmx.core.process.tree:descendants")(os.getpid(), self.strangers)
        return found

    def stop(self, verdict: Verdict, now: float) -> None:
        """End the run: SIGTERM to the whole tree now, SIGKILL after the grace time."""
        self._stops_waiting = True
        if self._teardown is None and self.ending.status is None:
            self.ending.verdict = verdict
            self._tear_down(now, 0 if verdict.at_once else self._grace)

    def abandon(self) -> None:
        """Kill what is there now, when the loop itself has failed."""
        self._tear_down(self._clock(), 0).step(self._clock())

    def _is_over(self) -> bool:
        if self.ending.survivors:
            return True
        if self.ending.status is None or self._are_left():
            return False
        return self._stops_waiting or all(stream.is_settled() for stream in self.streams)

    def _are_left(self) -> bool:
        """Whether processes are left that the run has to wait for."""
        if self._following:
            return True
        if self._is_childless or (self._keep_children and self._teardown is None):
            return False
        return not self.strangers or bool(self.descendants())

    def _wait(self) -> None:
        """Sleep until a signal, a movable byte or the next due time."""
        poller = select.poll()
        poller.register(self._signals.reader, select.POLLIN)
        for fd in self.listeners:
            poller.register(fd, select.POLLIN)
        for stream in self.streams:
            for fd, events in stream.interest():
                poller.register(fd, events)
        due = min([self._follow_until, *(watch.due for watch in self.watches)])
        if self._teardown:
            due = self._teardown.next_at
        timeout = None if due == NEVER else max(0.0, due - self._clock()) * 1000
        slept = _sleeps() if self.listeners else 0
        ready = [fd for fd, _ in poller.poll(timeout)]
        if self.listeners and _sleeps() > slept + 1:  # woken for a byte that another process was quicker to take
            ready += self.listeners
        for fd in ready:
            if listener := self.listeners.pop(fd, None):
                listener()

    def _heed(self, number: int) -> None:
        """Act on one signal to this process."""
        if number == _signal.SIGTSTP:
            self.suspend()
        elif number == _signal.SIGCONT and (self._terminal >= 0 or self.job):
            self._shell_job().take_terminal()
        elif number in END_SIGNALS:
            now = self._clock()
            if self._teardown:  # asked twice: at once, then
                self._teardown.hurry(now)
            self.stop(Verdict("interrupted", signal=number), now)

    def suspend(self) -> None:
        """Stop together with the child, as one job; the time spent stopped does not count."""
        stopped_at = self._clock()
        self._shell_job().suspend()
        away = self._clock() - stopped_at
        for watch in self.watches:
            watch.due += away
        if self._teardown:
            self._teardown.next_at += away

    def _shell_job(self) -> "TerminalJob":
        self.job = self.job or load("llmx.core.process.job:Job")(self.pid, self._terminal)
        return self.job

    def _reap(self) -> None:
        while True:
            try:
                if self.before_reaping and self.ending.status is None and self._has_ended():
                    self.before_reaping()
                pid, status, rusage = os.wait4(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                self._is_childless = True
                return
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                if pid == self.pid and self._terminal >= 0:
                    self.suspend()
                continue
            self._following.discard(pid)
            if pid in self.strangers:
                self.strangers -= {pid}
                continue
            self.ending.usage.add(rusage)
            if pid == self.pid:
                self.ending.status = status
                self._following.update(self.followers())
                self._follow_until = self._clock() + LEFTOVER_GRACE if self._following else NEVER

    def _has_ended(self) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _advance(self, now: float) -> None:
        """Let due watches look, and take the next step of ending the tree."""
        if self._teardown:
            self._teardown.step(now)
            self.ending.survivors = self._teardown.survivors
            return
        for watch in self.watches:
            if watch.due <= now and (verdict := watch.check(now)):
                self.stop(verdict, now)
                return
        if self.ending.status is not None and not (self._following and now < self._follow_until) and self._are_left():
            self._follow_until = NEVER
            spared = self.spared()
            left = [pid for pid in self.descendants() if pid not in spared]
            self.ending.leftovers = load("llmx.core.process.teardown:living")(left) if left else []
            self._tear_down(now, min(self._grace, LEFTOVER_GRACE))

    def _tear_down(self, now: float, grace: float) -> "Teardown":
        self._teardown = load("llmx.core.process.teardown:Teardown")(self.descendants, now, grace, self.spared)
        return self._teardown
