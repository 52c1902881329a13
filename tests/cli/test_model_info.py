"""llmx model info as a command."""

import json
import sys

import pytest

from tests import forked
from tests.core.gguf.tiny import write_tiny


def llmx(*words):
    return forked.run([sys.executable, "-m", "llmx", *words], text=True)


@pytest.mark.promise("S2-15")
def test_it_shows_what_the_file_says_as_text_and_as_json(tmp_path):
    model = write_tiny(tmp_path / "model.gguf")
    text = llmx("model", "info", model)
    assert text.returncode == 0
    assert "architecture   llama" in text.stdout
    assert "quantization   F16" in text.stdout
    assert "fits           yes" in text.stdout
    facts = json.loads(llmx("model", "info", f"file:{model}", "--output", "json").stdout)
    assert (facts["context"], facts["has_chat_template"], facts["fit"]["fits"]) == (2048, True, True)


def test_a_context_that_no_machine_has_does_not_fit(tmp_path):
    model = write_tiny(tmp_path / "model.gguf")
    done = llmx("model", "info", model, "--context", "2000000000", "--output", "json")
    fit = json.loads(done.stdout)["fit"]
    assert fit["fits"] is False
    assert fit["required_mb"] > fit["available_mb"]


@pytest.mark.parametrize(("name", "code"), [("none.gguf", 4), ("text.gguf", 3)])
@pytest.mark.promise("S4-02")
def test_a_file_that_is_missing_or_no_model_is_an_error_in_one_line(tmp_path, name, code):
    (tmp_path / "text.gguf").write_text("hello, this is no model at all\n")
    done = llmx("model", "info", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error: ")
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_in_a_header_cannot_steer_the_terminal(tmp_path):
    model = write_tiny(tmp_path / "model.gguf", name="\x1b[31mred\x07")
    done = llmx("model", "info", model)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_the_model_that_comes_along_is_known_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = json.loads(llmx("model", "info", "demo", "--output", "json").stdout)
    assert (facts["name"], facts["license"]) == ("llmx demo", "cc0-1.0")
    assert llmx("model", "pull", "demo").stdout.endswith("/demo.gguf\n")
    assert "fits with a context of 2048" in llmx("model", "load", "demo", "--dry-run").stdout
    asked = llmx("generate", "What is the capital of France?", "-m", "demo", "--temperature", "0")
    assert asked.stdout == "The capital of France is Paris.\n"
