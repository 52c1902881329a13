"""MLX models that say what a test wants: the same chains of tokens as the GGUF ones, as a folder that mlx-lm loads."""

from pathlib import Path
from struct import pack

from tests.core.gguf.scripted import chain_of, width_for
from tests.core.mlx.tiny import safetensors, write_files

HEADS = 4


def write_scripted(folder, pieces, *, ends=True, context=1024, controls=()):
    """Write a model that says ``pieces`` and return its folder's path."""
    folder = Path(folder)
    tokens, _, merges, follows = chain_of(pieces, ends=ends, controls=controls)
    width = width_for(len(tokens))
    files = {"width": width, "layers": 1, "between": 32, "context": context, "controls": controls}
    write_files(folder, tokens, merges, **files)
    (folder / "model.safetensors").write_bytes(safetensors(_tensors(len(tokens), width, follows)))
    return str(folder)


def _tensors(count, width, follows):
    zeros = lambda rows, columns: ([rows, columns], bytes(2 * rows * columns))  # noqa: E731
    norm = ([width], pack(f"<{width}e", *[1.0] * width))
    one, large = pack("<e", 1.0), pack("<e", 20.0)
    embedding, output = (bytearray(2 * count * width) for _ in range(2))
    for token in range(count):
        at = 2 * (token * width + token)
        embedding[at : at + 2] = one
    for before, after in follows.items():
        at = 2 * (after * width + before)
        output[at : at + 2] = large
    half = width // 2
    shapes = {
        "self_attn.q_proj": (width, width),
        "self_attn.k_proj": (half, width),
        "self_attn.v_proj": (half, width),
        "self_attn.o_proj": (width, width),
        "mlp.gate_proj": (32, width),
        "mlp.up_proj": (32, width),
        "mlp.down_proj": (width, 32),
    }
    norms = ("layers.0.input_layernorm", "layers.0.post_attention_layernorm", "norm")
    return {
        "model.embed_tokens.weight": ([count, width], bytes(embedding)),
        **{f"model.{name}.weight": norm for name in norms},
        **{f"model.layers.0.{name}.weight": zeros(*shape) for name, shape in shapes.items()},
        "lm_head.weight": ([count, width], bytes(output)),
    }
