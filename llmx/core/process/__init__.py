"""Start one program: found on PATH, with its limits, its streams and a parent that it does not outlive.

What watches and ends it is ``supervise.py``. All this is one module because each costs every run 0.1 ms.
"""

import errno
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable, Mapping

    from llmx.core.process.undo import Undo
else:
    import _signal  # the `signal` module wraps this one in enums, which costs 4 ms

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
OF_EVERY_SANDBOX = ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 1 << 16))
WATCHER = "/bin/dash"  # another shell costs more than is saved by not forking
WATCH = """
read -r _
kill -CONT 0
while read -r key pid; do
    case $key in *child-pid*) inner=${pid%%,*} ;; esac
done <&1
read -r who <"/proc/$inner/stat" && case $who in "$inner (bwrap) "*) kill -KILL "$inner" ;; esac
[ "$inner" ] && [ "$1" ] && "$@" "$inner" <&3
kill -KILL 0
"""
"""Waits for the end of the pipe at 0, which is the end of this process. Then ends bubblewrap's first process inside,
which the pipe at 1 names, and its own process group: the former is in there until it has been named, and longer. What
its arguments start in between leaves that group by itself, and puts back what the file at 3 says (`Undo`)."""

_RESET = (_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGCHLD, _signal.SIGTTOU)
"""What Python changed at its start, and SIGCHLD: ignored in a child, it would hide its children's CPU time."""

# prctl(2), which Python has no function for; `_ctypes` is what the `ctypes` package is built on: 3 ms less a run
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_GET_NO_NEW_PRIVS = 39

_call: "Callable[..., int] | None" = None
_prctl = 0

if sys.platform == "linux":
    try:
        import _ctypes

        _prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]  # None: this process
        _call = _ctypes.call_function
    except (ImportError, AttributeError, OSError):  # a Python built without it: fall back to the public package
        import ctypes

        _libc = ctypes.CDLL(None)

        def _call(_address: int, arguments: tuple[int, ...]) -> int:
            return int(_libc.prctl(*arguments))


class Launch:
    """What to start and how.

    ``streams``: descriptors that become stdin, stdout and stderr, -1 to inherit. ``limits``: (resource, value) pairs
    for setrlimit. ``groups``: ``cgroup.procs`` files to join. ``group``: the program leads a process group of its own.
    ``terminal``: a descriptor of the terminal whose foreground that group takes, -1 for none. ``keep``: the only
    descriptors above 2 that the program gets; None for all that are inheritable. ``enter`` runs first in the child,
    in place of making the group; ``confine`` runs last, right before the program; both may raise ``OSError``.
    ``guarded``: another process ends all of it when this one is killed. ``will``: a descriptor that it keeps for
    itself, and what it does then; ``undo``: what is put back then. ``info``: a pipe on which bubblewrap names its first
    process inside, -1 for none; with it that other one stands beside, as ``watcher``, and not in between, as guard.
    """

    __slots__ = (
        "argv",
        "confine",
        "cwd",
        "enter",
        "env",
        "group",
        "groups",
        "guarded",
        "info",
        "keep",
        "limits",
        "program",
        "streams",
        "terminal",
        "undo",
        "watcher",
        "will",
    )

    def __init__(
        self,
        program: str,
        argv: list[str],
        *,
        env: "Mapping[str, str]",
        cwd: str = "",
        streams: tuple[int, int, int] = (-1, -1, -1),
        limits: tuple[tuple[int, int], ...] = (),
        groups: tuple[str, ...] = (),
        group: bool = True,
        terminal: int = -1,
        keep: tuple[int, ...] | None = None,
        enter: "Callable[[], None] | None" = None,
        confine: "Callable[[], None] | None" = None,
        guarded: bool = False,
        will: "tuple[int, Callable[[], None]] | None" = None,
    ) -> None:
        self.program = program
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.streams = streams
        self.limits = limits
        self.groups = groups
        self.group = group
        self.terminal = terminal
        self.keep = keep
        self.enter = enter
        self.confine = confine
        self.guarded = guarded
        self.will = will
        self.undo: Undo | None = None
        self.info = -1
        self.watcher = 0


class LaunchError(OSError):
    """The program could not be started; ``step`` is the call that failed (``execve``, ``chdir``, ``fork`` …)."""

    def __init__(self, number: int, step: str) -> None:
        super().__init__(number, os.strerror(number))
        self.step = step


