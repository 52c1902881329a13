"""The engine on mlx-lm: all answers are one batch, to which prompts come and from which answers go at any step."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import count
from typing import Any, NamedTuple

import mlx.core as mx
from mlx_lm import load
from mlx_lm.generate import BatchGenerator
from mlx_lm.models.cache import can_trim_prompt_cache, make_prompt_cache, trim_prompt_cache
from mlx_lm.sample_utils import make_sampler

from llmx.core.mlx.grammar import Grammars, Processor
from llmx.core.runner import Configuration, RunnerError
from llmx.core.runner.engines import Job, Output, Progress, Spent
from llmx.core.runner.prefixes import in_common, shared

WORTH_SHARING = 32
"""Tokens in common from which on prompts that come together are read once as far as they are the same."""

STRIDE = 0x9E3779B97F4A7C15
"""Between the seeds of two tokens of one answer."""


def open_engine(configuration: Configuration, progress: Progress) -> "MlxEngine":
    """Load the model; raises ``RunnerError`` with mlx's own reason."""
    if sys.platform == "darwin" and not mx.metal.is_available():
        raise RunnerError("mlx needs Apple silicon", kind="missing")
    progress("Loading", 0.0)
    try:
        model, tokenizer, *_ = load(configuration.path)
    except Exception as error:  # mlx-lm raises whatever its parts do
        name = configuration.path.rstrip("/").rpartition("/")[2]
        raise RunnerError(f"{name} cannot be loaded: {type(error).__name__}: {error}"[:400]) from None
    progress("Loading", 1.0)
    progress("Initializing", 1.0)
    return MlxEngine(model, tokenizer, configuration)


