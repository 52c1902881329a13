"""Run one command within its limits and come back with one honest result."""

import os
import sys
import time

from llmx.core.audit import AuditLog, new_run_id
from llmx.core.plugins import load
from llmx.core.process import Launch, LaunchError, adopt_orphans, find_program, spawn
from llmx.core.process.supervise import Ending, Signals, Supervisor, Verdict, earlier_children
from llmx.core.redact import mask_argv
from llmx.errors import CommandNotFoundError, ExecError, NotExecutableError
from llmx.exec.request import Outcome, judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.core.process.supervise import Clock, Watch
    from llmx.core.process.transfer import LastLook
    from llmx.exec.capture import Capture
    from llmx.exec.limits import Limits
    from llmx.exec.monitor import Monitor
    from llmx.exec.request import ExecRequest

STDIN_LOOK_AFTER = 0.01  # seconds; most commands are over or have their stdin by then


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


class Run:
    """One execution; ``execute`` does it, the attributes then tell what happened."""

    def __init__(self, request: "ExecRequest", *, clock: "Clock" = time.monotonic, wall: "Clock" = time.time) -> None:
        self.request = request
        self.clock = clock
        self.started_at = wall()
        self.run_id = new_run_id(self.started_at)
        self.audit = AuditLog(request.env)
        self.ending = Ending()
        self.outcome = Outcome("running", 0)
        self.duration = 0.0
        self.setup_error: dict[str, object] | None = None
        self.setup_hint = ""
        self.blocked_on = ""
        self.captures: dict[str, Capture] = {}
        self.last_look: LastLook | None = None
        self.monitor: Monitor | None = None
        self.limits: Limits | None = None
        self._supervisor: Supervisor | None = None
        self._started = clock()
        self._terminal = -1
        self._output_left = request.max_output

    def execute(self) -> Outcome:
        """Run the command; a run that could not start is an outcome too."""
        try:
            self._log_start()
            self._perform()
            self.outcome = judge(self.ending, self.request, on_terminal=self._terminal >= 0)
        except ExecError as error:
            self.setup_error = {"code": error.code, "message": error.message}
            self.setup_hint = error.hint or ""
            self.outcome = Outcome("error", error.exit_code)
        except BaseException:
            if self._supervisor:
                self._supervisor.abandon()
            raise
        self.duration = self.clock() - self._started
        if self.limits:
            self.limits.settle(self)
        self._log_end()
        return self.outcome

    @property
    def needs_hints(self) -> bool:
        """Whether there is anything to say beyond the status."""
        return self.outcome.status != "ok" or bool(self.ending.leftovers or self.ending.survivors)

    def _log_start(self) -> None:
        request = self.request
        self.audit.write(
            "start",
            self.run_id,
            pid=os.getpid(),
            user=os.getuid(),
            argv=mask_argv(request.argv, request.env),
            cwd=request.cwd,
            timeout_s=request.timeout,
            sandbox="none",
        )
        if self.audit.problem and request.audit_required:
            raise ExecError(
                f"the execution log cannot be written: {self.audit.problem}",
                code="audit",
                hint="free or permit that file, or set audit.required = false",
            )

    def _log_end(self) -> None:
        usage = self.ending.usage
        self.audit.write(
            "end",
            self.run_id,
            status=self.outcome.status,
            exit_code=self.outcome.exit_code,
            duration_s=round(self.duration, 3),
            cpu_s=round(usage.user + usage.system, 3),
            peak_rss_bytes=usage.peak_rss,
        )

    def _perform(self) -> None:
        request = self.request
        program = self._find_program()
        if request.memory or request.cpu_time or request.max_procs or request.max_file_size:
            self.limits = load("llmx.exec.limits:Limits")(request, self.run_id)
        inner, outer = self._make_streams()
        group, self._terminal = self._place(captured=bool(outer))
        adopt_orphans()
        strangers = earlier_children()
        signals = Signals()
        launch = Launch(
            program,
            request.argv,
            env=request.env,
            cwd=request.cwd,
            streams=inner,
            limits=self.limits.for_each_process() if self.limits else (),
            groups=self.limits.control_groups() if self.limits else (),
            group=group,
            terminal=self._terminal,
        )
        try:
            pid = spawn(launch)
        except LaunchError as error:
            raise self._explain_launch(program, error) from None
        finally:
            for descriptor in inner:
                if descriptor >= 0:
                    os.close(descriptor)
        self._supervisor = Supervisor(
            pid,
            signals,
            clock=self.clock,
            grace=request.grace,
            keep_children=request.keep_children,
            strangers=strangers,
            terminal=self._terminal,
        )
        self._watch(self._supervisor, pid)
        self._supervisor.streams += outer
        self.ending = self._supervisor.run()
        if self.monitor:
            self.monitor.finish()
        if self._terminal >= 0:
            load("llmx.core.process.job:Job")(pid, self._terminal).give_terminal_back()
        if self.ending.verdict and self.ending.verdict.detail == "stdin":
            self.blocked_on = "stdin"

    def _find_program(self) -> str:
        request = self.request
        name = "/bin/sh" if request.is_shell else request.argv[0]
        try:
            return find_program(name, request.env.get("PATH"), request.cwd)
        except FileNotFoundError:
            raise CommandNotFoundError(f"{name}: no such command") from None
        except PermissionError as error:
            raise NotExecutableError(f"{error.filename}: {_why_not_executable(error)}") from None
        except (OSError, ValueError) as error:
            raise CommandNotFoundError(f"{name!r}: {error}") from None

    def _explain_launch(self, program: str, error: LaunchError) -> ExecError:
        if error.step != "execve":
            return ExecError(f"the command could not be started ({error.step}: {error.strerror})", code="spawn")
        if os.path.exists(program) and error.errno == 2:  # ENOENT for a file that is there
            return NotExecutableError(f"{program}: the interpreter in its first line does not exist")
        return NotExecutableError(f"{program}: {error.strerror}")

    def _make_streams(self) -> "tuple[tuple[int, int, int], list[Capture]]":
        """The descriptors the command gets (-1 = ours), and what reads its output."""
        stdin = -1
        if self.request.stdin:
            path = os.devnull if self.request.stdin == "none" else self.request.stdin
            stdin = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        inner = [stdin, -1, -1]
        if not (self.request.report or self.request.result or self.request.max_output):
            return (stdin, -1, -1), []
        capture, kept = load("llmx.exec.capture:Capture"), load("llmx.exec.capture:Kept")
        for number, name in ((1, "stdout"), (2, "stderr")):
            if not self.request.report and os.isatty(number):
                continue  # a terminal stays the command's own
            source, inner[number] = os.pipe()
            self.captures[name] = capture(
                source,
                kept(self.request.capture),
                onward=-1 if self.request.report else number,
                admit=self._admit if self.request.max_output else None,
            )
        return (inner[0], inner[1], inner[2]), list(self.captures.values())

    def _admit(self, size: int) -> int:
        """How many of ``size`` bytes of output still count; ends the run when some do not."""
        admitted = min(size, self._output_left)
        self._output_left -= admitted
        if admitted < size and self._supervisor:
            self._supervisor.stop(Verdict("limit", "max_output"), self.clock())
        return admitted

    def _place(self, *, captured: bool) -> tuple[bool, int]:
        """Whether the command leads a process group of its own, and the terminal it takes (-1 for none).

        At a terminal it becomes the foreground. Beside others in a pipeline it stays in the shell's group, as those
        need the terminal too. Without any terminal it gets its own, so that its ``kill 0`` reaches nobody else.
        """
        if not captured and os.isatty(0) and os.isatty(1) and os.tcgetpgrp(0) == os.getpgrp():
            return True, 0
        try:
            os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC))
        except OSError:
            return True, -1
        return False, -1

    def _watch(self, supervisor: Supervisor, pid: int) -> None:
        """Post everyone who looks at the run while it goes on."""
        request, now = self.request, self.clock()
        if request.timeout:
            supervisor.watches.append(Deadline(now + request.timeout, self._explain_timeout))
        if request.stdin_wait and not request.stdin and _may_wait_for_bytes():
            self._watch_stdin(supervisor, now)
        if request.stall_timeout:
            supervisor.watches.append(load("llmx.exec.stall:StallWatch")(self, supervisor, now))
        if self.limits:
            supervisor.watches.append(self.limits.watch(supervisor, now))
        if request.monitor:
            self.monitor = load("llmx.exec.monitor:Monitor")(supervisor, now, live=self._shows_live())
            supervisor.watches.append(self.monitor)
        if (request.report or request.result) and sys.platform == "linux":
            supervisor.before_reaping = lambda: self._look_last(pid)

    def _watch_stdin(self, supervisor: Supervisor, now: float) -> None:
        wait = self.request.stdin_wait

        def make() -> "Watch":
            watch: Watch = load("llmx.exec.stdin_wait:StdinWatch")(supervisor.descendants, now, wait)
            return watch

        later = Later(now + STDIN_LOOK_AFTER, make)
        supervisor.watches.append(later)
        supervisor.listeners[0] = lambda: supervisor.watches.remove(later)

    def _look_last(self, pid: int) -> None:
        self.last_look = load("llmx.core.process.transfer:last_look")(pid)

    def _explain_timeout(self) -> str:
        if self._supervisor is None or self.request.stdin or not _may_wait_for_bytes():
            return ""
        waiting = load("llmx.exec.stdin_wait:waits_for_stdin")
        return "stdin" if any(map(waiting, self._supervisor.descendants())) else ""

    def _shows_live(self) -> bool:
        return not self.request.quiet and not self.request.report and os.isatty(2)


def _may_wait_for_bytes() -> bool:
    """Whether stdin is a pipe or a socket, which may stay open and silent for ever; a terminal has a person."""
    try:
        kind = os.fstat(0).st_mode & 0o170000
    except OSError:
        return False
    return kind in (0o010000, 0o140000)  # S_IFIFO, S_IFSOCK


def _why_not_executable(error: OSError) -> str:
    return "it is a folder" if error.errno == 21 else "not executable (permission denied)"  # EISDIR
