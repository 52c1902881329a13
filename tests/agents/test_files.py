"""Agents in files: made, changed, found wrong, and never half-written."""

import os
import subprocess
import sys
import tomllib
from datetime import UTC

import pytest

from llmx.agents.exchange import exported, import_agents
from llmx.agents.fields import from_text
from llmx.agents.files import FileRegistry
from llmx.core.edits import undo
from llmx.errors import ConfigError, LlmxError, NotFoundError, UsageError

OLLAMA = {"provider": "ollama", "model": "qwen2.5:1.5b"}
HF = "unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Qwen3-Coder-30B-A3B-Instruct-UD-Q6_K_XL.gguf"


@pytest.fixture
def registry():
    return FileRegistry()


def refused(word, text):
    with pytest.raises(UsageError) as caught:
        from_text(word, text)
    return caught.value


@pytest.mark.promise("S1-02")
@pytest.mark.parametrize("agent_id", ["Bad_ID", "a" * 65, "", "a b", "../x", "ä"])
def test_an_id_is_a_slug(registry, agent_id):
    with pytest.raises(UsageError):
        registry.create(agent_id, OLLAMA)
    assert not registry.folder.exists()


@pytest.mark.promise("S1-02")
def test_an_id_is_given_once(registry):
    registry.create("a", OLLAMA)
    with pytest.raises(UsageError, match="already exists"):
        registry.create("a", OLLAMA)


@pytest.mark.promise("S1-03", "S1-05", "S1-06")
@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("name", "Ünïcode " * 10),
        ("description", "two\nlines, ünïcode, 'quotes' \"both\""),
        ("system", "You are\n\n# not a comment\n"),
        ("model", HF),
        ("endpoint", "http://127.0.0.1:8000/v1"),
        ("llm_model", "x"),
        ("temperature", "0.0"),
        ("timeout", "2m"),
        ("max_tokens", "128000"),
        ("api_key", "env:MY_KEY"),
        ("tools", "read, write"),
    ],
)
def test_what_is_set_is_what_is_read(registry, word, text):
    registry.create("a", OLLAMA)
    name, value = from_text(word, text)
    assert getattr(registry.update("a", {name: value}), name) == value


