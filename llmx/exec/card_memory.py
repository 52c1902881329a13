"""``--monitor``: the memory of graphics cards that the run's processes hold, as nvidia-smi tells it."""

import os
from contextlib import suppress

from llmx.core.process import DEFAULT_PATH, Launch, LaunchError, spawn
from llmx.core.sandbox.workspace import is_of_the_system

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Iterable, Mapping

    from llmx.core.process.supervise import Supervisor
else:
    import _signal

PROGRAM = "nvidia-smi"
QUESTION = ("--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits")
PAUSE = 1.0  # seconds between an answer and the next question, which costs the driver some 50 ms
LONGEST_ANSWER = 1 << 20
_MIB = 1 << 20


def open_card_memory(supervisor: "Supervisor", env: "Mapping[str, str]" = os.environ) -> "CardMemory | None":
    """Who asks for it; None where there is no nvidia-smi.

    It runs outside of every sandbox, so only one that lies where no command may write is run.
    """
    for folder in env.get("PATH", DEFAULT_PATH).split(":"):
        if folder[:1] == "/" and os.access(f"{folder}/{PROGRAM}", os.X_OK):
            found = os.path.realpath(f"{folder}/{PROGRAM}")
            if is_of_the_system(found) and os.path.isfile(found):
                return CardMemory(found, supervisor)
    return None


class CardMemory:
    """Asks again and again, one process at a time, and never waits for the answer.

    ``now`` is what the run held at the last answer that could be read and ``peak`` the most of all, in bytes; None
    before the first.
    """

    def __init__(self, program: str, supervisor: "Supervisor") -> None:
        self.now: int | None = None
        self.peak: int | None = None
        self._program = program
        self._supervisor = supervisor
        self._next_at = 0.0
        self._pid = 0
        self._answer = -1  # a descriptor while a question is out
        self._said = b""
        self._asked_about: set[int] = set()

    def look(self, pids: "Iterable[int]", now: float) -> None:
        """Take what has been answered by now about the run's ``pids``, and ask when it is time to."""
        if self._answer < 0 and now >= self._next_at:
            self._ask()
        if self._answer >= 0:
            self._asked_about.update(pids)
            if self._listen():
                self._note(memory_by_process(self._said))
                self._next_at = now + PAUSE
                self._asked_about.clear()

    def close(self) -> None:
        """End a question that is still out, and its process."""
        self._hang_up()
        if self._pid in self._supervisor.strangers:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._pid, _signal.SIGKILL)
                os.waitpid(self._pid, 0)

    def _ask(self) -> None:
        self._answer, theirs = os.pipe()
        os.set_blocking(self._answer, False)
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self._said = b""
        argv = [PROGRAM, *QUESTION]
        try:
            self._pid = spawn(Launch(self._program, argv, env=os.environ, streams=(nothing, theirs, nothing), keep=()))
            self._supervisor.strangers |= {self._pid}  # none of the run's processes
        except LaunchError:
            self._hang_up()
            self._next_at = float("inf")
        finally:
            os.close(theirs)
            os.close(nothing)

    def _listen(self) -> bool:
        """Take what is there; whether that was all of it."""
        try:
            while len(self._said) < LONGEST_ANSWER and (more := os.read(self._answer, 65536)):
                self._said += more
        except BlockingIOError:
            return False
        self._hang_up()
        return True

    def _hang_up(self) -> None:
        if self._answer >= 0:
            os.close(self._answer)
        self._answer = -1

    def _note(self, held: "dict[int, int] | None") -> None:
        if held is None:
            return
        self.now = sum(size for pid, size in held.items() if pid in self._asked_about)
        self.peak = max(self.now, self.peak or 0)


def memory_by_process(answer: bytes) -> "dict[int, int] | None":
    """Bytes by pid, over all cards; None for an answer of another kind, such as an error, or memory that it hides.

    One line ``PID, MIB`` for each process and card; no line at all where nothing computes.
    """
    held: dict[int, int] = {}
    for line in answer.splitlines():
        pid, _, size = line.partition(b",")
        try:
            held[int(pid)] = held.get(int(pid), 0) + int(size) * _MIB
        except ValueError:
            return None
    return held
