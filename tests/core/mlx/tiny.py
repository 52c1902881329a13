"""A tiny MLX model as a folder, made from random numbers: the files that mlx-lm loads."""

import json
import random
from pathlib import Path
from struct import pack
from typing import Any

from tests.core.gguf.tiny import SPECIALS, TEMPLATE, is_printable, vocabulary, weights

WIDTH, LAYERS, HEADS, KV = 64, 2, 4, 2


def write_tiny(folder):
    """Write the model and return its folder's path."""
    folder = Path(folder)
    tokens, _, merges = vocabulary()
    write_files(folder, tokens, merges)
    (folder / "model.safetensors").write_bytes(safetensors(_tensors(tokens)))
    return str(folder)


def write_files(folder, tokens, merges, *, width=WIDTH, layers=LAYERS, between=2 * WIDTH, context=2048, controls=()):
    """Write what stands beside the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "config.json", _config(tokens, width, layers, between, context))
    _write(folder / "tokenizer.json", _tokenizer(tokens, merges, sorted((*SPECIALS, *controls), key=tokens.index)))
    said = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": SPECIALS[0], "eos_token": SPECIALS[2]}
    _write(folder / "tokenizer_config.json", said | {"chat_template": TEMPLATE, "clean_up_tokenization_spaces": False})


def _write(path, value):
    path.write_text(json.dumps(value))


def _config(tokens, width, layers, between, context):
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": width,
        "num_hidden_layers": layers,
        "intermediate_size": between,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV,
        "head_dim": width // HEADS,
        "rms_norm_eps": 1e-5,
        "vocab_size": len(tokens),
        "rope_theta": 10000.0,
        "max_position_embeddings": context,
        "tie_word_embeddings": False,
        "bos_token_id": tokens.index(SPECIALS[0]),
        "eos_token_id": tokens.index(SPECIALS[2]),
    }


def _tokenizer(tokens, merges, specials):
    own = [
        {"id": tokens.index(token), "content": token, "special": True}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for token in specials
    ]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    plain = {token: number for number, token in enumerate(tokens) if token not in specials}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": own,
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "vocab": plain, "merges": merges},
    }


def _tensors(tokens):
    """Random weights; of the output, only rows of printable tokens."""
    drawn = random.Random(0)
    half = WIDTH * KV // HEADS
    shapes = {
        "self_attn.q_proj": (WIDTH, WIDTH),
        "self_attn.k_proj": (half, WIDTH),
        "self_attn.v_proj": (half, WIDTH),
        "self_attn.o_proj": (WIDTH, WIDTH),
        "mlp.gate_proj": (2 * WIDTH, WIDTH),
        "mlp.up_proj": (2 * WIDTH, WIDTH),
        "mlp.down_proj": (WIDTH, 2 * WIDTH),
    }
    norm = pack(f"<{WIDTH}e", *[1.0] * WIDTH)
    found: dict[str, tuple[list[int], bytes]] = {
        "model.embed_tokens.weight": ([len(tokens), WIDTH], weights(drawn, len(tokens), WIDTH, 1.7)),
        "model.norm.weight": ([WIDTH], norm),
    }
    for layer in range(LAYERS):
        for name in ("input_layernorm", "post_attention_layernorm"):
            found[f"model.layers.{layer}.{name}.weight"] = ([WIDTH], norm)
        for name, (rows, columns) in shapes.items():
            data = weights(drawn, rows, columns, 3.4 * WIDTH**-0.5)
            found[f"model.layers.{layer}.{name}.weight"] = ([rows, columns], data)
    kept = [is_printable(token) for token in tokens]
    head = weights(drawn, len(tokens), WIDTH, 10.2 * WIDTH**-0.5, kept.__getitem__)
    return {**found, "lm_head.weight": ([len(tokens), WIDTH], head)}


def safetensors(found):
    """The bytes of a file with these tensors: name -> shape and half-precision data."""
    said: dict[str, Any] = {"__metadata__": {"format": "mlx"}}
    data = b""
    for name, (shape, body) in found.items():
        said[name] = {"dtype": "F16", "shape": shape, "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    text = json.dumps(said).encode()
    return pack("<Q", len(text)) + text + data
