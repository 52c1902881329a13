"""Confine one command: a plan says what it may reach, and the strongest mechanism that this machine has enforces it.

This is on the way of every command, so it stands on ``os`` alone; a mechanism is loaded when it is the one.
"""

import os
import sys

from llmx.core.plugins import load
from llmx.core.sandbox.environment import (
    CERTIFICATES,
    DISCARDED,
    allowed,
    asked_for,
    offline,
    project_cache,
    redirected,
)
from llmx.core.sandbox.readable import Openings
from llmx.core.sandbox.workspace import find_work, is_below, is_below_any, refusal
from llmx.errors import ExecError
from llmx.paths import audit_log, cache_dir, config_dir, home, make_private, state_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from llmx.core.process import Launch
    from llmx.core.process.supervise import Ending

TMP_SIZE = 1 << 30
"""Bytes of each private temporary folder; they are taken from memory as they are used."""

MARKER = "/run/llmx/sandbox"
"""Inside the full sandbox: what an inner llm-exec knows it by."""

MECHANISMS = {name: f"llmx.core.sandbox.{name}:enclose" for name in ("bubblewrap", "landlock", "seatbelt")}
"""Our own ways to enforce a plan; installed packages may add some, see ``mechanisms.py``."""

TEMPORARY = ("/tmp", "/var/tmp")
"""Folders that are the command's own, empty at its start and gone at its end."""

_GPU_DRIVERS = ("/dev/nvidiactl", "/dev/dri", "/dev/kfd", "/dev/dxg")


class Reach:
    """What leads out of a sandbox's own loopback, and in.

    ``names``: hosts on the internet, through a proxy. ``connect``: ports of this machine's loopback that are there on
    the sandbox's. ``publish``: (port inside, port outside) pairs.
    """

    __slots__ = ("connect", "names", "publish")

    def __init__(
        self, names: "Sequence[str]" = (), connect: "Sequence[int]" = (), publish: "Sequence[tuple[int, int]]" = ()
    ) -> None:
        self.names = names
        self.connect = connect
        self.publish = publish

    def __bool__(self) -> bool:
        return bool(self.names or self.connect or self.publish)


NOTHING = Reach()


class Plan:
    """What one command may reach, in the terms that every mechanism enforces.

    All paths exist and are real, but for the readable ones in ``targets``, which says where their links lead.
    ``writable``: files and folders open for reading and writing, among them the work tree, its ``git_folders`` outside
    of it, and what was ``opened`` by name. ``readable``: what shows through, read-only, below a hidden folder.
    ``protected``: below a writable path, read-only again.
    ``hidden``: folders that appear empty but for the others' paths. Everything else is there, read-only.
    ``network``: "none" (a private loopback, and not even that at level ``restricted``), "host", or "names": a private
    loopback with a proxy. ``reach``: what leads out of that loopback, and in. ``devices``: nodes that pass.
    ``tmp_size``: bytes of each private temporary folder. ``own_terminal``: the command sits on a terminal of its own.
    ``max_procs``: processes alive at once, 0 for no limit.
    ``relay``: a pipe's descriptor that the sandbox's first process keeps open for inner runs, -1 for none; ``marker``:
    what they find there about this sandbox (``inherited.py``).
    """

    __slots__ = (
        "cwd",
        "devices",
        "dropped",
        "env",
        "git_folders",
        "hidden",
        "level",
        "marker",
        "max_procs",
        "network",
        "opened",
        "own_terminal",
        "protected",
        "reach",
        "readable",
        "relay",
        "targets",
        "tmp_size",
        "work",
        "writable",
    )

    if TYPE_CHECKING:
        level: str
        cwd: str
        work: str
        writable: list[str]
        readable: list[str]
        targets: dict[str, str]
        protected: list[str]
        git_folders: list[str]
        opened: list[str]
        hidden: list[str]
        env: dict[str, str]
        dropped: list[str]
        network: str
        reach: Reach
        devices: list[str]
        tmp_size: int
        own_terminal: bool
        max_procs: int
        relay: int
        marker: str

    def __init__(self, **fields: object) -> None:
        fields = {"relay": -1, "marker": "", "targets": {}, **fields}
        for name in self.__slots__:
            setattr(self, name, fields[name])

    @property
    def has_internet_sockets(self) -> bool:
        """Whether the command may have any; at level ``restricted`` only to use what was opened."""
        return self.level != "restricted" or self.network != "none" or bool(self.reach)


