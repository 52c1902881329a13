"""The engine on mlx-lm: all answers are one batch, to which prompts come and from which answers go at any step."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import mlx.core as mx
from mlx_lm import load
from mlx_lm.generate import BatchGenerator
from mlx_lm.models.cache import can_trim_prompt_cache, make_prompt_cache, trim_prompt_cache
from mlx_lm.sample_utils import make_sampler

from llmx.core.gguf.engines.llama_slot import shared
from llmx.core.mlx.grammar import Grammars
from llmx.core.runner import Configuration, RunnerError
from llmx.core.runner.engines import Job, Output, Progress, Spent

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
        self._running: dict[int, _Answer] = {}
        self._kept: deque[tuple[list[int], Any]] = deque(maxlen=configuration.parallel)
        self._batch = self._new_batch()
        self.cancelled: set[int] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a job is not at its end."""
        return bool(self._waiting or self._running)

    def add(self, job: Job) -> None:
        """Take a job."""
        self._waiting.append(job)

    def cancel(self, id: int) -> None:
        """End a job with its next token or piece of its prompt."""
        self.cancelled.add(id)

    def step(self) -> Iterator[Output]:
        """A token of every answer, and a piece of the prompts that are still to be read."""
        while self._waiting and len(self._running) < self._parallel:
            yield from self._begin(self._waiting.popleft())
        yield from self._ended()
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

    def _begin(self, job: Job) -> Iterator[Output]:
        """Put a job into the batch, behind what a kept cache knows of its prompt."""
        try:
            plan, most = self._planned(job)
            processors = None
            if job.grammar or job.schema is not None:
                processors = [self._grammars.processor(job, len(plan))]
        except RunnerError as error:
            yield Output(job.id, end="error", error=error)
            return
        if most < 1:
            yield Output(job.id, end="length", spent=Spent(len(plan)))
            return
        known, cache = self._known(plan)
        (uid,) = self._batch.insert(
            [plan[known:]],
            max_tokens=[most],
            caches=[cache],
            all_tokens=[plan[:known]],
            samplers=[sampler_of(job)],
            logits_processors=[processors or []],
        )
        self._running[uid] = _Answer(job, Spent(len(plan), known), self._tokenizer.detokenizer)

    def _planned(self, job: Job) -> tuple[list[int], int]:
        """The prompt's tokens, and how many the answer may have in the context that is left."""
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
        return plan, min(job.max_tokens, self._most - len(plan)) if self._most else job.max_tokens

    def _known(self, plan: list[int]) -> tuple[int, Any]:
        """How much of the plan a kept cache has, and that cache cut to it; a new one where none has any."""
        best = max(self._kept, key=lambda kept: shared(kept[0], plan), default=None)
        length = min(shared(best[0], plan), len(plan) - 1) if best else 0
        if not best or not length:
            return 0, make_prompt_cache(self._model)
        self._kept.remove(best)
        trim_prompt_cache(best[1], len(best[0]) - length)
        return length, best[1]

    def _keep(self, tokens: list[int], cache: Any) -> None:  # noqa: ANN401  # of mlx-lm
        """Keep a cache for later, where it can be cut."""
        if tokens and can_trim_prompt_cache(cache):
            self._kept.append((tokens, cache))

    def _ended(self) -> Iterator[Output]:
        """The jobs that are to end from outside."""
        now = time.monotonic()
        for uid, answer in list(self._running.items()):
            why = "cancelled" if answer.job.id in self.cancelled else "timeout" if now > answer.job.deadline else ""
            if why:
                cache, tokens = self._batch.remove([uid], return_prompt_caches=True)[uid]
                self._keep(list(tokens), cache)
                yield self._over(uid, why)

    def _heard(self, response: Any) -> Output:  # noqa: ANN401  # of mlx-lm
        """What a new token means for its answer."""
        answer = self._running[response.uid]
        answer.made += 1
        if response.finish_reason != "stop":
            answer.text.add_token(response.token)
        if not response.finish_reason:
            return Output(answer.job.id, answer.text.last_segment.encode("utf-8", "replace"))
        self._keep(list(response.all_tokens), response.prompt_cache)
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
