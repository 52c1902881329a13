"""What an agent means, tier by tier."""

import pytest

from llmx.agents.files import FileRegistry
from llmx.agents.resolve import resolve
from llmx.errors import InconclusiveError, UsageError

OLLAMA = {"provider": "ollama", "model": "m"}
ENVIRONMENT = [
    ("AUTOBOT_LLM_PROVIDER", "provider", "groq", "groq"),
    ("AUTOBOT_LLM_ENDPOINT", "endpoint", "http://x/v1", "http://x/v1"),
    ("AUTOBOT_DEFAULT_LLM_MODEL", "model", "older", "older"),
    ("AUTOBOT_LLM_MODEL", "model", "old", "old"),
    ("AUTOBOT_LLM_API_KEY", "api_key", "k", "env:AUTOBOT_LLM_API_KEY"),
    ("AUTOBOT_LLM_TIMEOUT", "timeout", "7", 7.0),
    ("AUTOBOT_LLM_TEMPERATURE", "temperature", "0.0", 0.0),
    ("AUTOBOT_LLM_MAX_TOKENS", "max_tokens", "9", 9),
]


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return FileRegistry()


def env(home, **more):
    return {"HOME": str(home), **more}


@pytest.mark.promise("S1-29")
def test_each_tier_stands_in_for_the_one_before_it(registry, home):
    built_in = resolve(registry, "x", env=env(home))
    assert built_in.values["provider"] == "ollama"
    assert built_in.values["endpoint"] == "http://localhost:11434"
    assert built_in.tiers["model"] == "built-in"
    by_env = resolve(registry, "x", env=env(home, LLM_BACKEND="groq", LLM_MODEL="g"))
    assert (by_env.values["provider"], by_env.tiers["provider"]) == ("groq", "environment")
    assert by_env.values["endpoint"] is None
    registry.create("d", {**OLLAMA, "temperature": 0.0})
    default = resolve(registry, "x", env=env(home, LLM_BACKEND="groq", LLM_MODEL="g"))
    assert (default.values["model"], default.tiers["model"]) == ("m", "default agent")
    assert default.values["temperature"] == 0.0
    registry.create("x", {"provider": "openai", "model": "o"})
    own = resolve(registry, "x", env=env(home))
    assert (own.values["model"], own.tiers["model"]) == ("o", "agent")


@pytest.mark.promise("S1-30")
@pytest.mark.parametrize("row", ENVIRONMENT, ids=lambda row: row[0])
def test_the_variables_of_older_tools_are_a_tier(registry, home, row):
    variable, field, text, value = row
    found = resolve(registry, "x", env=env(home, **{variable: text}))
    assert (found.values[field], found.tiers[field]) == (value, "environment")


@pytest.mark.promise("S1-30")
def test_newer_names_go_before_older_ones(registry, home):
    names = {"AUTOBOT_LLM_MODEL": "a", "LLM_MODEL": "b"}
    assert resolve(registry, "x", env=env(home, **names)).values["model"] == "b"
    assert resolve(registry, "x", env=env(home, **names, LLMX_LLM__MODEL="c")).values["model"] == "c"


def test_the_settings_files_stand_below_the_environment(registry, home):
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[llm]\nbackend = "groq"\nmodel = "g"\n')
    found = resolve(registry, "x", env=env(home, LLM_MODEL="h"))
    assert (found.values["provider"], found.tiers["provider"]) == ("groq", "settings")


def test_what_belongs_to_one_provider_never_goes_to_another(registry, home):
    registry.create("d", {**OLLAMA, "endpoint": "http://mine", "api_key": "env:MINE", "system": "be d"})
    registry.create("x", {"provider": "anthropic", "model": "c"})
    found = resolve(registry, "x", env=env(home, LLM_API_BASE="http://other", LLM_API_KEY="k"))
    assert (found.values["endpoint"], found.values["api_key"], found.values["system"]) == (None, None, None)
    registry.create("y", OLLAMA)
    same = resolve(registry, "y", env=env(home))
    assert (same.values["endpoint"], same.tiers["endpoint"]) == ("http://mine", "default agent")


@pytest.mark.promise("S1-11")
def test_an_inactive_agent_is_an_error_when_named(registry, home):
    registry.create("d", OLLAMA)
    registry.create("x", OLLAMA)
    registry.update("x", {"is_active": False})
    with pytest.raises(UsageError, match="inactive"):
        resolve(registry, "x", env=env(home))


@pytest.mark.promise("S1-29")
def test_strict_takes_nothing_from_beyond_the_agents(registry, home):
    with pytest.raises(Exception, match="no agent 'x'"):
        resolve(registry, "x", strict=True, env=env(home, LLM_MODEL="m"))
    registry.create("d", OLLAMA)
    found = resolve(registry, "x", strict=True, env=env(home, LLM_MAX_TOKENS="5"))
    assert found.tiers["model"] == "default agent"
    assert found.values["max_tokens"] is None
    registry.file("d").write_text("provider = 'ollama'\nis_default = true\n")
    with pytest.raises(InconclusiveError, match="model"):
        resolve(registry, "x", strict=True, env=env(home))
