"""Hold a run to its limits: the kernel where it can, a watchdog over the whole tree where it cannot."""

import resource
import time

from llmx.core.process import cgroup
from llmx.core.process.sample import open_sampler, proportional_bytes
from llmx.core.process.supervise import NEVER, Verdict
from llmx.exec.request import KILLED, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal

    from llmx.core.process.sample import Sample
    from llmx.core.process.supervise import Supervisor
    from llmx.exec.request import ExecRequest
    from llmx.exec.run import Run
else:
    import _signal

INTERVAL = 0.02  # seconds between two looks at the tree
LARGEST_SHARE = 0.05  # of a core, for looking; a tree of a thousand processes is looked at less often

# what programs say on stderr when the kernel refuses them -> the limit that made it refuse
_REFUSALS = (
    ("max_file_size", ("File too large", "File size limit exceeded", "EFBIG")),
    (
        "memory",
        (
            "MemoryError",
            "Cannot allocate memory",
            "cannot allocate memory",
            "std::bad_alloc",
            "ut of memory",
            "OutOfMemory",
            "emory exhausted",
            "emory allocation of",
            "nable to allocate",
            "ENOMEM",
        ),
    ),
    ("max_procs", ("annot fork", "fork: ", "start new thread", "Resource temporarily unavailable", "EAGAIN")),
    ("cpu_time", ("CPU time limit exceeded", "Cputime limit exceeded")),
)
_OTHER_MEMORY = ("CUDA", "GPU", "HIP ", "device")  # a graphics card's memory is not what --memory limits

# how a shell reports a child that such a signal ended
_BY_CODE = {128 + _signal.SIGXCPU: "cpu_time", 128 + _signal.SIGXFSZ: "max_file_size"}


class Limits:
    """The limits of one run: make it before the start, ``settle`` it after the end."""

    def __init__(self, request: "ExecRequest", run_id: str) -> None:
        self._request = request
        self._run_id = run_id
        self._group: cgroup.ControlGroup | None = None
        self._watch: Watch | None = None
        self._figures: dict[str, object] = {}

    def for_each_process(self) -> tuple[tuple[int, int], ...]:
        """(resource, value) pairs for setrlimit.

        Never RLIMIT_AS, which runtimes that reserve address space (V8, Java, Go) take for a full memory, and no
        RLIMIT_NPROC, which counts all of the user's processes. The CPU time leaves the watchdog, which knows the
        whole tree, the time to be first.
        """
        request = self._request
        pairs = []
        if request.memory and not self._make_group():
            pairs.append((resource.RLIMIT_DATA, request.memory))
        if request.cpu_time:
            pairs.append((resource.RLIMIT_CPU, int(request.cpu_time) + 1))
        if request.max_file_size:
            pairs.append((resource.RLIMIT_FSIZE, request.max_file_size))
        return tuple(pairs)

    def _make_group(self) -> bool:
        """Only made when the command is about to start, so that what fails before leaves none behind."""
        self._group = cgroup.make(self._run_id, self._request.memory)
        return self._group is not None

    def control_groups(self) -> tuple[str, ...]:
        """The files through which the command joins what ``for_each_process`` has made for it."""
        return self._group.joined_by() if self._group else ()

    def watch(self, supervisor: "Supervisor", now: float) -> "Watch":
        self._watch = Watch(self._request, self._group, supervisor, now)
        return self._watch

    def settle(self, run: "Run") -> None:
        """Find out which limit fired where the kernel enforced it, and leave no group behind."""
        if self._watch:
            self._watch.close()
        if self._group:
            self._settle_group(run)
        outcome = run.outcome
        if outcome.status in ("failed", "signal"):
            if outcome.signal == _signal.SIGKILL and self._is_out_of_cpu_time(run):
                run.outcome = Outcome("limit", KILLED, signal=outcome.signal, limit="cpu_time")
            else:
                outcome.limit = self._named_by(run)

    def usage(self) -> dict[str, object]:
        """What the limits know about the use: the group's figures, and how far the watchdog came too late."""
        if self._watch and self._watch.overshoot:
            return self._figures | {"memory_overshoot_bytes": self._watch.overshoot}
        return self._figures

    def _settle_group(self, run: "Run") -> None:
        group = self._group
        if not group:
            return
        if group.oom_kills() and run.ending.verdict is None:
            run.outcome = Outcome("limit", KILLED, signal=run.outcome.signal, limit="memory")
        used = run.ending.usage
        self._figures = {"source": group.source, "peak_memory_bytes": group.peak_bytes()}
        reaped_s, cpu_s = used.user + used.system, group.cpu_s()
        if cpu_s is not None and reaped_s > 0:
            share = max(1.0, cpu_s / reaped_s)
            self._figures |= {"cpu_user_s": round(used.user * share, 6), "cpu_system_s": round(used.system * share, 6)}
        is_empty = group.remove(0 if self._request.keep_children else cgroup.REMOVAL)
        if cpu_s is not None and is_empty:
            self._figures["complete"] = True

    def _is_out_of_cpu_time(self, run: "Run") -> bool:
        used = run.ending.usage
        return 0 < self._request.cpu_time <= used.user + used.system

    def _named_by(self, run: "Run") -> str:
        """The limit that the command itself reports as the reason of its failure; "" when it names none."""
        named = _BY_CODE.get(run.outcome.exit_code, "")
        if named and getattr(self._request, named):
            return named
        capture = run.captures.get("stdout" if run.window else "stderr")
        said = capture.kept.last_text() if capture else ""
        for limit, phrases in _REFUSALS:
            if getattr(self._request, limit) and any(_says(line, limit, phrases) for line in said.splitlines()):
                return limit
        return ""


