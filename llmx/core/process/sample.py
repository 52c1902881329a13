"""Sample a whole process tree while it runs: CPU, memory, processes and I/O (Linux, by /proc)."""

import os
import sys

from llmx.core.plugins import load
from llmx.core.process import read_file, tree
from llmx.core.process.transfer import Transfer, reaped_io, transfer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from llmx.core.process.supervise import Supervisor

    class TreeSampler(Protocol):
        """Samples everything that a supervisor's run has started."""

        source: str

        def take(self, *, io: bool = True) -> "Sample": ...

        def close(self) -> None: ...


TICK = 1 / os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
_SAMPLERS = {"linux": "llmx.core.process.sample:Sampler"}
_PORTABLE = "llmx.core.process.portable:Sampler"
KEPT_OPEN = 128  # processes whose files stay open from sample to sample; two descriptors each


class Sample:
    """What a tree used so far, and what it holds now.

    ``cpu_s`` counts the living, all their reaped children and what the supervisor has reaped. ``rss_bytes`` is the
    sum over processes, so shared pages count once for each. ``processes`` does not count zombies. ``read_bytes`` and
    ``write_bytes`` are what went to and from storage, ``wchar`` what was handed to write(2); None where not looked at
    or not to be had.
    """

    __slots__ = ("cpu_s", "pids", "processes", "read_bytes", "rss_bytes", "wchar", "write_bytes")

    def __init__(
        self, cpu_s: float, rss_bytes: int, processes: int, pids: list[int], io: Transfer | None = None
    ) -> None:
        self.cpu_s = cpu_s
        self.rss_bytes = rss_bytes
        self.processes = processes
        self.pids = pids
        self.read_bytes = io.read if io else None
        self.write_bytes = io.write if io else None
        self.wchar = io.wchar if io else None


def open_sampler(supervisor: "Supervisor") -> "TreeSampler":
    """The sampler that this system has."""
    sampler: TreeSampler = load(_SAMPLERS.get(sys.platform, _PORTABLE))(supervisor)
    return sampler


class Sampler:
    """Samples everything that ``supervisor``'s run has started.

    Parents are read before their children: a child that is reaped in between is missed once, never counted twice.
    """

    source = "proc"

    def __init__(self, supervisor: "Supervisor") -> None:
        self._supervisor = supervisor
        self._root = os.getpid()
        self._files: dict[int, tuple[int, int]] = {}  # pid -> descriptors of its stat and its main thread's children
        self._cpu_s = 0.0
        self._io = Transfer()
        self._earlier_io = reaped_io()

    def take(self, *, io: bool = True) -> Sample:
        """One sample; ``io`` costs as much again as all the rest."""
        ticks = pages = alive = 0
        kept = self._files
        self._files = {}
        strangers, spared = self._supervisor.strangers, self._supervisor.spared()
        pids = [pid for pid in tree.children(self._root) if pid not in strangers]
        seen = []
        for pid in pids:  # grows while it is walked
            files = kept.pop(pid, None)
            try:
                files, stat = self._stat(pid, files)
            except OSError:  # gone
                continue
            seen.append(pid)
            ticks += int(stat[11]) + int(stat[12]) + int(stat[13]) + int(stat[14])
            if pid not in spared:
                pages += int(stat[21])
                alive += stat[0] not in (b"Z", b"X")
            pids += _children(files[1]) if stat[17] == b"1" else tree.children(pid)
            self._keep(pid, files)
        for files in kept.values():
            _close(files)
        usage = self._supervisor.ending.usage
        self._cpu_s = max(self._cpu_s, ticks * TICK + usage.user + usage.system)
        return Sample(self._cpu_s, pages * PAGE, alive, seen, self._sum_io(seen) if io else None)

    def close(self) -> None:
        for files in self._files.values():
            _close(files)
        self._files = {}

    def _stat(self, pid: int, files: tuple[int, int] | None) -> tuple[tuple[int, int], list[bytes]]:
        """The process's files and the fields of its stat from the state on; OSError when it is gone."""
        if files:
            try:
                return files, _fields(os.pread(files[0], 1024, 0))
            except ProcessLookupError:  # another process has its number now
                _close(files)
        files = _open(pid)
        try:
            return files, _fields(os.pread(files[0], 1024, 0))
        except OSError:
            _close(files)
            raise

    def _keep(self, pid: int, files: tuple[int, int]) -> None:
        if len(self._files) < KEPT_OPEN:
            self._files[pid] = files
        else:
            _close(files)

    def _sum_io(self, pids: list[int]) -> Transfer | None:
        """All I/O so far: what the living say and what this process inherited by reaping."""
        if self._earlier_io is None or (reaped := reaped_io()) is None:
            return None
        total = reaped - self._earlier_io
        for pid in pids:
            if io := transfer(f"/proc/{pid}/io"):
                total += io
        self._io = total.at_least(self._io)
        return self._io


def proportional_bytes(pids: list[int], *, otherwise: int) -> int:
    """Memory of ``pids`` with each shared page counted once (PSS); ``otherwise`` when none of them may be asked."""
    total, asked = 0, 0
    for pid in pids:
        try:
            total += int(read_file(f"/proc/{pid}/smaps_rollup").partition(b"\nPss:")[2].split(None, 1)[0]) * 1024
        except (OSError, IndexError, ValueError):
            continue
        asked += 1
    return total if asked else otherwise


def _open(pid: int) -> tuple[int, int]:
    stat = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return stat, os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.close(stat)
        raise


def _close(files: tuple[int, int]) -> None:
    os.close(files[0])
    os.close(files[1])


def _fields(stat: bytes) -> list[bytes]:
    return stat[stat.rindex(b")") + 2 :].split(None, 22)


def _children(descriptor: int) -> list[int]:
    try:
        data = os.pread(descriptor, 4096, 0)
        while len(data) > 4000 and (more := os.pread(descriptor, 4096, len(data))):  # a page at a time
            data += more
    except OSError:
        return []
    return list(map(int, data.split()))
