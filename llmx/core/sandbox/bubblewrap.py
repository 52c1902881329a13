"""The full level: bubblewrap gives the command namespaces of its own, and the plan's folders in them."""

import os
import select

from llmx.core.plugins import load
from llmx.core.process import can_watch, read_file
from llmx.core.sandbox import MARKER, TEMPORARY, Enclosure
from llmx.core.sandbox.sensitive import exchanged
from llmx.core.sandbox.workspace import is_below, is_below_any
from llmx.errors import CommandNotFoundError
from llmx.paths import OTHERWISE, cache_dir, open_exactly, read_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmx.core.process import Launch
    from llmx.core.process.supervise import Ending
    from llmx.core.sandbox import Abilities, Plan
    from llmx.errors import ExecError

FILTER_VERSION = 3
"""Part of the cached filter's name; goes up with every change of what the filter is or how it is kept."""

SIGKILL = 9  # the `signal` module costs 4 ms
F_SETPIPE_SZ = 1031

NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--cap-drop", "ALL", "--die-with-parent"),
)
_SCRATCH = (".cache", ".config", ".local", ".local/share", ".local/state")
"""Where programs insist on writing below the home folder; the rest of it says no, so that nothing is lost unnoticed."""

# what the C library of bwrap itself, outside, would obey
_LOADER = ("LD_", "GLIBC_", "GCONV_", "MALLOC_", "LOCPATH", "NLSPATH")


def enclose(plan: "Plan", program: str, argv: list[str], abilities: "Abilities") -> Enclosure:
    """``program`` with ``argv`` inside bubblewrap; raises ``ExecError`` when the sandbox would hide the program."""
    sockets: list[str] = []
    if names := open_sockets([*plan.hidden, *_temporary(), *plan.writable, *plan.readable]):
        sockets, folders = load("llmx.core.sandbox.sockets:split")(names)
        plan.hidden += folders
    _require_visible(plan, program)
    return Bubblewrap(plan, program, argv, abilities, sockets)