class Abilities:
    """What this machine can enforce.

    ``bwrap``: the file, "" where there is none. ``disable_userns``, ``tmpfs_size``: bwrap knows these options.
    ``landlock``: the kernel's ABI, 0 without. ``inherited``: this process is inside a sandbox of ours already.
    ``problem``: why the full level is not to be had, "" when it is (``no_bwrap no_userns apparmor container macos`` …).
    """

    __slots__ = ("bwrap", "disable_userns", "inherited", "landlock", "problem", "seccomp", "tmpfs_size")

    def __init__(
        self,
        *,
        bwrap: str = "",
        disable_userns: bool = False,
        tmpfs_size: bool = False,
        landlock: int = 0,
        seccomp: bool = False,
        inherited: bool = False,
        problem: str = "",
    ) -> None:
        self.bwrap = bwrap
        self.disable_userns = disable_userns
        self.tmpfs_size = tmpfs_size
        self.landlock = landlock
        self.seccomp = seccomp
        self.inherited = inherited
        self.problem = problem


class Enclosure:
    """A command made ready to run confined; the mechanisms that need more than this extend it.

    ``degraded``: what of the plan is not enforced, in short names. ``missing``: what a result cannot tell with it, of
    the names in the result's schema. ``program``, ``argv``, ``env``: what is really
    executed, with the descriptors ``keep`` open. ``guarded``: nothing of it but its parent ends it. ``confine`` runs in
    the forked child right before execve(2).
    """

    def __init__(
        self,
        mechanism: str,
        program: str,
        argv: list[str],
        env: "Mapping[str, str]",
        *,
        degraded: list[str] | None = None,
        missing: tuple[str, ...] = (),
        guarded: bool = False,
        keep: tuple[int, ...] = (),
        confine: "Callable[[], None] | None" = None,
    ) -> None:
        self.mechanism = mechanism
        self.program = program
        self.argv = argv
        self.env = env
        self.degraded = degraded or []
        self.missing = missing
        self.guarded = guarded
        self.keep = keep
        self.confine = confine
        self.when_inside: Callable[[int], None] | None = None
        """Called before the command starts, with the process whose network namespace is the command's."""
        self.roots: Mapping[str, int] = {}
        """Path -> descriptor of folders that were looked at already: what shows through there has to be these."""

    def fill(self, launch: "Launch") -> None:
        """Turn ``launch``, which has its limits already, into the confined command's."""
        launch.program, launch.argv, launch.env = self.program, self.argv, self.env
        launch.keep, launch.confine, launch.guarded = self.keep, self.confine, self.guarded

    def started(self, pid: int, ending: "Ending | None" = None) -> None:
        """Called once in the parent, when ``program`` runs as ``pid``; what follows is a stream of the supervisor's.

        ``ending``: has a verdict as soon as the command is not to be started any more.
        """

    def interest(self) -> list[tuple[int, int]]:
        """Descriptors and poll(2) events that ``move`` is to be called for, as long as the command is held back."""
        return []

    def move(self) -> None:
        """Let the command start once everything is there for it; raises ``ExecError`` where that cannot be."""

    def is_settled(self) -> bool:
        return True

    def spared(self) -> list[int]:
        """The mechanism's own processes, which must outlive the command for its grace time to mean anything."""
        return []

    def helpers(self) -> "frozenset[int]":
        """Children of this process that are the mechanism's own, and beside the command."""
        return frozenset()

    def followers(self) -> list[int]:
        """Called once ``program`` has ended: the children of this process that end with it, told to by now."""
        return []

    def settle(self, status: int) -> ExecError | None:
        """After the end, with its wait(2) status: why the command never ran; None when it did."""
        return None

    def close(self) -> None:
        """Give up the descriptors; more than once does no harm."""


def make_plan(
    cwd: str,
    env: "Mapping[str, str]",
    *,
    level: str,
    write: "Iterable[str]" = (),
    read: "Iterable[str]" = (),
    env_add: "Iterable[str]" = (),
    env_allow: "Iterable[str]" = (),
    network: str = "none",
    reach: Reach = NOTHING,
    gpu: str | None = None,
    protect: "Iterable[str]" = (),
    own_terminal: bool = False,
    max_procs: int = 0,
) -> Plan:
    """What a command started in ``cwd`` may reach; raises ``ExecError`` for what cannot be opened or is not there.

    ``write`` and ``read`` are paths as typed, ``protect`` paths in the work tree (those that exist), ``env_add`` words
    like ``NAME`` and ``NAME=VALUE``, ``env_allow`` names. ``gpu``: None for every card, "" for none, or numbers.
    """
    own_home = os.path.realpath(home(env))
    cwd = _real("--cwd", cwd, own_home)
    work, git_folders = find_work(cwd, own_home)
    opened = [load("llmx.core.sandbox.typed:to_write")(path, cwd, own_home) for path in write]
    shown = [load("llmx.core.sandbox.typed:to_read")(path, cwd, own_home) for path in read]
    hidden = hidden_folders(env, own_home)
    loose = level != "restricted"
    cache = project_cache(work, env) if loose else ""
    writable = [work, *git_folders] if loose else []
    writable += [path for path in (cache and os.path.realpath(cache), *opened) if path and path not in writable]
    shown += [] if loose else [work, *git_folders]
    readable = [path for path in shown if not is_below_any(path, writable)]
    openings = Openings(env, own_home, (*hidden, *TEMPORARY), (*writable, *readable))
    trusted = openings.show_network(CERTIFICATES) if network != "none" else ()
    readable += openings.collect()
    devices, gpu_variables = _devices(gpu)
    kept, dropped = allowed(env, (*env_allow, *trusted))
    kept |= redirected(cache or DISCARDED) | _of_the_network(network, own_home)
    kept |= gpu_variables | openings.variables() | asked_for(env_add, env)
    return Plan(
        level=level,
        cwd=cwd,
        work=work,
        writable=writable,
        readable=readable,
        targets=openings.targets,
        protected=_protected(protect, work, writable, env),
        git_folders=git_folders,
        opened=opened,
        hidden=hidden,
        env=kept,
        dropped=[name for name in dropped if name not in kept],
        network=network,
        reach=reach,
        devices=devices,
        tmp_size=TMP_SIZE,
        own_terminal=own_terminal,
        max_procs=max_procs,
    )


