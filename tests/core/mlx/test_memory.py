"""What an MLX model needs, by its folder alone."""

import json

import pytest

from llmx.core.gguf.memory import SPARE, InsufficientMemoryError
from llmx.core.mlx.memory import context_for, needed
from llmx.core.process.headroom import Headroom

SAID = {
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_size": 64,
    "max_position_embeddings": 2048,
}
TOKEN = 2 * 2 * 2 * 16 * 2
WEIGHTS = 1000


def folder_of(tmp_path, said):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(bytes(WEIGHTS))
    (folder / "config.json").write_text(said if isinstance(said, str) else json.dumps(said))
    return str(folder)


def room_of(tokens):
    return Headroom(WEIGHTS + SPARE + tokens * TOKEN, "the test")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (SAID, (WEIGHTS, TOKEN, 2048)),
        ({"text_config": SAID}, (WEIGHTS, TOKEN, 2048)),
        ({**SAID, "head_dim": 32}, (WEIGHTS, 2 * TOKEN, 2048)),
        ({}, (WEIGHTS, 0, 0)),
        ("{", (WEIGHTS, 0, 0)),
        ("[]", (WEIGHTS, 0, 0)),
        ({**SAID, "num_attention_heads": 0, "num_key_value_heads": 0}, (WEIGHTS, 0, 2048)),
        ({**SAID, "hidden_size": "much"}, (WEIGHTS, 0, 0)),
        ({**SAID, "num_hidden_layers": -5}, (WEIGHTS, 0, 2048)),
    ],
)
def test_the_config_says_what_a_token_costs_and_a_broken_one_says_nothing(tmp_path, said, expected):
    assert needed(folder_of(tmp_path, said)) == expected


@pytest.mark.parametrize(
    ("asked", "tokens", "context"), [(0, 10_000, 2048), (0, 1000, 1000), (512, 1000, 512), (4096, 10_000, 4096)]
)
def test_the_context_is_the_models_or_what_the_memory_holds(tmp_path, asked, tokens, context):
    assert context_for(folder_of(tmp_path, SAID), asked, room_of(tokens)) == context


@pytest.mark.parametrize(
    ("asked", "tokens", "hint"),
    [(4096, 1000, "a context of 1000 tokens fits"), (0, 100, "take a smaller model"), (0, -50, "take a smaller model")],
)
def test_what_does_not_fit_is_refused_with_both_figures(tmp_path, asked, tokens, hint):
    with pytest.raises(InsufficientMemoryError, match=r"needs .* MB of memory, and .* are available") as refused:
        context_for(folder_of(tmp_path, SAID), asked, room_of(tokens))
    assert refused.value.required > refused.value.available
    assert hint in str(refused.value.hint)
