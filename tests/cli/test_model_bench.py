"""llmx model bench: the same measure on every backend."""

import json

import pytest

from tests.cli.test_model_host import llmx
from tests.core.gguf.tiny import write_tiny


@pytest.mark.promise("S2-20", "S4-36")
def test_a_model_is_measured_beside_another(tmp_path):
    model = write_tiny(tmp_path / "model.gguf")
    line = ["model", "bench", f"file:{model}", "--vs", "mock/mock", "--tokens", "8", "--words", "20"]
    own, mock = json.loads(llmx(*line, "--output", "json").stdout)
    assert (own["backend"], own["tokens"]) == ("gguf", 8)
    assert own["prompt_tokens"] > 20
    assert 0 < own["first_token_s"] < own["load_s"]
    assert min(own["tokens_per_second"], own["prompt_tokens_per_second"]) > 0
    assert 10 < own["memory_mb"] < 500
    assert (mock["backend"], mock["memory_mb"]) == ("mock", None)
    text = llmx(*line)
    assert "tokens a second" in text.stdout
    assert "not told" in text.stdout


def test_a_model_that_cannot_be_asked_is_an_error():
    done = llmx("model", "bench", "file:/none.gguf")
    assert (done.returncode, done.stdout) == (4, "")
    assert "there is no file" in done.stderr