def _of_the_network(network: str, own_home: str) -> dict[str, str]:
    """Variables that tell programs how to come by it, or that there is none."""
    if network == "names":
        found: dict[str, str] = load("llmx.core.network.variables:proxy_variables")()
        return found
    return offline(own_home) if network == "none" else {}


def hidden_folders(env: "Mapping[str, str]", own_home: str) -> list[str]:
    """The folders that appear empty: every home folder there is, those of sockets, Windows' drives in WSL.

    Nix's daemon fetches from the network and builds for whoever reaches its socket.
    """
    found = []
    if is_below(own_home, "/home") or not home(env).startswith("/home/"):  # else that link would be hidden
        found += ["/home"]
    if os.getuid() == 0:
        found += ["/root"]
    if not is_below_any(own_home, found) and (own_home == "/root" or not refusal(own_home, "")):
        found += [own_home]
    found += ["/run", "/nix/var/nix/daemon-socket"]
    if "WSL_DISTRO_NAME" in env:
        found += ["/mnt"]
    return [path for path in found if os.path.isdir(path) and not os.path.islink(path)]


def _real(option: str, path: str, own_home: str) -> str:
    """The real path of an absolute one; raises ``ExecError`` where a link leads out of a work tree."""
    if (found := os.path.realpath(path)) == path:
        return found
    followed: str = load("llmx.core.sandbox.typed:follow")(option, path, own_home)
    return followed


def _devices(gpu: str | None) -> tuple[list[str], dict[str, str]]:
    if gpu is None and not any(map(os.path.exists, _GPU_DRIVERS)):
        return [], {}
    found: tuple[list[str], dict[str, str]] = load("llmx.core.sandbox.devices:find_devices")(gpu)
    return found


def _protected(protect: "Iterable[str]", work: str, writable: list[str], env: "Mapping[str, str]") -> list[str]:
    """Read-only again below what is writable: what is asked for, and llmx's own settings and records always."""
    own = [os.path.realpath(path) for path in (config_dir(env), state_dir(env), cache_dir(env), audit_log(env))]
    for path in own[:3]:
        if is_below_any(path, writable) and not os.path.exists(path):
            make_private(path)  # else the command would, with settings in it
    for path in writable:
        if is_below_any(path, own) and os.path.dirname(path) != f"{own[2]}/sandbox":
            raise ExecError(f"{path} cannot be opened for writing: llmx itself relies on it", code="sandbox")
    paths = [os.path.realpath(os.path.join(work, name)) for name in protect] + own
    return [path for path in paths if is_below_any(path, writable) and path not in writable and os.path.exists(path)]


def enclose(plan: Plan, program: str, argv: list[str], abilities: Abilities, mechanism: str = "") -> Enclosure:
    """``program`` with ``argv`` under ``mechanism``, or the strongest there is; raises ``ExecError`` without any."""
    if abilities.inherited and plan.level != "restricted":
        return Enclosure("inherited", program, argv, plan.env)
    if plan.reach and not abilities.inherited and (mechanism or _strongest(abilities)) != "bubblewrap":
        load("llmx.core.sandbox.remedies:refuse_network")(abilities)
    named = load("llmx.core.sandbox.mechanisms:named")(mechanism, abilities) if mechanism else None
    enclosure: Enclosure = (named or load(MECHANISMS[_strongest(abilities)]))(plan, program, argv, abilities)
    if abilities.inherited:
        enclosure.mechanism = "inherited"
    return enclosure


def _strongest(abilities: Abilities) -> str:
    if sys.platform == "darwin":
        return "seatbelt"
    if abilities.bwrap and not abilities.problem and not abilities.inherited:
        return "bubblewrap"
    if abilities.landlock:
        return "landlock"
    fix = load("llmx.core.sandbox.remedies:remedy")(abilities)
    raise ExecError(
        "this machine has nothing to confine a command with",
        code="sandbox",
        hint=f"{fix}{'; ' if fix else ''}llmx doctor says more; --no-sandbox runs without a sandbox",
    )