def find_program(name: str, path: str | None, cwd: str) -> str:
    """The file that ``name`` means, as execvp(3) would find it.

    Raises ``FileNotFoundError`` when there is none and ``PermissionError`` when what is there cannot be executed.
    """
    if "/" in name:
        _require_executable(os.path.join(cwd, name))
        return name
    refused = None
    for folder in (path or DEFAULT_PATH).split(":"):
        candidate = os.path.join(cwd, folder, name) if folder[:1] != "/" else f"{folder}/{name}"
        try:
            _require_executable(candidate)
        except PermissionError as error:
            refused = refused or error
        except OSError:
            continue
        else:
            return candidate
    raise refused or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _require_executable(file: str) -> None:
    if os.stat(file).st_mode & 0o170000 == 0o040000:  # S_IFDIR
        raise PermissionError(errno.EISDIR, os.strerror(errno.EISDIR), file)
    if not os.access(file, os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), file)


def spawn(launch: Launch) -> int:
    """Start ``launch`` and return its pid once the program really runs; raises ``LaunchError``."""
    if launch.info >= 0:
        return _spawn_watched(launch)
    guard = __import__("llmx.core.process.guard", fromlist=["stand"]).stand if launch.guarded else None
    heard, tell = os.pipe()
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(heard)
        os.close(tell)
        raise LaunchError(error.errno or errno.EAGAIN, "fork") from None
    if pid == 0:
        _become(launch, parent, tell, guard)
    os.close(tell)
    report = os.read(heard, 64)
    os.close(heard)
    if report:
        os.waitpid(pid, 0)
        number, _, step = report.decode().partition(" ")
        raise LaunchError(int(number), step)
    return pid


def can_watch(launch: Launch) -> bool:
    """Whether nothing needs code of ours in the child, and a watcher can be had."""
    if launch.enter or launch.will or launch.groups or launch.terminal >= 0 or not os.path.isdir("/proc/self/fd"):
        return False
    return all(one in OF_EVERY_SANDBOX for one in launch.limits) and os.access(WATCHER, os.X_OK)


def _spawn_watched(launch: Launch) -> int:
    """Start ``launch`` without a fork, which would have both sides copy this process's pages: 1 ms less.

    What ``os.pipe`` returns as its writing end is closed by nothing but the end of this process.
    """
    _limit(launch.limits)  # only those of every sandbox, which this process can do with as well
    _pass_on(launch.keep or ())
    heard, _ = os.pipe()
    step = "fork"
    try:
        launch.watcher = _start_watcher(launch, heard)
        step = "execve"
        return os.posix_spawn(
            launch.program,
            launch.argv,
            launch.env,
            file_actions=[(os.POSIX_SPAWN_DUP2, source, to) for to, source in enumerate(launch.streams) if source >= 0],
            setpgroup=launch.watcher,
            setsigmask=(),
            setsigdef=_RESET,
        )
    except OSError as error:
        if launch.watcher:
            os.kill(launch.watcher, _signal.SIGKILL)
            os.waitpid(launch.watcher, 0)
        raise LaunchError(error.errno or errno.EAGAIN, step) from None
    finally:
        os.close(heard)
        os.close(launch.info)


