"""Look at processes and sample a whole tree on systems without /proc (macOS and others), by psutil."""

import psutil

from llmx.core.process.sample import Sample
from llmx.core.process.transfer import Transfer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.process.supervise import Supervisor

_GONE_OR_NOT_OURS = (psutil.NoSuchProcess, psutil.AccessDenied)


def children(pid: int) -> list[int]:
    """The children of ``pid``, zombies included; empty when it is gone."""
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except _GONE_OR_NOT_OURS:
        return []


def name(pid: int) -> str:
    """The program's short name; "" when the process is gone."""
    try:
        return psutil.Process(pid).name()
    except _GONE_OR_NOT_OURS:
        return ""


def is_zombie(pid: int) -> bool:
    """Whether ``pid`` has ended and only waits to be reaped."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except _GONE_OR_NOT_OURS:
        return False


class Sampler:
    """Samples everything that ``supervisor``'s run has started.

    Nobody adopts orphans there, so a process counts from its first sighting to its end, wherever it hangs by then.
    CPU of what came and went between two samples is missed unless the supervisor has reaped it.
    """

    source = "psutil"

    def __init__(self, supervisor: "Supervisor") -> None:
        self._supervisor = supervisor
        self._root = psutil.Process()
        self._known: dict[int, psutil.Process] = {}
        self._cpu_s = 0.0
        self._io = Transfer()

    def take(self, *, io: bool = True) -> Sample:
        """One sample of the tree."""
        self._discover()
        cpu_s, rss, alive = 0.0, 0, 0
        for process in list(self._known.values()):
            try:
                with process.oneshot():
                    alive += process.status() != psutil.STATUS_ZOMBIE
                    cpu_s += sum(process.cpu_times()[:4])  # user, system, and both of the reaped children
                    rss += process.memory_info().rss
            except psutil.NoSuchProcess:
                del self._known[process.pid]
            except psutil.AccessDenied:
                continue
        usage = self._supervisor.ending.usage
        self._cpu_s = max(self._cpu_s, cpu_s + usage.user + usage.system)
        return Sample(self._cpu_s, rss, alive, list(self._known), self._sum_io() if io else None)

    def close(self) -> None:
        """psutil keeps nothing open."""

    def _discover(self) -> None:
        """Add what is new below this process and below what was orphaned."""
        foreign = set(self._supervisor.strangers)
        found = self._root.children(recursive=True)  # parents first
        for orphan in set(self._known) - {process.pid for process in found}:
            try:
                found += self._known[orphan].children(recursive=True)
            except _GONE_OR_NOT_OURS:
                continue
        for process in found:
            if process.pid in foreign or process.ppid() in foreign:
                foreign.add(process.pid)
            elif self._known.get(process.pid) != process:  # psutil compares the start time too
                self._known[process.pid] = process

    def _sum_io(self) -> Transfer | None:
        """I/O of the living, never less than before; None where the system does not count it (macOS)."""
        counted = [total for process in self._known.values() if (total := _transfer(process))]
        if not counted:
            return None
        self._io = sum(counted, Transfer()).at_least(self._io)
        return self._io


def _transfer(process: psutil.Process) -> Transfer | None:
    try:
        counters = process.io_counters()
    except (AttributeError, *_GONE_OR_NOT_OURS):
        return None
    return Transfer(counters.read_bytes, counters.write_bytes, getattr(counters, "write_chars", counters.write_bytes))
