"""How much memory an MLX model needs, told from its folder before it is loaded, and which context that leaves."""

import json
import os
from typing import Any, NamedTuple

from llmx.core.gguf.memory import LEAST_CONTEXT, MB, SPARE, InsufficientMemoryError
from llmx.core.gguf.presets import smaller_hint
from llmx.core.process.headroom import Headroom
from llmx.core.settings.sources import shown

HALF = 2
"""Bytes for each number in the cache of keys and values."""


class Needed(NamedTuple):
    """Bytes of the weights and of the cache for each token, and the tokens that it was made for; 0 for the unknown."""

    weights: int
    token: int
    context: int


def needed(folder: str) -> Needed:
    """What the folder's files say; broken ones say nothing here, and fail where they are loaded."""
    weights = sum(entry.stat().st_size for entry in os.scandir(folder) if entry.name.endswith(".safetensors"))
    try:
        with open(f"{folder}/config.json", encoding="utf-8") as file:
            said = json.load(file)
        said = said.get("text_config", said)
        return Needed(weights, _of_a_token(said), max(0, int(said.get("max_position_embeddings") or 0)))
    except (OSError, ValueError, TypeError, AttributeError, ZeroDivisionError):
        return Needed(weights, 0, 0)


def context_for(folder: str, asked: int, room: Headroom) -> int:
    """The context to allow: as asked, else the model's own, as far as the memory goes; 0 where nothing limits it.

    Raises ``InsufficientMemoryError`` where the weights, or the context that was asked for, do not fit.
    """
    found = needed(folder)
    left = room.bytes - found.weights - SPARE
    fits = left // found.token if found.token else asked or found.context
    if left < 0 or fits < (asked or min(LEAST_CONTEXT, found.context)):
        context = asked or LEAST_CONTEXT
        required = found.weights + SPARE + context * found.token
        hint = f"a context of {fits} tokens fits: llmx config set gguf.context {fits}"
        raise InsufficientMemoryError(
            f"{shown(os.path.basename(folder))} with a context of {context} tokens needs {required // MB} MB of "
            f"memory, and {room.bytes // MB} MB are available ({room.source})",
            required=required,
            available=room.bytes,
            hint=hint if left > 0 and fits >= LEAST_CONTEXT else smaller_hint(room.bytes),
        )
    return asked or min(found.context, fits)


def _of_a_token(said: dict[str, Any]) -> int:
    heads = int(said["num_attention_heads"]) if "num_attention_heads" in said else 0
    layers, groups = int(said.get("num_hidden_layers") or 0), int(said.get("num_key_value_heads") or heads)
    width = int(said.get("head_dim") or (int(said.get("hidden_size") or 0) // heads if heads else 0))
    return max(0, 2 * layers * groups * width * HALF)