class MlxEngine:
    """At most ``parallel`` jobs at once; the caches of those that ended are kept for prompts that begin alike."""

    def __init__(self, model: Any, tokenizer: Any, configuration: Configuration) -> None:  # noqa: ANN401  # of mlx-lm
        self._model, self._tokenizer = model, tokenizer
        self._parallel, self._piece = configuration.parallel, configuration.batch
        self._most = configuration.context
        self._grammars = Grammars(getattr(tokenizer, "_tokenizer", tokenizer))
        self._waiting: deque[Job] = deque()
        self._planned: deque[_Planned] = deque()
        self._reading: _Kept | None = None
        self._running: dict[int, _Answer] = {}
        self._kept: deque[_Kept] = deque(maxlen=configuration.parallel)
        self._can_cut = can_trim_prompt_cache(make_prompt_cache(model))
        self._batch = self._new_batch()
        self.cancelled: set[int] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a job is not at its end."""
        return bool(self._waiting or self._planned or self._running)

    def add(self, job: Job) -> None:
        """Take a job."""
        self._waiting.append(job)

    def cancel(self, id: int) -> None:
        """End a job with its next token or piece of its prompt."""
        self.cancelled.add(id)

    def step(self) -> Iterator[Output]:
        """A token of every answer, and a piece of the prompts that are still to be read."""
        yield from self._ended()
        yield from self._admit()
        if not self._running:
            return
        try:
            _, made = self._batch.next()
        except Exception as error:  # mlx raises what its parts do, and the batch is lost with it
            yield from self._lost(f"mlx: {type(error).__name__}: {error}"[:400])
            return
        for response in made:
            yield self._heard(response)

    def _new_batch(self) -> Any:  # noqa: ANN401  # of mlx-lm
        return BatchGenerator(
            self._model,
            stop_tokens=[[token] for token in self._tokenizer.eos_token_ids],
            completion_batch_size=self._parallel,
            prefill_batch_size=self._parallel,
            prefill_step_size=self._piece,
        )

    def _admit(self) -> Iterator[Output]:
        """Let waiting jobs into the batch, once what several of them begin with has been read."""
        while self._waiting and len(self._running) + len(self._planned) < self._parallel:
            job = self._waiting.popleft()
            try:
                planned = self._plan(job)
            except RunnerError as error:
                yield Output(job.id, end="error", error=error)
                continue
            if planned.most < 1:
                yield Output(job.id, end="length", spent=Spent(len(planned.tokens)))
            else:
                self._planned.append(planned)
        if self._reading is None and (prefix := self._in_common()):
            known, cache = self._known(prefix)
            self._reading = _Kept(prefix, cache, known)
        if self._reading is not None and not self._read_on(self._reading):
            return
        self._reading = None
        while self._planned:
            self._begin(self._planned.popleft())

    def _in_common(self) -> list[int]:
        """The longest beginning that two of the planned jobs share and that no cache knows; empty where none is."""
        longest = in_common(planned.tokens for planned in self._planned)
        known = max((shared(kept.tokens, longest) for kept in self._kept), default=0)
        return longest if self._can_cut and len(longest) >= known + WORTH_SHARING else []

    def _read_on(self, reading: "_Kept") -> bool:
        """Read a piece of a shared beginning; whether there is nothing more of it to read, or to read it for."""
        if not any(shared(planned.tokens, reading.tokens) == len(reading.tokens) for planned in self._planned):
            return True
        piece = reading.tokens[reading.read : reading.read + self._piece]
        self._model(mx.array(piece)[None], cache=reading.cache)
        mx.eval([layer.state for layer in reading.cache])
        reading.read += len(piece)
        if reading.read < len(reading.tokens):
            return False
        self._keep(reading)
        return True

    def _begin(self, planned: "_Planned") -> None:
        """Put a job into the batch, behind what a kept cache knows of its prompt."""
        job, plan = planned.job, planned.tokens
        known, cache = self._known(plan[:-1])
        (uid,) = self._batch.insert(
            [plan[known:]],
            max_tokens=[planned.most],
            caches=[cache],
            all_tokens=[plan[:known]],
            samplers=[sampler_of(job)],
            logits_processors=[planned.processors],
        )
        self._running[uid] = _Answer(job, Spent(len(plan), known), self._tokenizer.detokenizer)

    def _plan(self, job: Job) -> "_Planned":
        """The prompt's tokens, how many the answer may have in the context that is left, and what it is held to."""
        bos = self._tokenizer.bos_token
        plan = list(self._tokenizer.encode(job.prompt, add_special_tokens=not (bos and job.prompt.startswith(bos))))
        if not plan:
            raise RunnerError("the prompt is empty", kind="bad_request")
        if self._most and len(plan) >= self._most:
            raise RunnerError(
                f"the prompt has {len(plan)} tokens, and the context has room for {self._most}",
                kind="context_overflow",
                hint="shorten the prompt",
            )
        most = min(job.max_tokens, self._most - len(plan)) if self._most else job.max_tokens
        is_held = job.grammar or job.schema is not None
        return _Planned(job, plan, most, [self._grammars.processor(job, len(plan))] if is_held else [])

    def _known(self, plan: list[int]) -> tuple[int, Any]:
        """How much of the plan a kept cache has, and that cache cut to it; a new one where none has any."""
        best = max(self._kept, key=lambda kept: shared(kept.tokens, plan), default=None)
        length = shared(best.tokens, plan) if best else 0
        if not best or not length:
            return 0, make_prompt_cache(self._model)
        cache = best.cache
        if best.read:  # several begin with it
            cache = deepcopy(cache)
        else:
            self._kept.remove(best)
        trim_prompt_cache(cache, len(best.tokens) - length)
        return length, cache

    def _keep(self, kept: "_Kept") -> None:
        """Keep a cache for later, where it can be cut."""
        if kept.tokens and self._can_cut:
            self._kept.append(kept)

    def _ended(self) -> Iterator[Output]:
        """The jobs that are to end from outside."""
        now = time.monotonic()
        for uid, answer in list(self._running.items()):
            if why := self._end_of(answer.job, now):
                cache, tokens = self._batch.remove([uid], return_prompt_caches=True)[uid]
                self._keep(_Kept(list(tokens), cache))
                yield self._over(uid, why)
        for planned in [each for each in self._planned if self._end_of(each.job, now)]:
            self._planned.remove(planned)
            yield Output(planned.job.id, end=self._end_of(planned.job, now))
        for job in [each for each in self._waiting if self._end_of(each, now)]:
            self._waiting.remove(job)
            yield Output(job.id, end=self._end_of(job, now))

    def _end_of(self, job: Job, now: float) -> str:
        return "cancelled" if job.id in self.cancelled else "timeout" if now > job.deadline else ""

    def _heard(self, response: Any) -> Output:  # noqa: ANN401  # of mlx-lm
        """What a new token means for its answer."""
        answer = self._running[response.uid]
        answer.made += 1
        if response.finish_reason != "stop":
            answer.text.add_token(response.token)
        if not response.finish_reason:
            return Output(answer.job.id, answer.text.last_segment.encode("utf-8", "replace"))
        self._keep(_Kept(list(response.all_tokens), response.prompt_cache))
        said = answer.text.last_segment if response.finish_reason != "stop" else ""
        return self._over(response.uid, response.finish_reason, said)

    def _over(self, uid: int, end: str, said: str = "") -> Output:
        answer = self._running.pop(uid)
        self.cancelled.discard(answer.job.id)
        answer.text.finalize()
        data = (said + answer.text.last_segment).encode("utf-8", "replace")
        return Output(answer.job.id, data, end, answer.spent._replace(completion=answer.made))

    def _lost(self, why: str) -> Iterator[Output]:
        """Every answer of a batch that broke; the next one begins anew."""
        self._batch.close()
        self._batch = self._new_batch()
        for uid in list(self._running):
            yield self._over(uid, "error")._replace(error=RunnerError(why))


class _Kept:
    """A cache and the tokens that it knows; of a shared beginning, how many of them have been ``read`` into it."""

    def __init__(self, tokens: list[int], cache: Any, read: int = 0) -> None:  # noqa: ANN401  # of mlx-lm
        self.tokens, self.cache, self.read = tokens, cache, read


class _Planned(NamedTuple):
    """A job that is about to begin."""

    job: Job
    tokens: list[int]
    most: int
    processors: list[Processor]


class _Answer:
    """A job in the batch, and how far it is."""

    def __init__(self, job: Job, spent: Spent, text: Any) -> None:  # noqa: ANN401  # of mlx-lm
        self.job, self.spent, self.text = job, spent, text
        self.made = 0


def sampler_of(job: Job) -> Callable[[Any], Any]:
    """What chooses the tokens of one job: by its own seed, whatever else is in the batch."""
    draw: Callable[[Any], Any] = make_sampler(temp=max(0.0, job.temperature), top_p=job.top_p)
    if job.temperature <= 0:
        return draw
    positions = count()

    def drawn(logprobs: Any) -> Any:  # noqa: ANN401  # arrays of mlx
        mx.random.seed((job.seed + STRIDE * next(positions)) % (1 << 63))
        return draw(logprobs)

    return drawn
