"""One sequence in llama.cpp's cache: the tokens that it holds, and the job that goes on from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmx.core.runner.engines import Job, Output, Spent

if TYPE_CHECKING:
    from llmx.core.gguf.engines.llama_sampling import Sampler


class Slot:
    """``tokens`` stand in the cache; ``plan`` is the prompt of the job, ``next`` the token chosen after it."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.tokens: list[int] = []
        self.plan: list[int] = []
        self.job: Job | None = None
        self.sampler: Sampler | None = None
        self.next = -1
        self.made = 0
        self.cached = 0
        self.most = 0
        self.used = 0
        self.index = -1
        """Where in the batch that is being worked on its last token stands, -1 for nowhere."""

    def begin(self, job: Job, plan: list[int], most: int, sampler: Sampler) -> None:
        """Take a job of at most ``most`` new tokens; what ``tokens`` shares with the plan has been seen to."""
        self.job, self.plan, self.most, self.sampler = job, plan, most, sampler
        self.cached = len(self.tokens)
        self.next, self.made = -1, 0

    @property
    def reads_prompt(self) -> bool:
        """Whether a part of the prompt is not in the cache yet."""
        return self.next < 0

    def pending(self, room: int) -> list[int]:
        """The tokens to work on next, at most ``room``."""
        if not self.reads_prompt:
            return [self.next]
        done = len(self.tokens)
        return self.plan[done : done + room]

    def end(self, why: str) -> Output:
        """Give the job back; its tokens stay for a prompt that begins alike."""
        assert self.job is not None
        read = len(self.tokens) if self.reads_prompt else len(self.plan)
        output = Output(self.job.id, end=why, spent=Spent(read, self.cached, self.made))
        if self.sampler:
            self.sampler.close()
        self.job = self.sampler = None
        return output
