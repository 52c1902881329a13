"""A model of random weights large enough that computing outweighs everything around it; nothing is downloaded."""

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, quants

from tests.core.gguf.tiny import ARRAY, STRING, U32, gguf, metadata, vocabulary

WIDTH, LAYERS, TOKENS, CONTEXT = 1024, 12, 16_000, 8192
"""146 million weights."""
Q8_0 = int(GGMLQuantizationType.Q8_0)


def write_model(path: Path) -> str:
    """The model as Q8_0, within some seconds."""
    drawn = np.random.default_rng(0)

    def weights(name: str, columns: int, rows: int) -> tuple[Any, ...]:
        values = drawn.standard_normal((rows, columns), dtype=np.float32) * columns**-0.5
        return name, (columns, rows), Q8_0, quants.quantize(values, GGMLQuantizationType.Q8_0).tobytes()

    norm = np.ones(WIDTH, np.float32).tobytes()
    shapes = {
        "attn_q": (WIDTH, WIDTH),
        "attn_k": (WIDTH, WIDTH // 2),
        "attn_v": (WIDTH, WIDTH // 2),
        "attn_output": (WIDTH, WIDTH),
        "ffn_gate": (WIDTH, 2 * WIDTH),
        "ffn_up": (WIDTH, 2 * WIDTH),
        "ffn_down": (2 * WIDTH, WIDTH),
    }
    found = [weights("token_embd.weight", WIDTH, TOKENS)]
    for layer in range(LAYERS):
        found += [(f"blk.{layer}.{name}.weight", (WIDTH,), 0, norm) for name in ("attn_norm", "ffn_norm")]
        found += [weights(f"blk.{layer}.{name}.weight", *shape) for name, shape in shapes.items()]
    found += [("output_norm.weight", (WIDTH,), 0, norm), weights("output.weight", WIDTH, TOKENS)]
    path.write_bytes(gguf(header(), found))
    return str(path)


def header(tokens: int = TOKENS) -> dict[str, Any]:
    """The header of a model with that many tokens."""
    names, kinds, merges = vocabulary()
    more = tokens - len(names)
    names = [*names[:-3], *(f"word{number}" for number in range(more)), *names[-3:]]
    said: dict[str, Any] = metadata(
        names, [*kinds[:-3], *[1] * more, *kinds[-3:]], merges, width=WIDTH, layers=LAYERS, context=CONTEXT
    )
    said |= {"llama.vocab_size": (U32, tokens), "general.file_type": (U32, 7)}
    return said | {"tokenizer.ggml.tokens": (ARRAY, (STRING, names))}
