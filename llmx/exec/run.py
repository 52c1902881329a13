"""Run one command within its limits and come back with one honest result."""

import os
import sys
import time

from llmx.core.audit import AuditLog, new_run_id, timestamp
from llmx.core.plugins import load
from llmx.core.process import OF_EVERY_SANDBOX, Launch, LaunchError, adopt_orphans, find_program, spawn
from llmx.core.process.supervise import Deadline, Ending, Later, Signals, Supervisor, Verdict, earlier_children
from llmx.core.redact import mask_message
from llmx.errors import CommandNotFoundError, ExecError, LlmxError, NotExecutableError, PolicyError
from llmx.exec.request import NOT_EXECUTABLE, Outcome, judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.core.process.pty import OwnTerminal
    from llmx.core.process.supervise import Clock, Watch
    from llmx.core.process.transfer import LastLook
    from llmx.core.sandbox.inherited import Outer
    from llmx.exec.capture import Capture, Kept
    from llmx.exec.confinement import Confinement
    from llmx.exec.deps import Provided
    from llmx.exec.kept import Store
    from llmx.exec.limits import Limits
    from llmx.exec.monitor import Monitor
    from llmx.exec.request import ExecRequest, SandboxRequest
    from llmx.exec.terminals.window import Window

SANDBOX_MARKER = "/run/llmx/sandbox"  # inherited.MARKER, without its module
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", 0)  # with it a later process of the same number is told apart
STDIN_LOOK_AFTER = 0.01  # seconds; most commands are over or have their stdin by then


