"""The engine on llama-cpp-python's low-level API: several sequences in one batch behind a shared prefix."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import llama_cpp as llama

from llmx.core.gguf.engines.llama_library import Vocabulary, begin, load_model, make_context, reason
from llmx.core.gguf.engines.llama_sampling import Sampler
from llmx.core.gguf.engines.llama_slot import Slot
from llmx.core.runner import Configuration, RunnerError
from llmx.core.runner.engines import Job, Output, Progress
from llmx.core.runner.prefixes import shared

WORTH_SHARING = 16
"""Tokens in common from which on a prompt waits for another's prefix, or takes a copy of it."""
DONE, FULL, ABORTED = 0, 1, 2
"""What ``llama_decode`` returns."""
_NEVER = llama.ggml_abort_callback(0)


def open_engine(configuration: Configuration, progress: Progress) -> "LlamaEngine":
    """Load the model; raises ``RunnerError`` with the library's reason."""
    begin()
    model = load_model(configuration, progress)
    progress("Initializing", 0.0)
    engine = LlamaEngine(model, make_context(model, configuration), configuration)
    progress("Initializing", 1.0)
    return engine


class LlamaEngine:
    """Sequences that work in one batch: each step adds a token to every answer, or a piece to a prompt."""

    def __init__(self, model: Any, context: Any, configuration: Configuration) -> None:  # noqa: ANN401  # pointers
        self._context, self._room = context, configuration.batch
        self._memory = llama.llama_get_memory(context)
        self._cells: int = llama.llama_n_ctx(context)
        self._vocabulary = Vocabulary(model)
        self._can_cut = not (llama.llama_model_is_recurrent(model) or llama.llama_model_is_hybrid(model))
        self._slots = [Slot(sequence) for sequence in range(configuration.parallel)]
        self._waiting: deque[tuple[Job, list[int]]] = deque()
        self._cancelled: set[int] = set()
        self._batch = llama.llama_batch_init(configuration.batch, 0, 1)
        self._abort = llama.ggml_abort_callback(lambda _data: self._is_overdue())
        self._asks = False
        self._clock = 0
        self._failed: list[Output] = []

    @property
    def is_busy(self) -> bool:
        """Whether a job is not at its end."""
        return bool(self._waiting or self._failed) or any(slot.job for slot in self._slots)

    def add(self, job: Job) -> None:
        """Take a job."""
        try:
            plan = self._vocabulary.tokens(job.prompt)
            if not plan:
                raise RunnerError("the prompt is empty", kind="bad_request")
            if len(plan) >= self._cells:
                raise RunnerError(
                    f"the prompt has {len(plan)} tokens, and the context has room for {self._cells}",
                    kind="context_overflow",
                    hint="shorten the prompt, or load the model with a larger --context",
                )
        except RunnerError as error:
            self._failed.append(Output(job.id, end="error", error=error))
            return
        self._waiting.append((job, plan))

    def cancel(self, id: int) -> None:
        """End a job as soon as may be; called from the thread that listens."""
        self._cancelled.add(id)

    def step(self) -> Iterator[Output]:
        """Begin what can begin, work on one batch, and choose a token for each answer."""
        yield from self._failed
        self._failed = []
        yield from self._ended_from_outside()
        yield from self._admit()
        working = self._fill()
        if not working:
            return
        status = self._decode(reads=any(slot.reads_prompt for slot in working))
        if status == DONE:
            yield from self._advance(working)
        elif status != ABORTED:
            yield from self._overfull(working, status)
        else:
            self._roll_back(working)

    def _is_overdue(self) -> bool:
        """Asked by llama.cpp between the nodes of its graph: whether a job of the batch is to end now."""
        now = time.monotonic()
        return any(
            slot.job.id in self._cancelled or now > slot.job.deadline
            for slot in self._slots
            if slot.job and slot.index >= 0
        )

    def _ended_from_outside(self) -> Iterator[Output]:
        now = time.monotonic()
        for slot in self._slots:
            if slot.job and (why := self._end_of(slot.job, now)):
                yield slot.end(why)
        for entry in [each for each in self._waiting if self._end_of(each[0], now)]:
            self._waiting.remove(entry)
            yield Output(entry[0].id, end=self._end_of(entry[0], now))
        living = {slot.job.id for slot in self._slots if slot.job} | {job.id for job, _ in self._waiting}
        self._cancelled &= living

    def _end_of(self, job: Job, now: float) -> str:
        return "cancelled" if job.id in self._cancelled else "timeout" if now > job.deadline else ""

    def _admit(self) -> Iterator[Output]:
        """Give waiting jobs the free sequences, as long as the cells suffice for their whole answers."""
        while self._waiting and (free := [slot for slot in self._slots if not slot.job]):
            job, plan = self._waiting[0]
            taken = sum(len(slot.plan) + slot.most for slot in self._slots if slot.job)
            most = min(job.max_tokens, self._cells - len(plan))
            if taken and taken + len(plan) + most > self._cells:
                return
            slot = self._prepared(plan, free)
            if slot is None:
                return
            self._waiting.popleft()
            try:
                sampler = Sampler(job, self._vocabulary, self._context)
            except RunnerError as error:
                yield Output(job.id, end="error", error=error)
                continue
            self._clock += 1
            slot.used = self._clock
            slot.begin(job, plan, most, sampler)

    def _prepared(self, plan: list[int], free: list[Slot]) -> Slot | None:
        """A free sequence that holds as much of the plan as can be had; None while another works on a longer part."""
        most = len(plan) - 1  # the last token is computed in any case: what follows it is wanted
        slot = max(free, key=lambda each: (shared(each.tokens, plan), -each.used))
        own = min(shared(slot.tokens, plan), most)
        donor = max(self._slots, key=lambda each: shared(each.tokens, plan))
        copied = min(shared(donor.tokens, plan), most)
        coming = max((min(shared(each.plan, plan), most) for each in self._slots if each.job), default=0)
        if self._can_cut and coming >= max(own, copied) + WORTH_SHARING:
            return None
        if self._can_cut and donor is not slot and copied >= own + WORTH_SHARING:
            slot = min(free, key=lambda each: each.used)
            self._cut(slot, 0)
            llama.llama_memory_seq_cp(self._memory, donor.sequence, slot.sequence, 0, copied)
            slot.tokens = donor.tokens[:copied]
        else:
            self._cut(slot, own)
        return slot

    def _cut(self, slot: Slot, length: int) -> None:
        """Forget what the sequence holds from that token on; all of it where the model cannot forget a part."""
        if length == len(slot.tokens):
            return
        if not llama.llama_memory_seq_rm(self._memory, slot.sequence, length, -1):
            llama.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
            length = 0
        del slot.tokens[length:]

    def _fill(self) -> list[Slot]:
        """Put the next tokens of every job into the batch: answers first, prompts into the room that is left."""
        batch, count = self._batch, 0
        working = []
        for slot in sorted((slot for slot in self._slots if slot.job), key=lambda each: each.reads_prompt):
            tokens = slot.pending(self._room - count)
            slot.index = -1
            if not tokens:
                continue
            position = len(slot.tokens)
            for token in tokens:
                batch.token[count] = token
                batch.pos[count] = position
                batch.n_seq_id[count] = 1
                batch.seq_id[count][0] = slot.sequence
                batch.logits[count] = False
                position += 1
                count += 1
            slot.index = count - 1
            batch.logits[slot.index] = not slot.reads_prompt or position == len(slot.plan)
            working.append(slot)
        batch.n_tokens = count
        return working

    def _decode(self, *, reads: bool) -> int:
        """Work on the batch. Only long work can be aborted: to be asked costs more than a token of a small model."""
        if reads != self._asks:
            llama.llama_set_abort_callback(self._context, self._abort if reads else _NEVER, None)
            self._asks = reads
        return int(llama.llama_decode(self._context, self._batch))

    def _advance(self, working: list[Slot]) -> Iterator[Output]:
        used = 0
        for slot in working:
            count = slot.index + 1 - used
            used = slot.index + 1
            slot.tokens += slot.pending(count)
            if len(slot.tokens) >= len(slot.plan):
                yield from self._chosen(slot)

    def _chosen(self, slot: Slot) -> Iterator[Output]:
        """Choose the next token of an answer and tell what it says."""
        assert slot.job is not None
        assert slot.sampler is not None
        try:
            token = slot.sampler.next(slot.index)
        except RunnerError as error:
            yield slot.end("error")._replace(error=error)
            return
        slot.made += 1
        if self._vocabulary.ends(token):
            yield slot.end("stop")
            return
        slot.next = token
        yield Output(slot.job.id, self._vocabulary.piece(token, special=bool(slot.job.marks)))
        if slot.made >= slot.most:
            yield slot.end("length")

    def _roll_back(self, working: Iterable[Slot]) -> None:
        """Forget what an aborted batch has put into the cache; the job to be ended ends with the next step."""
        for slot in working:
            if not llama.llama_memory_seq_rm(self._memory, slot.sequence, len(slot.tokens), -1):
                llama.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
                slot.tokens = []

    def _overfull(self, working: list[Slot], status: int) -> Iterator[Output]:
        """No cells were left: idle sequences give theirs up; where there are none, the youngest answer ends."""
        self._roll_back(working)
        idle = [slot for slot in self._slots if not slot.job and slot.tokens]
        if status == FULL and idle:
            for slot in idle:
                self._cut(slot, 0)
            return
        slot = max(working, key=lambda each: each.used)
        error = RunnerError(f"llama.cpp cannot go on (llama_decode returned {status}): {reason()}", kind="load")
        yield slot.end("length") if status == FULL and slot.made else slot.end("error")._replace(error=error)