def _says(line: str, limit: str, phrases: tuple[str, ...]) -> bool:
    if limit == "memory" and any(word in line for word in _OTHER_MEMORY):
        return False
    return any(phrase in line for phrase in phrases)


class Watch:
    """Looks at the tree every 20 ms and ends the run that is above a limit which the kernel does not hold."""

    def __init__(
        self, request: "ExecRequest", group: "cgroup.ControlGroup | None", supervisor: "Supervisor", now: float
    ) -> None:
        self.overshoot = 0
        self._memory = 0 if group else request.memory
        self._cpu_time = request.cpu_time
        self._max_procs = request.max_procs
        self._group = group
        self._sampler = open_sampler(supervisor)
        self._needs_samples = bool(self._memory or self._cpu_time or self._max_procs)
        self.due = now if self._needs_samples or group else NEVER

    def check(self, now: float) -> Verdict | None:
        began = time.thread_time()
        verdict = self._look()
        self.due = now + max(INTERVAL, (time.thread_time() - began) / LARGEST_SHARE)
        return verdict

    def close(self) -> None:
        self._sampler.close()

    def _look(self) -> Verdict | None:
        if self._group and self._group.oom_kills():
            return Verdict("limit", "memory", at_once=True)
        if not self._needs_samples:
            return None
        sample = self._sampler.take(io=False)
        if self._cpu_time and sample.cpu_s >= self._cpu_time:
            return Verdict("limit", "cpu_time", at_once=True)
        if self._max_procs and sample.processes > self._max_procs:
            return Verdict("limit", "max_procs", note=f"{sample.processes} processes were alive at once", at_once=True)
        return self._check_memory(sample) if self._memory else None

    def _check_memory(self, sample: "Sample") -> Verdict | None:
        """The sum of resident sizes is cheap but counts shared pages for each process; PSS is asked before the end."""
        if sample.rss_bytes <= self._memory:
            return None
        held = proportional_bytes(sample.pids, otherwise=sample.rss_bytes)
        if held <= self._memory:
            return None
        self.overshoot = held - self._memory
        note = f"the tree held {_megabytes(held)} of at most {_megabytes(self._memory)} when it was ended"
        return Verdict("limit", "memory", note=note, at_once=True)


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
