"""``--stall-timeout``: notice a run that neither computes nor says anything any more."""

from llmx.core.process.sample import open_sampler
from llmx.core.process.supervise import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.process.supervise import Supervisor
    from llmx.exec.run import Run

LOOKS = 8  # per window
FASTEST, SLOWEST = 0.05, 1.0  # seconds between two looks

Activity = tuple[float, int]
"""CPU seconds of the tree, to a clock tick (10 ms), and bytes written."""


class StallWatch:
    """Ends the run when its tree has used no CPU and written nothing for ``request.stall_timeout`` seconds."""

    def __init__(self, run: "Run", supervisor: "Supervisor", now: float) -> None:
        self._window = run.request.stall_timeout
        self._captures = list(run.captures.values())
        self._sampler = open_sampler(supervisor)
        self._seen: Activity = (-1.0, -1)
        self._active_at = now
        self._planned = self.due = now

    def check(self, now: float) -> Verdict | None:
        self._active_at += self.due - self._planned  # the supervisor moves the due time by the time spent suspended
        activity = self._look()
        if activity != self._seen or not all(capture.is_settled() for capture in self._captures):
            self._seen = activity
            self._active_at = now
        elif now - self._active_at >= self._window:
            return Verdict("stalled")
        pause = min(max(FASTEST, self._window / LOOKS), SLOWEST)
        self._planned = self.due = min(now + pause, self._active_at + self._window)
        return None

    def _look(self) -> Activity:
        """What has been used and written so far: the bytes that came by, or those handed to write(2) where none do."""
        passes_here = len(self._captures) == 2
        sample = self._sampler.take(io=not passes_here)
        written = sum(capture.kept.size for capture in self._captures) if passes_here else sample.wchar
        return sample.cpu_s, written or 0