class Run:
    """One execution; ``execute`` does it, the attributes then tell what happened."""

    def __init__(self, request: "ExecRequest", *, clock: "Clock" = time.monotonic, wall: "Clock" = time.time) -> None:
        self.request = request
        self.clock = clock
        self.started_at = wall()
        self.run_id = new_run_id(self.started_at)
        self.outer: Outer | None = None
        if os.path.exists(SANDBOX_MARKER):
            self.outer = load("llmx.core.sandbox.inherited:outer")()
        self.audit = (
            load("llmx.core.audit_relay:RelayedLog")(self.outer.pipe)
            if self.outer
            else AuditLog(
                request.env,
                max_bytes=request.log_max_bytes,
                max_age_days=request.log_max_age_days,
                keep=request.log_keep,
            )
        )
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
        self.confinement: Confinement | None = None
        self.store: Store | None = None
        self.window: Window | None = None
        self.provided: Provided | None = None
        self.when_started: Callable[[Run], None] | None = None
        self._own_terminal: OwnTerminal | None = None
        self._supervisor: Supervisor | None = None
        self._started = clock()
        self._terminal = -1
        self._output_left = request.max_output

    def execute(self) -> Outcome:
        """Run the command; a run that could not start is an outcome too."""
        try:
            self._log_start()
            if self._may_start():
                self._perform()
            by_code = self.confinement is not None and self.confinement.tells_signals_by_code
            on_terminal = self._terminal >= 0 or self.window is not None
            self.outcome = judge(self.ending, self.request, on_terminal=on_terminal, by_code=by_code)
        except ExecError as error:
            if self._supervisor:  # it stands there, and waits for what cannot be had
                self._supervisor.abandon()
            self._note_setup(error, error.code, Outcome("error", error.exit_code))
        except PolicyError as error:
            self._note_setup(error, "denied", Outcome("denied", NOT_EXECUTABLE))
        except BaseException:
            if self._supervisor:
                self._supervisor.abandon()
            if self.confinement:  # what git would run later is put back even then
                self.confinement.settle(self.ending)
            raise
        finally:
            if self._own_terminal:
                self._own_terminal.close()
            if self.confinement:
                self.confinement.close()
        self.duration = self.clock() - self._started
        if self.limits:
            self.limits.settle(self)
        if self.window:
            self.window.finish()
        self._log_end()
        return self.outcome

    @property
    def needs_hints(self) -> bool:
        """Whether there is anything to say beyond the status."""
        is_quiet = self.outcome.status == "ok" and not (self.ending.leftovers or self.ending.survivors)
        return not is_quiet or bool(self.confinement and self.confinement.changed)

    def _note_setup(self, error: LlmxError, code: str, outcome: Outcome) -> None:
        self.setup_error = {"code": code, "message": error.message}
        self.setup_hint = error.hint or ""
        self.outcome = outcome

    def _log_start(self) -> None:
        request = self.request
        since_boot = time.clock_gettime(_BOOT_CLOCK) if _BOOT_CLOCK else None
        start = {"kind": "command", "pid": os.getpid(), "user": os.getuid(), "boot_s": since_boot, **request.record()}
        self.audit.write("start", self.run_id, **start)
        if self.audit.problem and request.audit_required:
            raise ExecError(
                f"the execution log cannot be written: {self.audit.problem}",
                code="audit",
                hint="free or permit that file, or set audit.required = false",
            )
        if request.keep_output or request.monitor:
            line = {"time": timestamp(self.started_at), "event": "start", "run_id": self.run_id, **start}
            self.store = load("llmx.exec.kept:Store")(self, line)

    def _log_end(self) -> None:
        usage, outcome = self.ending.usage, self.outcome
        end: dict[str, object] = {
            **outcome.record(),
            "duration_s": round(self.duration, 3),
            "cpu_s": round(usage.user + usage.system, 3),
            "cpu_user_s": round(usage.user, 6),
            "cpu_system_s": round(usage.system, 6),
            "peak_rss_bytes": usage.peak_rss,
        }
        if self.blocked_on:
            end["blocked_on"] = self.blocked_on
        if self.setup_error:
            end["setup_error"] = {
                "code": self.setup_error["code"],
                "message": mask_message(str(self.setup_error["message"]), self.request.all_env, self.request.argv),
            }
        if self.window:
            end["terminal"] = self.window.fields()
        if self.confinement:
            end |= self.confinement.record()
        self.audit.write("end", self.run_id, **end)

    def _may_start(self) -> bool:
        """Ask the rules and provide packages; False when the user has interrupted that."""
        if any(self.request.rules):
            load("llmx.exec.rules:check")(self.request)
        return not self.request.deps or bool(load("llmx.exec.deps:provide")(self))

    def _perform(self) -> None:
        request = self.request
        program = find_command(request)
        if request.memory or request.cpu_time or request.max_procs or request.max_file_size:
            self.limits = load("llmx.exec.limits:Limits")(request, self.run_id)
        signals = Signals()
        if request.window and not self._open_window(signals):
            return
        inner, outer = self._make_streams()
        has_own = request.sandbox or self.window
        group, self._terminal = (True, -1) if has_own else self._place(captured=bool(outer))
        adopt_orphans()
        strangers = earlier_children()
        launch = Launch(
            program,
            request.argv,
            env=request.all_env,
            cwd=request.cwd,
            streams=inner,
            limits=self.limits.for_each_process() if self.limits else (),
            groups=self.limits.control_groups() if self.limits else (),
            group=group,
            terminal=self._terminal,
        )
        pid = self._start(launch, captured=bool(outer))
        load("gc:freeze")()  # what the start has made stays; looking through all of it for garbage would cost 1 ms
        load("gc:enable")()  # the front door has disabled it; a run may be long
        self._supervisor = Supervisor(
            pid,
            signals,
            clock=self.clock,
            grace=request.grace,
            keep_children=request.keep_children,
            strangers=strangers | self.confinement.helpers if self.confinement else strangers,
            terminal=self._terminal,
        )
        self._watch(self._supervisor, pid)
        self._supervisor.streams += outer
        if self.confinement or self.window:
            self._attend(self._supervisor, pid)
        self.ending = self._supervisor.run()
        if self.confinement and (problem := self.confinement.settle(self.ending)):
            raise problem
        if self.monitor:
            self.monitor.finish()
        if self._terminal >= 0:
            load("llmx.core.process.job:Job")(pid, self._terminal).give_terminal_back()
        if self.ending.verdict and self.ending.verdict.detail == "stdin":
            self.blocked_on = "stdin"

    def _open_window(self, signals: Signals) -> bool:
        """Whether the run has its window; False when a signal ended it first."""
        self.window = load("llmx.exec.terminals.window:open_window")(self, signals)
        self._own_terminal = self.window.terminal if self.window else None
        return self.window is not None

    def _start(self, launch: Launch, *, captured: bool) -> int:
        """The pid of the command, which runs; its ends of the streams are closed here."""
        program = launch.program
        if self._own_terminal:
            launch.enter = self._own_terminal.enter
        try:
            if self.request.sandbox:
                self._confine(launch, self.request.sandbox, captured=captured)
            return spawn(launch)
        except LaunchError as error:
            raise self._explain_launch(program, error) from None
        finally:
            for descriptor in launch.streams:
                if descriptor >= 0:
                    os.close(descriptor)

    def _confine(self, launch: Launch, wanted: "SandboxRequest", *, captured: bool) -> None:
        """Turn ``launch`` into the same within a sandbox, at a terminal of its own where it would be at one."""
        if not captured and not self._own_terminal and _is_at_terminal():
            self._own_terminal = load("llmx.core.process.pty:OwnTerminal")(0)
            launch.enter = self._own_terminal.enter
        confine = load("llmx.exec.confinement:Confinement")
        self.confinement = confine(self.request, wanted, self.outer, own_terminal=self._own_terminal is not None)
        self.confinement.offer_log(self.audit, self.run_id)
        enclosure = self.confinement.enclose(launch.program, launch.argv)
        launch.limits = (*launch.limits, *OF_EVERY_SANDBOX)
        launch.will = self._own_terminal.will() if self._own_terminal else None
        launch.undo = self.confinement.sensitive
        enclosure.fill(launch)
        self.confinement.open_network()

    def _attend(self, supervisor: Supervisor, pid: int) -> None:
        """What the sandbox and its terminal have to do while the command runs."""
        if self.confinement and (enclosure := self.confinement.enclosure):
            supervisor.spared, supervisor.followers = enclosure.spared, enclosure.followers
            enclosure.started(pid, supervisor.ending)
            supervisor.streams += [enclosure, *self.confinement.streams()]
        if terminal := self._own_terminal:
            terminal.on_suspend = supervisor.suspend
            supervisor.job = terminal
            supervisor.streams.append(terminal)
            supervisor.watches.append(terminal)
            terminal.started(pid)
        if self.window:
            self.window.attend(supervisor)

    def _explain_launch(self, program: str, error: LaunchError) -> ExecError:
        if error.step != "execve":
            return ExecError(f"the command could not be started ({error.step}: {error.strerror})", code="spawn")
        if os.path.exists(program) and error.errno == 2:  # ENOENT for a file that is there
            return NotExecutableError(f"{program}: the interpreter in its first line does not exist")
        return NotExecutableError(f"{program}: {error.strerror}")

    def _make_streams(self) -> "tuple[tuple[int, int, int], list[Capture]]":
        """The descriptors the command gets (-1 = ours), and what reads its output."""
        stdin, is_file = -1, self.request.stdin not in ("", "none")
        if self.request.stdin:
            stdin = os.open(self.request.stdin if is_file else os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            stdin = load("llmx.exec.handed_in:read_only")(stdin) if is_file and self.request.sandbox else stdin
        inner = [stdin, -1, -1]
        if self.window or not (
            self.request.report or self.request.result or self.request.max_output or self.request.keep_output
        ):
            return (stdin, -1, -1), []
        for number, name in ((1, "stdout"), (2, "stderr")):
            if not (self.request.report or self.request.keep_output) and os.isatty(number):
                continue  # a terminal stays the command's own
            source, inner[number] = os.pipe()
            self.capture(name, source, onward=-1 if self.request.report else number)
        return (inner[0], inner[1], inner[2]), list(self.captures.values())

    def capture(self, name: str, source: int, *, onward: int) -> "Capture":
        """Keep what arrives at ``source`` as the stream called ``name``, and pass it on; -1 to nobody."""
        admit = self._admit if self.request.max_output else None
        kept = self._keep(name, self.request.capture)
        self.captures[name] = load("llmx.exec.capture:Capture")(source, kept, onward=onward, admit=admit)
        return self.captures[name]

    def _keep(self, name: str, size: int) -> "Kept":
        """What keeps the stream called ``name``, and stores it where that is asked for."""
        if self.store and self.request.keep_output:
            return self.store.stream(name, size)
        kept: Kept = load("llmx.exec.capture:Kept")(size)
        return kept

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
        if not captured and _is_at_terminal():
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
        if self.when_started:
            self.when_started(self)

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


def find_command(request: "ExecRequest") -> str:
    """The file that would be executed; raises ``CommandNotFoundError`` or ``NotExecutableError``."""
    name = "/bin/sh" if request.is_shell else request.argv[0]
    try:
        return find_program(name, request.env.get("PATH"), request.cwd)
    except FileNotFoundError:
        raise CommandNotFoundError(f"{name}: no such command") from None
    except PermissionError as error:
        why = "it is a folder" if error.errno == 21 else "not executable (permission denied)"  # EISDIR
        raise NotExecutableError(f"{error.filename}: {why}") from None
    except (OSError, ValueError) as error:
        raise CommandNotFoundError(f"{name!r}: {error}") from None


def _is_at_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, with both stdin and stdout there."""
    return os.isatty(0) and os.isatty(1) and os.tcgetpgrp(0) == os.getpgrp()


def _may_wait_for_bytes() -> bool:
    """Whether stdin is a pipe or a socket, which may stay open and silent for ever; a terminal has a person."""
    try:
        kind = os.fstat(0).st_mode & 0o170000
    except OSError:
        return False
    return kind in (0o010000, 0o140000)  # S_IFIFO, S_IFSOCK
