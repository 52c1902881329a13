"""Hold one run's memory with a control group of its own, where this user may make one (Linux, version 2 or 1)."""

import errno
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "llmx-"
FORGOTTEN_AFTER = 60.0  # seconds; a group is joined within milliseconds, so an empty older one is nobody's
REMOVAL = 1.0  # seconds that the kernel may take to let the last process go
RETRY = 0.002

_NAMES = {1: ("memory.limit_in_bytes", "memory.max_usage_in_bytes"), 2: ("memory.max", "memory.peak")}
_OOM_KILLS = {1: ("memory.oom_control", b"oom_kill "), 2: ("memory.events", b"oom_kill ")}
_NO_SWAP = {1: "memory.memsw.limit_in_bytes", 2: "memory.swap.max"}


class ControlGroup:
    """The folders that make up one run's group: the one that holds memory first; under version 1 maybe one for CPU."""

    __slots__ = ("_folders", "_version")

    def __init__(self, version: int, folders: list[str]) -> None:
        self._version = version
        self._folders = folders

    @property
    def source(self) -> str:
        """Where its figures come from, in the words of the result."""
        return f"cgroup{self._version}"

    def joined_by(self) -> tuple[str, ...]:
        """The files into which a process writes 0 to join."""
        return tuple(f"{folder}/cgroup.procs" for folder in self._folders)

    def oom_kills(self) -> int:
        """How many of its processes the kernel has killed because the memory was used up."""
        file, key = _OOM_KILLS[self._version]
        return entry(f"{self._folders[0]}/{file}", key)

    def peak_bytes(self) -> int | None:
        """The most memory ever charged to it, page cache included; None where the kernel does not keep that."""
        return number(f"{self._folders[0]}/{_NAMES[self._version][1]}")

    def cpu_s(self) -> float | None:
        """CPU time of all that ever ran in it, however it ended; None where that is not counted."""
        if self._version == 2:
            return entry(f"{self._folders[0]}/cpu.stat", b"usage_usec ") / 1e6 or None
        nanoseconds = number(f"{self._folders[-1]}/cpuacct.usage")
        return None if nanoseconds is None else nanoseconds / 1e9

    def remove(self, patience: float = REMOVAL) -> bool:
        """Take it away once it is empty; False when something still runs in it after ``patience`` seconds."""
        deadline = time.monotonic() + patience
        while [folder for folder in self._folders if not _is_removed(folder)]:
            if time.monotonic() > deadline:
                return False
            time.sleep(RETRY)
        return True


def make(run_id: str, memory: int, proc: str = "/proc/self") -> ControlGroup | None:
    """A group that holds what joins it to ``memory`` bytes; None, and nothing left behind, where none can be made.

    ``proc`` tells which groups this process is in and where they are mounted.
    """
    found = list(places(proc))
    for version, controllers, mount, own in found:
        if version == 2 and (parent := _nearest_that_delegates(mount, own)):
            return _make(2, [parent], run_id, memory)
        if "memory" in controllers:
            counting = [mount + own for _, others, mount, own in found if "cpuacct" in others]
            return _make(1, list(dict.fromkeys([mount + own, *counting[:1]])), run_id, memory)
    return None


def places(proc: str) -> "Iterator[tuple[int, list[str], str, str]]":
    """Version, controllers, mount point and own group (``""`` for the mount's root) of each hierarchy, 2 first."""
    owns = {}
    for line in _lines(f"{proc}/cgroup"):
        _, names, group = line.split(":", 2)
        owns[names] = group
    mounts = []
    for line in _lines(f"{proc}/mountinfo"):
        if " - cgroup" in line:
            before, _, after = line.partition(" - ")
            root, mount = before.split(" ")[3:5]
            kind, *_, options = after.split(" ")
            mounts.append((kind, root, mount, options.split(",")))
    for kind, root, mount, flags in sorted(mounts, reverse=True):
        for names, group in owns.items():
            controllers = names.split(",") if names else []  # version 2's line names none
            if kind == "cgroup2" and not controllers:
                yield 2, controllers, mount, _below(root, group)
            elif kind == "cgroup" and controllers and set(controllers) <= set(flags):
                yield 1, controllers, mount, _below(root, group)


def _below(root: str, group: str) -> str:
    """``group`` as seen through a mount of ``root``; the mount's own root when it lies elsewhere (a container)."""
    root, group = root.rstrip("/"), group.rstrip("/")
    if f"{group}/".startswith(f"{root}/") and ".." not in group:
        return group[len(root) :]
    return ""


def _nearest_that_delegates(mount: str, own: str) -> str:
    """The nearest group from ``own`` up whose children get the memory controller and that this user may fill."""
    group = own
    while True:
        folder = mount + group
        if b"memory" in _read(f"{folder}/cgroup.subtree_control").split() and _may_fill(folder):
            return folder
        if not group:
            return ""
        group = group.rpartition("/")[0]


def _may_fill(folder: str) -> bool:
    """Whether a child can be made there, and processes moved into it: that asks for the common ancestor's file too."""
    return os.access(folder, os.W_OK) and os.access(f"{folder}/cgroup.procs", os.W_OK)


def _make(version: int, parents: list[str], run_id: str, memory: int) -> ControlGroup | None:
    """The group below ``parents``; what only counts (all but the first) may fail."""
    made: list[str] = []
    for parent in parents:
        folder = f"{parent}/{PREFIX}{run_id}"
        try:
            _sweep(parent)
            os.mkdir(folder)
            made.append(folder)
            if parent is parents[0]:
                _hold(version, folder, memory)
        except OSError:
            if parent is parents[0]:
                ControlGroup(version, made).remove()
                return None
    return ControlGroup(version, made)


def _hold(version: int, folder: str, memory: int) -> None:
    """Set the limit, without swap as a way around it; a kernel without swap accounting has no such file."""
    _write(f"{folder}/{_NAMES[version][0]}", memory)
    optional = {_NO_SWAP[version]: memory if version == 1 else 0}
    if version == 2:
        optional["memory.oom.group"] = 1  # all of it ends, not just the largest process
    for name, value in optional.items():
        try:
            _write(f"{folder}/{name}", value)
        except OSError:
            continue


def _sweep(parent: str) -> None:
    """Remove empty groups that a killed llm-exec has left; the kernel keeps those that still hold a process."""
    for name in os.listdir(parent):
        folder = f"{parent}/{name}"
        if name.startswith(PREFIX) and time.time() - os.stat(folder).st_mtime > FORGOTTEN_AFTER:
            _is_removed(folder)


def _is_removed(folder: str) -> bool:
    try:
        os.rmdir(folder)
    except OSError as error:
        return error.errno == errno.ENOENT
    return True


def _lines(file: str) -> list[str]:
    return _read(file).decode(errors="surrogateescape").splitlines()


def entry(file: str, key: bytes) -> int:
    """The number behind ``key`` in a file of such lines; 0 when there is none."""
    for line in _read(file).splitlines():
        if line.startswith(key):
            return int(line[len(key) :])
    return 0


def number(file: str) -> int | None:
    """The number that a file holds; None where it holds none, such as ``max``."""
    data = _read(file).strip()
    return int(data) if data.isdigit() else None


def _read(file: str) -> bytes:
    """The whole file; nothing when it is not there or not to be read."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        data = b""
        while more := os.read(descriptor, 65536):
            data += more
        return data
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _write(file: str, value: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, b"%d" % value)
    finally:
        os.close(descriptor)
