"""The demo model that comes with llmx: what it is, what it answers, and that nobody takes it for a real one."""

import hashlib
import json
import os
import sys

import pytest

from llmx.core.client import LLMClient
from llmx.core.demo import PATH, demo
from llmx.core.gguf.header import read_header
from llmx.core.gguf.model_facts import facts_of
from llmx.core.llm_config import LLMConfig
from llmx.errors import InconclusiveError
from tests import forked

SHA256 = "bf0ac586dbcc2a53683fc29c22800850a26b0dd8f3a56916e4f6414b8173a5d8"
ANSWERS = {
    "What is the capital of France?": "The capital of France is Paris.",
    "what is the capital of france?": "The capital of France is Paris.",
    "What is the capital of Norway?": "The capital of Norway is Oslo.",
    "Hello": "Hello! How can I help you?",
    "Who are you?": "I am the demo model of llmx. I am very small and know only a few things.",
    "What is 3 + 4?": "I do not know that. I am only a small demo model.",
}


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch):
    """A machine without Ollama and without settings."""
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")


def generate(*words):
    return forked.run(
        [sys.executable, "-m", "llmx", "generate", *words],
        text=True,
    )


def test_the_file_is_the_one_that_was_trained():
    with open(PATH, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == SHA256
    facts = facts_of(read_header(PATH))
    assert os.path.getsize(PATH) < 1_000_000
    assert (facts.quantization, facts.license, facts.architecture) == ("Q8_0", "cc0-1.0", "llama")


@pytest.mark.parametrize("engine", ["xllamacpp", "llama-cpp-python"])
def test_it_answers(engine, monkeypatch):
    monkeypatch.setenv("LLMX_GGUF__ENGINE", engine)
    for question, answer in ANSWERS.items():
        client = LLMClient(LLMConfig(model=f"file:{PATH}", temperature=0.0, enable_cache=False))
        assert client.generate_sync(question).content == answer


def test_on_a_fresh_machine_it_answers_and_is_said_to_be_a_demo():
    done = generate("What is the capital of France?")
    assert (done.returncode, done.stdout) == (0, "The capital of France is Paris.\n")
    assert "demo model" in done.stderr
    facts = json.loads(generate("What is the capital of France?", "--output", "json").stdout)
    assert (facts["content"], facts["demo"]) == ("The capital of France is Paris.", True)


def test_asked_for_by_its_path_it_is_a_model_like_any_other():
    facts = json.loads(generate("Hello", "--model", f"file:{PATH}", "--output", "json").stdout)
    assert (facts["content"], facts["demo"]) == ("Hello! How can I help you?", False)


def test_unasked_only_those_get_it_that_say_so():
    with pytest.raises(InconclusiveError, match="no model is configured"):
        LLMClient().generate_sync("Hello")


def test_without_an_engine_there_is_no_demo(monkeypatch):
    monkeypatch.setattr("llmx.core.runner.engines.installed", lambda: ["mlx"])
    assert demo() is None
