"""End everything a run has started: SIGTERM once, then SIGKILL until the kernel says that nothing is left."""

from llmx.core.process.tree import is_zombie, name, send, terminate

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable
else:
    import _signal

SWEEP = 0.002  # seconds between two rounds of SIGKILL
UNKILLABLE_AFTER = 10.0  # seconds of SIGKILL after which what is left is named instead

Process = tuple[int, str]
"""A pid and the program's short name."""


class Teardown:
    """One ending under way. ``next_at`` is when ``step`` is due, in the supervisor's clock.

    ``spared`` names those of ``descendants`` that get no SIGTERM, because they would take the others along.
    """

    def __init__(
        self,
        descendants: "Callable[[], list[int]]",
        now: float,
        grace: float,
        spared: "Callable[[], list[int]]" = list,
    ) -> None:
        self.next_at = now + grace
        self.survivors: list[Process] = []
        self._descendants = descendants
        self._give_up_at = self.next_at + UNKILLABLE_AFTER
        if grace > 0:
            kept = spared()
            terminate([pid for pid in descendants() if pid not in kept])

    def hurry(self, now: float) -> None:
        """Do not wait for the grace time."""
        self.next_at = min(self.next_at, now)

    def step(self, now: float) -> None:
        """One round of SIGKILL; the next is soon, so that processes which re-fork all the time lose the race."""
        if now < self.next_at:
            return
        pids = self._descendants()
        permitted = [send(pid, _signal.SIGKILL) for pid in pids]
        self.next_at = now + SWEEP
        if now > self._give_up_at or (pids and not any(permitted)):
            self.survivors = living(pids)


def living(pids: list[int]) -> list[Process]:
    """Those of ``pids`` that have not ended, with their names."""
    return [(pid, name(pid)) for pid in pids if not is_zombie(pid)]