def _start_watcher(launch: Launch, heard: int) -> int:
    """It has nothing of the command's: no stream, no descriptor, no variable."""
    ends = [(os.POSIX_SPAWN_DUP2, heard, 0), (os.POSIX_SPAWN_DUP2, launch.info, 1)]
    closed = [(os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in launch.keep or ()]
    argv, left = [f"llm-exec-watch {os.getpid()}", "-c", WATCH], -1
    if launch.undo:
        argv += [WATCHER, *_heir(launch.undo)]
        left = os.memfd_create("llm-exec")
        os.pwrite(left, launch.undo.state(), 0)
        ends += [(os.POSIX_SPAWN_DUP2, left, 3)]
    try:
        return os.posix_spawn(
            WATCHER,
            argv,
            {},
            file_actions=[*closed, *ends, (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_RDWR, 0)],
            setpgroup=0,
            setsigmask=(),
            setsigdef=_RESET,
        )
    finally:
        if left >= 0:
            os.close(left)


def _heir(undo: "Undo") -> list[str]:
    """This interpreter, with what it is to call; nobody's settings and no other folder's modules get in."""
    module, _, name = undo.HEIR.partition(":")
    code = f"import sys; sys.path[:0] = sys.argv[1:2]; from {module} import {name}; {name}(int(sys.argv[2]))"
    return [sys.executable, "-ISc", code, os.path.abspath(f"{__file__}/../../../..")]


def _pass_on(kept: tuple[int, ...]) -> None:
    """Have no descriptor above stderr inherited but ``kept``."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2:
            try:
                os.set_inheritable(descriptor, descriptor in kept)
            except OSError:  # the one that the list was read from
                continue


def _become(launch: Launch, parent: int, tell: int, guard: "Callable[[Launch], None] | None") -> None:
    """In the child: set everything up and execute; on failure report ``errno step`` and end."""
    steps = ["setpgid"]
    try:
        _stand_alone(launch, parent, steps)
        _furnish(launch, tell, steps)
        steps.append("execve")
        if guard:
            guard(launch)
        _execute(launch)
    except OSError as error:
        os.write(tell, f"{error.errno} {steps[-1]}".encode())
    except BaseException:
        os.write(tell, f"{errno.EINVAL} {steps[-1]}".encode())
    finally:
        os._exit(127)


def _stand_alone(launch: Launch, parent: int, steps: list[str]) -> None:
    """Take the place among processes that ``launch`` asks for."""
    if launch.enter:
        launch.enter()
    elif launch.group:
        os.setpgid(0, 0)
    if launch.terminal >= 0:
        steps.append("tcsetpgrp")
        _signal.signal(_signal.SIGTTOU, _signal.SIG_IGN)
        os.tcsetpgrp(launch.terminal, os.getpid())
    _reset_signals()
    die_with_parent(_signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel knew whom to tell
        os._exit(127)


def _furnish(launch: Launch, tell: int, steps: list[str]) -> None:
    """Streams, folder, limits and what confines, in this order: each would hinder the one before it."""
    steps.append("dup2")
    for target, source in enumerate(launch.streams):
        if source >= 0:
            os.dup2(source, target)
    if launch.cwd:
        steps.append("chdir")
        os.chdir(launch.cwd)
    steps.append("cgroup")
    for file in launch.groups:
        _join(file)
    steps.append("setrlimit")
    _limit(launch.limits)
    if launch.keep is not None:
        steps.append("close")
        close_all_but((*launch.keep, tell, *(launch.will[:1] if launch.will else ())))
        for descriptor in launch.keep:
            os.set_inheritable(descriptor, True)
    if launch.confine:
        steps.append("sandbox")
        launch.confine()


def _reset_signals() -> None:
    """Hand on no signal that is ignored or blocked here."""
    for number in _RESET:
        _signal.signal(number, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def _limit(limits: tuple[tuple[int, int], ...]) -> None:
    """Lower soft and hard limits; one that is lower already stays."""
    for number, value in limits:
        soft, hard = resource.getrlimit(number)
        ceiling = value if hard < 0 else min(value, hard)
        resource.setrlimit(number, (ceiling if soft < 0 else min(soft, ceiling), ceiling))


def close_all_but(kept: tuple[int, ...]) -> None:
    """Close every descriptor above stderr, but for ``kept``."""
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


def _join(control_group: str) -> None:
    descriptor = os.open(control_group, os.O_WRONLY)
    os.write(descriptor, b"0")  # 0 stands for whoever writes it
    os.close(descriptor)


def _execute(launch: Launch) -> None:
    try:
        if launch.env is os.environ:  # the C library has these as they are; execve would encode them all again
            os.execv(launch.program, launch.argv)
        os.execve(launch.program, launch.argv, launch.env)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # a script without a `#!` line: execvp(3), and so every shell, env and timeout, hands it to sh
        os.execve("/bin/sh", ["sh", launch.program, *launch.argv[1:]], launch.env)


def adopt_orphans() -> bool:
    """Make descendants whose parent ends our children, so that none can get away; says whether it worked."""
    return _call is not None and _call(_prctl, (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0


def may_gain_rights() -> bool:
    """Whether this process may still execute setuid programs with effect, as inside most sandboxes it may not."""
    return _call is None or _call(_prctl, (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) == 0


def die_with_parent(signal: int) -> bool:
    """Have the kernel send ``signal`` to this process when its parent ends; says whether it worked."""
    return _call is not None and _call(_prctl, (PR_SET_PDEATHSIG, signal, 0, 0, 0)) == 0


def read_file(file: str) -> bytes:
    """The whole of a file of /proc, which gives at most a page at a time; raises ``OSError`` when it is gone."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        data = b""
        while more := os.read(descriptor, 65536):  # a page less the line that no longer fits in it
            data += more
        return data
    finally:
        os.close(descriptor)
