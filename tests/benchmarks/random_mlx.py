"""A folder of random weights for mlx-lm, large enough that computing outweighs what stands around it."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from tests.core.gguf.tiny import vocabulary
from tests.core.mlx.tiny import HEADS, KV, write_files

WIDTH, LAYERS, BETWEEN, CONTEXT = 256, 8, 512, 8192
"""6 million weights: on a processor mlx is slow."""


def write_model(folder: Path) -> str:
    """The model, in single precision."""
    tokens, _, merges = vocabulary()
    write_files(folder, tokens, merges, width=WIDTH, layers=LAYERS, between=BETWEEN, context=CONTEXT)
    drawn, half = np.random.default_rng(0), WIDTH * KV // HEADS

    def weights(rows: int, columns: int) -> Any:  # of mlx
        return mx.array((drawn.standard_normal((rows, columns)) * columns**-0.5).astype(np.float32))

    shapes = {
        "self_attn.q_proj": (WIDTH, WIDTH),
        "self_attn.k_proj": (half, WIDTH),
        "self_attn.v_proj": (half, WIDTH),
        "self_attn.o_proj": (WIDTH, WIDTH),
        "mlp.gate_proj": (BETWEEN, WIDTH),
        "mlp.up_proj": (BETWEEN, WIDTH),
        "mlp.down_proj": (WIDTH, BETWEEN),
    }
    found = {"model.embed_tokens": weights(len(tokens), WIDTH), "lm_head": weights(len(tokens), WIDTH)}
    found["model.norm"] = mx.ones((WIDTH,))
    for layer in range(LAYERS):
        found |= {f"model.layers.{layer}.{name}": weights(*shape) for name, shape in shapes.items()}
        for name in ("input_layernorm", "post_attention_layernorm"):
            found[f"model.layers.{layer}.{name}"] = mx.ones((WIDTH,))
    mx.save_safetensors(str(folder / "model.safetensors"), {f"{name}.weight": each for name, each in found.items()})
    return str(folder)