@pytest.mark.promise("S1-03", "S1-04", "S1-05", "S1-08")
@pytest.mark.parametrize(
    ("word", "text", "says"),
    [
        ("name", "x" * 129, "128"),
        ("provider", "olama", "no backend"),
        ("endpoint", "ftp://x", "http"),
        ("endpoint", "http://u:p@x", "password"),
        ("endpoint", "http://x/" + "y" * 256, "256"),
        ("model", "two words", "blanks"),
        ("temperature", "2.1", "from 0 to 2"),
        ("temperature", "nan", "from 0 to 2"),
        ("timeout", "0", "time"),
        ("max_tokens", "0", "at least 1"),
        ("is_active", "perhaps", "true or false"),
        ("colour", "red", "no field"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(word, text, says):
    assert says in refused(word, text).message


@pytest.mark.promise("S1-04")
def test_an_unknown_provider_gets_the_valid_ones_and_the_nearest():
    hint = refused("provider", "olama").hint
    assert "did you mean ollama" in hint
    assert "anthropic" in hint


def test_a_key_itself_is_refused_and_not_repeated():
    error = refused("api_key", "sk-ant-abcdefghijklmnop")
    assert "sk-ant" not in f"{error.message}{error.hint}"
    assert "env:" in error.hint


@pytest.mark.promise("S1-07", "S1-08", "S1-09", "S1-12")
def test_a_new_agent_has_the_promised_defaults(registry):
    agent = registry.create("a", OLLAMA)
    assert (agent.timeout, agent.temperature, agent.max_tokens) == (30.0, 0.7, None)
    assert (agent.name, agent.is_active, agent.is_default) == ("a", True, True)
    assert agent.created_at == agent.updated_at
    assert agent.created_at.tzinfo == UTC


@pytest.mark.promise("S1-10")
def test_exactly_one_agent_is_the_default(registry):
    for agent_id in ("a", "b", "c"):
        registry.create(agent_id, OLLAMA)
    assert registry.default().id == "a"
    registry.set_default("c")
    assert [agent.id for agent in registry.agents() if agent.is_default] == ["c"]
    assert registry.create("d", {**OLLAMA, "is_default": True}).is_default
    assert [agent.id for agent in registry.agents() if agent.is_default] == ["d"]
    assert [agent.id for agent in registry.agents()] == ["d", "a", "b", "c"]


@pytest.mark.promise("S1-10")
@pytest.mark.parametrize(
    "change",
    [
        lambda registry: registry.update("b", {"is_default": True}),
        lambda registry: registry.set_default("b"),
        lambda registry: registry.create("c", {**OLLAMA, "is_active": False, "is_default": True}),
    ],
)
def test_an_inactive_agent_cannot_be_the_default(registry, change):
    registry.create("a", OLLAMA)
    registry.create("b", {**OLLAMA, "is_active": False})
    with pytest.raises(UsageError, match="is inactive, so it cannot be the default"):
        change(registry)
    assert [agent.id for agent in registry.agents() if agent.is_default] == ["a"]
    registry.update("b", {"is_default": True, "is_active": True})
    assert registry.default().id == "b"


def test_an_inactive_agent_is_not_made_the_default_for_being_the_first(registry):
    assert not registry.create("a", {**OLLAMA, "is_active": False}).is_default
    assert registry.create("b", OLLAMA).is_default


def test_two_defaults_by_hand_are_an_error_that_can_be_mended(registry):
    registry.create("a", OLLAMA)
    registry.create("b", OLLAMA)
    file = registry.file("b")
    file.write_text(file.read_text().replace("is_default = false", "is_default = true"))
    with pytest.raises(ConfigError, match="a and b are both the default"):
        registry.agents()
    registry.set_default("b")
    assert registry.default().id == "b"


@pytest.mark.promise("S1-19", "S1-11")
@pytest.mark.parametrize(
    "change",
    [
        lambda registry: registry.delete("a"),
        lambda registry: registry.update("a", {"is_default": False}),
        lambda registry: registry.update("a", {"is_active": False}),
    ],
)
def test_the_default_agent_cannot_go(registry, change):
    registry.create("a", OLLAMA)
    before = registry.file("a").read_bytes()
    with pytest.raises(UsageError, match="a is the default agent"):
        change(registry)
    assert registry.file("a").read_bytes() == before


@pytest.mark.promise("S1-19")
def test_a_deleted_agent_comes_back_with_undo(registry):
    registry.create("a", OLLAMA)
    registry.create("b", OLLAMA)
    before = registry.file("b").read_bytes()
    registry.delete("b")
    with pytest.raises(NotFoundError):
        registry.get("b")
    undo()
    assert registry.file("b").read_bytes() == before


@pytest.mark.promise("S1-12", "S1-13")
def test_a_change_touches_its_fields_and_the_time_only(registry):
    agent = registry.create("a", {**OLLAMA, "max_tokens": 9})
    file = registry.file("a")
    file.write_text("# mine\n" + file.read_text().replace("temperature = 0.7", "temperature = 0.7  # warm"))
    after = registry.update("a", {"temperature": 0.2, "max_tokens": None})
    assert (after.temperature, after.max_tokens) == (0.2, None)
    assert after.updated_at > agent.updated_at
    assert after.created_at == agent.created_at
    assert file.read_text().startswith("# mine\n")
    assert "temperature = 0.2  # warm" in file.read_text()
    unchanged = file.read_bytes()
    registry.update("a", {"temperature": 0.2})
    assert file.read_bytes() == unchanged


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("provider = 'ollama'\nmodel = ", ":2:"),
        ("provider = 'nope'\nmodel = 'x'", "no backend"),
        ("modle = 'x'", "no field"),
        ("api_key = 'sk-ant-abcdefghijklmnop'", "env:"),
        ("timeout = 'soon'", "time"),
        ("created_at = 3", "a time"),
    ],
)
def test_a_record_that_is_wrong_is_named_with_its_file(registry, text, says):
    registry.create("a", OLLAMA)
    registry.file("a").write_text(text)
    with pytest.raises(ConfigError) as caught:
        registry.get("a")
    assert str(registry.file("a")) in caught.value.message
    assert says in caught.value.message
    assert "sk-ant" not in caught.value.message


@pytest.mark.promise("S1-14")
def test_twenty_processes_at_once_lose_nothing(registry):
    registry.create("a", OLLAMA)
    code = "import sys; from llmx.agents.files import FileRegistry as R; R().update('a', {sys.argv[1]: sys.argv[2]})"
    names = ["name", "description", "system", "endpoint"]
    jobs = [(names[at % 4], f"http://v{at}") for at in range(20)]
    running = [subprocess.Popen([sys.executable, "-c", code, *job], env=dict(os.environ)) for job in jobs]
    assert [process.wait(110) for process in running] == [0] * 20
    agent = registry.get("a")
    assert {getattr(agent, name) for name in names} <= {value for _, value in jobs}
    assert all(getattr(agent, name) in [v for n, v in jobs if n == name] for name in names)


@pytest.mark.promise("S1-36")
def test_export_and_import_give_the_same_agents(registry, tmp_path):
    registry.create("a", {**OLLAMA, "system": "a\nb", "tools": ("x",), "api_key": "env:K"})
    registry.create("b", {**OLLAMA, "max_tokens": 5})
    other = FileRegistry(tmp_path / "agents")
    done = import_agents(other, tomllib.loads(exported(registry.agents())), "f", force=False)
    assert done == {"a": "created", "b": "created"}
    assert other.agents() == registry.agents()


@pytest.mark.promise("S1-36")
def test_import_leaves_what_is_there_unless_forced(registry):
    registry.create("a", OLLAMA)
    registry.create("b", OLLAMA)
    document = {"agents": {"b": {**OLLAMA, "model": "x", "is_default": True}, "c": OLLAMA}}
    assert import_agents(registry, document, "f", force=False) == {"b": "skipped", "c": "created"}
    assert registry.get("b").model == OLLAMA["model"]
    assert import_agents(registry, document, "f", force=True) == {"b": "replaced", "c": "replaced"}
    assert registry.get("b").model == "x"
    assert registry.default().id == "a"


@pytest.mark.parametrize("document", [{}, {"agents": 3}, {"agents": {"B": OLLAMA}}, {"agents": {"b": {"model": "x"}}}])
def test_an_import_that_is_wrong_makes_nothing(registry, document):
    with pytest.raises(LlmxError):
        import_agents(registry, {**document}, "f", force=False)
    assert not list(registry.folder.glob("*"))


def test_an_edited_text_replaces_the_record_only_when_it_is_sound(registry):
    registry.create("a", OLLAMA)
    before = registry.text("a")
    for wrong in (b"model = ", b"model = 'x'", before.replace(b"is_default = true", b"is_default = false")):
        with pytest.raises(LlmxError):
            registry.replace("a", before, wrong)
    assert registry.text("a") == before
    after = registry.replace("a", before, b"# mine\n" + before.replace(b"qwen2.5:1.5b", b"x"))
    assert after.model == "x"
    assert after.updated_at > registry.get("a").created_at
    assert registry.text("a").startswith(b"# mine")
