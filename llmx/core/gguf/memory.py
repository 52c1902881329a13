"""How much memory a model needs, told from its header, and what this machine has for it: asked before it is loaded.

Linux hands out memory that it does not have and kills whoever uses it, so that a context too large cannot be tried.
"""

from typing import NamedTuple

from llmx.core.gguf.model_facts import ModelFacts
from llmx.core.gguf.presets import smaller_hint
from llmx.core.process.headroom import Headroom
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError

MB = 1_000_000
DEFAULT_CONTEXT = 8192
"""Tokens of context where nothing is said, or fewer where the model or the machine has fewer."""
LEAST_CONTEXT = 256
BATCH = 256
"""Tokens of a prompt that are worked on at once."""
SPARE = 64 << 20
"""What the process itself needs: the interpreter and the engine's library."""

CACHE_TYPES = {"f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q5_1": 24 / 32, "q5_0": 22 / 32, "q4_0": 18 / 32}
"""Bytes for each number in the cache of keys and values."""


class MemoryNeed(NamedTuple):
    """Bytes: the weights, the cache of ``context`` tokens, and what is computed with."""

    weights: int
    cache: int
    compute: int
    context: int

    @property
    def total(self) -> int:
        """All of it, with the process itself."""
        return self.weights + self.cache + self.compute + SPARE


class InsufficientMemoryError(InconclusiveError):
    """A model does not fit this machine's memory; ``required`` and ``available`` are bytes."""

    def __init__(self, message: str, *, required: int = 0, available: int = 0, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.required = required
        self.available = available


def need(facts: ModelFacts, context: int, *, cache_type: str = "f16", parallel: int = 1) -> MemoryNeed:
    """What ``facts``' model needs with a context of that many tokens, shared by ``parallel`` answers."""
    shape = facts.shape
    cells = -(-context // 256) * 256
    cache = cells * int(sum(shape.kv_heads) * (shape.key_length + shape.value_length) * CACHE_TYPES[cache_type])
    rows = BATCH * (shape.vocabulary + 8 * shape.embedding + 3 * shape.feed_forward + cells)
    return MemoryNeed(facts.size, cache, 4 * (rows + parallel * shape.vocabulary), context)


def largest_context(facts: ModelFacts, available: int, *, cache_type: str = "f16", parallel: int = 1) -> int:
    """The largest context, in steps of 256 tokens, that fits ``available`` bytes; 0 where none does."""
    low, high = 0, (facts.context or DEFAULT_CONTEXT) // LEAST_CONTEXT
    while low < high:
        middle = (low + high + 1) // 2
        fits = need(facts, middle * LEAST_CONTEXT, cache_type=cache_type, parallel=parallel).total <= available
        low, high = (middle, high) if fits else (low, middle - 1)
    return low * LEAST_CONTEXT


def usual_context(facts: ModelFacts, available: int, *, cache_type: str = "f16", parallel: int = 1) -> int:
    """The context where none is asked for: the usual one, or what the model and the machine have room for."""
    usual = min(facts.context or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
    if need(facts, usual, cache_type=cache_type, parallel=parallel).total <= available:
        return usual
    return largest_context(facts, available, cache_type=cache_type, parallel=parallel)


def require_room(facts: ModelFacts, wanted: MemoryNeed, room: Headroom, *, cache_type: str = "f16") -> None:
    """Raise ``InsufficientMemoryError`` where ``wanted`` is more than there is: both figures, and what would fit."""
    if wanted.total <= room.bytes:
        return
    fits = largest_context(facts, room.bytes, cache_type=cache_type)
    name = shown(facts.name or facts.path)
    if fits >= LEAST_CONTEXT:
        hint = f"a context of {fits} tokens fits: llmx config set gguf.context {fits}"
    else:
        hint = smaller_hint(room.bytes)
    raise InsufficientMemoryError(
        f"{name} with a context of {wanted.context} tokens needs {wanted.total // MB} MB of memory, and "
        f"{room.bytes // MB} MB are available ({room.source})",
        required=wanted.total,
        available=room.bytes,
        hint=hint,
    )
