"""How fast a model answers: the same measure over every backend."""

import time
from contextlib import aclosing
from typing import NamedTuple

from llmx.core.backends import Backend
from llmx.core.calls import Ask
from llmx.core.events import ReasoningDelta, TextDelta, Usage
from llmx.core.messages import Parameters, Request, user

WORDS = ("river", "stone", "window", "paper", "garden", "letter", "winter", "silver")
"""What prompts are made of; each begins with a word of its own, so that no part of it is known from before."""


class Figures(NamedTuple):
    """Seconds, tokens and megabytes of one question; None for what the backend does not tell."""

    backend: str
    model: str
    load_s: float
    first_token_s: float
    prompt_tokens: int | None
    prompt_tokens_per_second: float | None
    tokens: int | None
    tokens_per_second: float | None
    memory_mb: float | None


async def measure(backend: Backend, model: str, ask: Ask, *, words: int, tokens: int) -> Figures:
    """Ask once to have the model there, then ask what is measured; ``ask`` is how the backend is asked."""
    backend.keep()
    try:
        load_s, _, _, _ = await _timed(ask, model, "hello", 1)
        prompt = f"{time.monotonic_ns()} " + " ".join(WORDS[at % len(WORDS)] for at in range(words))
        whole_s, first_s, usage, pieces = await _timed(ask, model, prompt, tokens)
        told = getattr(backend, "memory_mb", None)
        memory = await told() if told else None
    finally:
        await backend.aclose()
    made = usage.completion_tokens
    read = usage.prompt_tokens
    after_s = whole_s - first_s
    return Figures(
        backend=backend.name,
        model=model,
        load_s=round(load_s, 3),
        first_token_s=round(first_s, 4),
        prompt_tokens=read,
        prompt_tokens_per_second=round(read / first_s, 2) if read and first_s else None,
        tokens=made,
        tokens_per_second=round((made - 1) / after_s, 2) if made and made > 1 and after_s and pieces > 1 else None,
        memory_mb=None if memory is None else round(memory, 1),
    )


async def _timed(ask: Ask, model: str, prompt: str, tokens: int) -> tuple[float, float, Usage, int]:
    """Seconds to the end and to the first piece, the usage, and how many pieces there were."""
    request = Request(model, (user(prompt),), parameters=Parameters(temperature=0.0, max_tokens=tokens))
    started, first, usage, pieces = time.perf_counter(), 0.0, Usage(), 0
    async with aclosing(ask(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta | ReasoningDelta):
                first = first or time.perf_counter() - started
                pieces += 1
            elif isinstance(event, Usage):
                usage = event
    whole = time.perf_counter() - started
    return whole, first or whole, usage, pieces