class Bubblewrap(Enclosure):
    """A command that bwrap starts; bwrap reports on a pipe which process it is, and whether it ever ran."""

    def __init__(self, plan: "Plan", program: str, argv: list[str], abilities: "Abilities", sockets: list[str]) -> None:
        self._plan = plan
        self._program = program
        self._pid = 0
        self._ending: Ending | None = None
        self._launch: Launch | None = None
        self._outer: list[int] = []
        self._said = b""
        self._status, writer = os.pipe()
        os.set_blocking(self._status, False)
        self._held = -1  # written to when the command may start
        self._withheld = b""
        self._for_child = [writer]
        words = [abilities.bwrap, *NAMESPACES, "--json-status-fd", str(writer)]
        scope = None
        if plan.network != "host":
            words += ("--unshare-net",)
        elif scope := load("llmx.core.sandbox.abstract_sockets:closing")(abilities):
            self._for_child += [scope[0]]
        if not plan.own_terminal:
            words += ("--new-session",)
        if abilities.disable_userns:
            words += ("--disable-userns",)
        words += self._hold(abilities)
        if plan.relay >= 0:
            words += ("--sync-fd", str(plan.relay))
        words += mounts(plan, sockets, sized=abilities.tmpfs_size)
        if plan.marker and "/run" in plan.hidden:
            self._for_child += [_in_memory(plan.marker.encode())]
            words += ("--ro-bind-data", str(self._for_child[-1]), MARKER)
        for name, value in plan.env.items():
            if name.startswith(_LOADER):
                words += ("--setenv", name, value)
        words += ("--chdir", plan.cwd, "--", _name(program, argv[0], plan.env), *argv[1:])
        super().__init__(
            "bubblewrap",
            abilities.bwrap,
            words,
            {name: value for name, value in plan.env.items() if not name.startswith(_LOADER)},
            degraded=_missing(plan, abilities) + ([] if scope or plan.network != "host" else ["abstract_sockets"]),
            missing=("exact_signal", "leftovers"),
            guarded=True,
            confine=scope and scope[1],
            keep=(*self._for_child, *((plan.relay,) if plan.relay >= 0 else ())),
        )

    def fill(self, launch: "Launch") -> None:
        if self.confine is None and can_watch(launch):
            launch.info, writer = os.pipe()
            self._for_child += [writer]
            self.keep += (writer,)
            self.argv[1:1] = ("--info-fd", str(writer))
            self._launch = launch
        super().fill(launch)

    def _hold(self, abilities: "Abilities") -> tuple[str, str]:
        """The option that has bwrap wait until this process has looked at what it has mounted.

        What it waits for is the end of the filter, which it reads last of all; a part of one is refused.
        """
        waits, self._held = os.pipe()
        self._for_child += [waits]
        if not abilities.seccomp:
            return "--block-fd", str(waits)
        code = _filter(self._plan)
        load("fcntl:fcntl")(self._held, F_SETPIPE_SZ, 4096)  # so it is full until bwrap reads
        os.write(self._held, code[:-4])
        self._withheld = code[-4:]
        return "--seccomp", str(waits)

    def started(self, pid: int, ending: "Ending | None" = None) -> None:
        self._pid, self._ending = pid, ending
        self._close_childs()

    def interest(self) -> list[tuple[int, int]]:
        if self._held < 0:
            return []
        return [(self._held, select.POLLOUT) if self._withheld else (self._status, select.POLLIN)]

    def move(self) -> None:
        if self._held < 0 or not (inner := self._ready_inner()):
            return
        if self._ending and self._ending.verdict:
            self._refuse(inner)
            return
        if self._withheld:
            self._require_what_was_meant(inner)
        if most := self._plan.max_procs:
            self.degraded += load("llmx.core.sandbox.process_count:limit")(inner, most)
        if self.when_inside:
            self.when_inside(inner)
        os.write(self._held, self._withheld or b"\n")
        self._let_go()

    def spared(self) -> list[int]:
        inner = self._inner()
        if inner and not self._outer:
            below: list[int] = load("llmx.core.process.tree:children")(self._pid)
            self._outer = [pid for pid in below if pid != inner]
        return [self._pid, inner, *self._outer] if inner else [self._pid]

    def helpers(self) -> "frozenset[int]":
        return frozenset((self._launch.watcher,)) if self._launch else frozenset()

    def followers(self) -> list[int]:
        """The watcher, and the first process inside, which the end of the one outside has made ours."""
        found = [pid for pid in (*self.helpers(), self._inner()) if pid and _is_child(pid)]
        for pid in found:
            os.kill(pid, SIGKILL)
        return found

    def settle(self, status: int) -> "ExecError | None":
        self._close_childs()
        self._listen()
        if b'"exit-code"' in self._said or os.WIFSIGNALED(status):
            return None
        explain = load("llmx.core.sandbox.unstarted:explain")
        error: ExecError = explain(self._plan, self._program, got_inside=bool(self._inner()))
        return error

    def close(self) -> None:
        self._close_childs()
        self._let_go()
        if self._status >= 0:
            os.close(self._status)
        self._status = -1

    def _let_go(self) -> None:
        if self._held >= 0:
            os.close(self._held)
        self._held = -1

    def _close_childs(self) -> None:
        while self._for_child:
            os.close(self._for_child.pop())

    def _ready_inner(self) -> int:
        """The process that is number 1 inside, once all is mounted, if that can be told; 0 before that."""
        if not self._withheld:
            if not self._inner() and not self._listen():
                self._let_go()
            return self._inner()
        poller = select.poll()
        poller.register(self._held, select.POLLOUT)
        events = poller.poll(0)
        if events and events[0][1] & select.POLLERR:  # bwrap has ended
            self._let_go()
        return self._inner() if self._held >= 0 and events else 0

    def _refuse(self, inner: int) -> None:
        os.kill(inner, SIGKILL)
        self._let_go()

    def _require_what_was_meant(self, inner: int) -> None:
        """Every path that shows through is the one outside: whoever may write above it can have exchanged it."""
        plan = self._plan
        try:
            root = os.open(f"/proc/{inner}/root", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:  # a bwrap that is setuid root
            self.degraded += ["exchanged_paths"]
            return
        except OSError:  # it has ended
            return
        try:
            for path in (*plan.writable, *plan.readable, *plan.protected):
                if path != "/" and not self._is_meant(path, root):
                    self._refuse(inner)
                    raise exchanged(path)
        finally:
            os.close(root)

    def _is_meant(self, path: str, root: int) -> bool:
        """Whether what is mounted at ``path`` in ``root`` is the one outside, or was until somebody replaced it."""
        folder, _, name = path.rpartition("/")
        above = inside = -1
        try:
            above = open_exactly(folder, root)
            inside = open_exactly(name, above)
            outside = self._outside(path)
            facts = os.fstat(inside)  # after that: a file that was replaced has lost its name by now
            if facts.st_dev == os.fstat(above).st_dev and _mount(inside) == _mount(above):
                return False  # it was mounted elsewhere, along a link
            return facts.st_nlink == 0 or os.path.samestat(facts, outside)
        except OSError as error:
            if error.errno in OTHERWISE:
                return False
            raise
        finally:
            for descriptor in (above, inside):
                if descriptor >= 0:
                    os.close(descriptor)

    def _outside(self, path: str) -> os.stat_result:
        if path in self.roots:
            return os.fstat(self.roots[path])
        place = open_exactly(self._plan.targets.get(path, path))
        try:
            return os.fstat(place)
        finally:
            os.close(place)

    def _inner(self) -> int:
        """The process that is number 1 inside; 0 as long as bwrap has not said it."""
        self._listen()
        number = self._said.partition(b'"child-pid":')[2].partition(b",")
        return int(number[0]) if number[1] else 0

    def _listen(self) -> bool:
        """Take what bwrap has said by now; False when it will not say any more."""
        try:
            while self._status >= 0 and (more := os.read(self._status, 4096)):
                self._said += more
        except BlockingIOError:
            return True
        return False


def _mount(descriptor: int) -> bytes:
    """The number of the mount that it is in."""
    return read_file(f"/proc/self/fdinfo/{descriptor}").partition(b"mnt_id:")[2].split()[0]


def _is_child(pid: int) -> bool:
    """Whether ``pid`` is a child of this process, so that its number cannot have become another's."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _filter(plan: "Plan") -> bytes:
    """The compiled filter of system calls; at level ``restricted`` without network one that refuses loopback, too."""
    inet = plan.has_internet_sockets
    file = f"{cache_dir()}/seccomp/{FILTER_VERSION}-{os.uname().machine}{'' if inet else '-no-inet'}.bpf"
    code: bytes = read_private(file, 1 << 16) or load("llmx.core.sandbox.seccomp:make_filter")(file, inet=inet)
    return code


def _in_memory(data: bytes) -> int:
    """A descriptor from which bwrap reads ``data``."""
    descriptor = os.memfd_create("llmx")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def mounts(plan: "Plan", sockets: "Iterable[str]" = (), *, sized: bool = True) -> list[str]:
    """The words that build the plan's file system without ``sockets``, parents before what lies in them."""
    size = ("--size", str(plan.tmp_size)) if sized else ()
    places: dict[str, tuple[str, ...]] = {}
    for path in plan.hidden:
        places[path] = ("--perms", "0555", *size, "--tmpfs", path)
    for path in _temporary():
        places[path] = ("--perms", "1777", *size, "--tmpfs", path)
    _add_home(places, plan.env.get("HOME", ""), plan.hidden)
    binds = [(path, "--ro-bind") for path in plan.readable]
    binds += [(path, "--bind") for path in plan.writable]
    binds += [(path, "--ro-bind") for path in plan.protected]
    for path, option in binds:
        _add_parents(places, path, plan.hidden)
        places[path] = (option, path, path)
    for path in plan.protected:
        load("llmx.core.sandbox.protecting:hold_parents")(places, path, plan.writable)
    for path in sockets:
        places[path] = ("--ro-bind", "/dev/null", path)
    words = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--perms", "1777", *size, "--tmpfs", "/dev/shm"]
    for path in plan.devices:
        words += ("--dev-bind", path, path)
    words += ("--remount-ro", "/dev")
    for path in sorted(places):
        words += places[path]
    return words


def _add_home(places: dict[str, tuple[str, ...]], home: str, hidden: list[str]) -> None:
    """A home folder in which only the usual places can be written to."""
    home = os.path.realpath(home)
    if is_below_any(home, hidden):
        _add_parents(places, f"{home}/.", hidden)
        for name in _SCRATCH:
            places[f"{home}/{name}"] = ("--perms", "0700", "--dir", f"{home}/{name}")


def _add_parents(places: dict[str, tuple[str, ...]], path: str, hidden: list[str]) -> None:
    """The folders between ``path`` and the hidden one above it, in which nothing can be made."""
    parent = os.path.dirname(path)
    while parent not in places and is_below_any(parent, hidden):
        places[parent] = ("--perms", "0555", "--dir", parent)
        parent = os.path.dirname(parent)


def _temporary() -> list[str]:
    return [path for path in TEMPORARY if os.path.isdir(path) and not os.path.islink(path)]


def open_sockets(beyond: list[str], table: str = "/proc/net/unix") -> list[str]:
    """The names of the unix sockets that somebody holds and that lie outside of ``beyond``."""
    try:
        descriptor = os.open(table, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    text = b""
    while more := os.read(descriptor, 1 << 16):
        text += more
    os.close(descriptor)
    found = [f"/{line.partition(chr(10))[0]}" for line in os.fsdecode(text).split(" /")[1:]]
    return [path for path in found if not is_below_any(path, (*beyond, "/dev", "/proc"))]


def _missing(plan: "Plan", abilities: "Abilities") -> list[str]:
    """What of the plan bubblewrap does not enforce here."""
    missing = load("llmx.core.sandbox.process_count:missing")() if plan.max_procs else []
    if not abilities.seccomp:
        missing += ["seccomp", "exchanged_paths"]
    if not (abilities.disable_userns or abilities.seccomp):
        missing += ["nested_namespaces"]
    if not abilities.tmpfs_size:
        missing += ["tmp_size"]
    return missing


def _name(program: str, typed: str, env: dict[str, str]) -> str:
    """The word that stands for ``program`` inside: as typed, if the search on PATH in there comes to the same file."""
    if "/" in typed:
        return typed if typed == program else program
    for folder in env.get("PATH", "").split(":"):
        candidate = f"{folder}/{typed}"
        if folder[:1] == "/" and os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return typed if candidate == program or os.path.samefile(candidate, program) else program
    return program


def _require_visible(plan: "Plan", program: str) -> None:
    for path in (os.path.join(plan.cwd, program), os.path.realpath(os.path.join(plan.cwd, program))):
        if not is_visible(path, plan):
            raise CommandNotFoundError(
                f"{program}: the sandbox hides it ({path})",
                hint=f"--read {os.path.dirname(path)} shows its folder, read-only",
            )


def is_visible(path: str, plan: "Plan") -> bool:
    """Whether ``path``, which exists outside, is there inside as well."""
    if is_below_any(path, (*plan.writable, *plan.readable)):
        return True
    return not is_below_any(path, (*plan.hidden, *TEMPORARY, "/dev")) and not is_below(path, "/proc")
