"""The engine on mlx-lm: each job is a generator of its own; a step takes a token from every one of them."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import mlx.core as mx
from mlx_lm import load
from mlx_lm.generate import generate_step
from mlx_lm.models.cache import can_trim_prompt_cache, make_prompt_cache, trim_prompt_cache
from mlx_lm.sample_utils import make_sampler

from llmx.core.gguf.engines.llama_slot import shared
from llmx.core.mlx.grammar import Grammars, Processor
from llmx.core.runner import Configuration, RunnerError
from llmx.core.runner.engines import Job, Output, Progress, Spent


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


class _Ended(Exception):  # noqa: N818  # it ends a prompt, and is no error
    """Raised inside a prompt that is to end."""


class MlxEngine:
    """At most ``parallel`` jobs at once; the caches of those that ended are kept for prompts that begin alike."""

    def __init__(self, model: Any, tokenizer: Any, configuration: Configuration) -> None:  # noqa: ANN401  # of mlx-lm
        self._model, self._tokenizer = model, tokenizer
        self._parallel, self._batch = configuration.parallel, configuration.batch
        self._most = configuration.context or 0
        self._grammars = Grammars(getattr(tokenizer, "_tokenizer", tokenizer))
        self._waiting: deque[Job] = deque()
        self._running: list[_Answer] = []
        self._kept: deque[tuple[list[int], Any]] = deque(maxlen=configuration.parallel)
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

    def end_of(self, job: Job) -> str:
        """Whether it is to end from outside, and how."""
        return "cancelled" if job.id in self.cancelled else "timeout" if time.monotonic() > job.deadline else ""

    def step(self) -> Iterator[Output]:
        """A token of every answer."""
        while self._waiting and len(self._running) < self._parallel:
            job = self._waiting.popleft()
            try:
                self._running.append(self._begin(job))
            except RunnerError as error:
                yield Output(job.id, end="error", error=error)
        for answer in list(self._running):
            output = answer.next()
            if output.end:
                self._running.remove(answer)
                self.cancelled.discard(output.id)
                if can_trim_prompt_cache(answer.cache):
                    self._kept.append((answer.in_cache(), answer.cache))
            yield output

    def _begin(self, job: Job) -> "_Answer":
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
        known = self._known(plan)
        processors = None
        if job.grammar or job.schema is not None:
            processors = [self._grammars.processor(job, len(plan) - known[0])]
        return _Answer(self, job, plan, known, processors)

    def _known(self, plan: list[int]) -> tuple[int, Any]:
        """How much of the plan a kept cache has, and that cache cut to it; a new one where none has any."""
        best = max(self._kept, key=lambda kept: shared(kept[0], plan), default=None)
        length = min(shared(best[0], plan), len(plan) - 1) if best else 0
        if not best or not length:
            return 0, make_prompt_cache(self._model)
        self._kept.remove(best)
        trim_prompt_cache(best[1], len(best[0]) - length)
        return length, best[1]

    def generate(self, job: Job, plan: list[int], cache: Any, processors: Any, watch: Any) -> Any:  # noqa: ANN401
        """mlx-lm's own generator of tokens."""
        mx.random.seed(job.seed)
        return generate_step(
            mx.array(plan),
            self._model,
            max_tokens=job.max_tokens,
            sampler=make_sampler(temp=max(0.0, job.temperature), top_p=job.top_p),
            logits_processors=processors,
            prompt_cache=cache,
            prefill_step_size=self._batch,
            prompt_progress_callback=watch,
        )

    def spelled(self) -> tuple[Any, frozenset[int]]:
        """What turns tokens into text, and the tokens that end an answer."""
        return self._tokenizer.detokenizer, frozenset(self._tokenizer.eos_token_ids)


class _Answer:
    """One job and its generator."""

    def __init__(
        self, engine: MlxEngine, job: Job, plan: list[int], known: tuple[int, Any], processors: list[Processor] | None
    ) -> None:
        cached, self.cache = known
        self._engine, self.job, self.plan = engine, job, plan
        self._cached, self._made = cached, list[int]()
        self._text, self._ends = engine.spelled()
        self._tokens = engine.generate(job, plan[cached:], self.cache, processors, self._watch)

    def _watch(self, _done: int, _all: int) -> None:
        if self._engine.end_of(self.job):
            raise _Ended

    def in_cache(self) -> list[int]:
        """The tokens that the cache holds: it is ahead of what was said by what was being computed."""
        known = [*self.plan, *self._made]
        offset = int(getattr(self.cache[0], "offset", len(known)))
        return known[: min(offset, len(known))] if offset <= len(known) else self._trimmed(known, offset)

    def _trimmed(self, known: list[int], offset: int) -> list[int]:
        trim_prompt_cache(self.cache, offset - len(known))
        return known

    def next(self) -> Output:
        """The next piece of it, or its end."""
        outside = self._engine.end_of(self.job)
        if outside:
            return self._over(outside)
        try:
            token = int(next(self._tokens)[0])
        except _Ended:
            return self._over(self._engine.end_of(self.job))
        except StopIteration:
            return self._over("length")
        except Exception as error:  # mlx raises what its parts do
            text = f"mlx: {type(error).__name__}: {error}"[:400]
            return self._over("error")._replace(error=RunnerError(text))
        self._made.append(token)
        if token in self._ends:
            return self._over("stop")
        self._text.add_token(token)
        piece = self._text.last_segment
        if len(self._made) >= self.job.max_tokens:
            return self._over("length", piece)
        return Output(self.job.id, piece.encode("utf-8", "replace"))

    def _over(self, end: str, piece: str = "") -> Output:
        self._tokens.close()
        self._text.finalize()
        data = (piece + self._text.last_segment).encode("utf-8", "replace")
        return Output(self.job.id, data, end, Spent(len(self.plan), self._cached, len(self._made)))
