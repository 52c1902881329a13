"""How an agent's session samples where nothing else says it, and what the runner of local models makes of an agent."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from llmx.agents.files import FileRegistry
from llmx.agents.resolve import llm_config, over, resolve
from llmx.agents.session_config import SessionConfig
from llmx.core.backends.local import ask_of
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.refs import parse
from llmx.core.runner.finding import find
from llmx.core.runner.opening import configuration_of
from llmx.core.settings.keys import defaults
from llmx.models.places import places
from tests.core.gguf.tiny import write_tiny

USUAL = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 4096}
OWN: dict[str, Any] = {"temperature": 0.0, "top_p": 0.5, "max_tokens": 9}


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return FileRegistry()


def sampling(config):
    return {name: getattr(config, name) for name in USUAL}


@pytest.mark.promise("S4-06")
def test_a_session_samples_as_is_usual_and_each_value_can_be_said(registry, home):
    assert SessionConfig()._asdict() == USUAL
    registry.create("plain", {"provider": "gguf", "model": "m"})
    plain = llm_config(resolve(registry, "plain", env={"HOME": str(home)}))
    assert (sampling(plain), plain.usual) == (USUAL, ("temperature", "top_p", "max_tokens"))
    said = over(LLMConfig(**OWN), plain)
    assert (sampling(said), said.usual) == (OWN, ())
    assert over(LLMConfig(top_p=0.5), plain).usual == ("temperature", "max_tokens")


@pytest.mark.promise("S4-06")
@pytest.mark.parametrize(("name", "value"), OWN.items())
def test_every_tier_goes_before_what_is_usual(registry, home, name, value):
    by_variable = resolve(registry, "x", env={"HOME": str(home), f"LLM_{name.upper()}": str(value)})
    registry.create("own", {"provider": "gguf", "model": "m", name: value})
    by_record = resolve(registry, "own", env={"HOME": str(home)})
    for found, tier in ((by_record, "agent"), (by_variable, "environment")):
        config = llm_config(found)
        assert (sampling(config), found.tiers[name]) == ({**USUAL, name: value}, tier)
        assert name not in config.usual


@pytest.mark.promise("S4-37")
@pytest.mark.parametrize("source", ["hf:test/repo/model.gguf", "hf:test/repo", "file:{}"])
def test_an_agent_of_the_hub_or_of_a_file_becomes_what_the_runner_takes(registry, home, source):
    """As the conversion's own test of the fourth document: the repository and the file's name arrive."""
    folder = f"{places(defaults()).own}/hf/test/repo"
    os.makedirs(folder)
    file = write_tiny(f"{folder}/model.gguf")
    model = source.format(file)
    registry.create("a", {"provider": "gguf", "model": model, "system": "Be brief."})
    found = resolve(registry, "a", env={"HOME": str(home)})
    config = llm_config(found)
    assert config.model
    if model.startswith("hf:"):
        ref = parse(config.model)
        assert (ref.source, ref.name, ref.file) == ("hf", "test/repo", "model.gguf" if "gguf" in model else "")
    path = find("gguf", config.model)
    runner = configuration_of("gguf", path, {**defaults(), "gguf.threads": 1})
    assert (runner.path, runner.context, runner.threads) == (file, 0, 1)
    ask = ask_of(LLMClient(config).request("hello", found.values["system"]), defaults())
    assert (ask.temperature, ask.top_p, ask.max_tokens) == (0.7, 0.9, 4096)
    assert [row["content"] for row in ask.messages] == ["Be brief.", "hello"]


@pytest.mark.promise("S4-06")
def test_on_a_small_context_an_agents_answer_ends_where_that_does(registry, tmp_path):
    registry.create("a", {"provider": "gguf", "model": "file:" + write_tiny(tmp_path / "tiny.gguf", context=256)})
    env = {**os.environ, "LLMX_GGUF__THREADS": "1"}
    words = [sys.executable, "-m", "llmx", "agent", "run", "a", "hello", "--output", "json"]
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=True)
    answer = json.loads(done.stdout)
    assert (answer["finish_reason"], answer["tokens_used"]) == ("length", 256)
