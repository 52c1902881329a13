"""The real Aider: it asks the model it was told, with the key it was told, and AGENTS.md before the question."""

import json

import pytest

from tests.oracles.model_server import ModelServer

ASK = ["--message", "go", "--yes-always", "--no-check-update", "--no-show-release-notes", "--analytics-disable"]
WITH_AIDER = pytest.mark.parametrize("oracle", ["aider"], indirect=True)
AGENTS_MD = "[hooks]\nagents_md = true\n"


def asked(oracle, home, source="", key="", folder=None):
    """Aider with ``source`` applied, asked once: what the model's server was told, and what Aider said."""
    with ModelServer("true") as server:
        endpoint = f'[endpoint]\nurl = "{server.url}"\nmodel = "fake-1"\nsmall_model = "small-1"\n{key}'
        file = home / ".config/llmx/config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{endpoint}{source}")
        oracle.llmx("client", "apply", "aider")
        oracle.project = folder or oracle.project
        said = oracle.ask(*ASK)
    assert server.bodies, said
    return server, said


@WITH_AIDER
def test_aider_asks_the_model_at_the_endpoint_and_needs_no_key(oracle, home):
    server, said = asked(oracle, home)
    assert "fake-1" in {body["model"] for body in server.bodies} <= {"fake-1", "small-1"}
    assert server.keys == {"Bearer local"}
    assert "openai/fake-1" in said
    assert "Unknown context window size" not in said  # and no question whether to read about it


@WITH_AIDER
def test_aider_takes_the_key_from_its_variable_and_no_file_holds_it(oracle, home, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user")
    server, _ = asked(oracle, home, key='api_key = "env:OPENAI_API_KEY"\n')
    assert server.keys == {"Bearer sk-of-the-user"}
    assert "sk-of-the-user" not in (home / ".aider.conf.yml").read_text()


@WITH_AIDER
@pytest.mark.parametrize("hooked", [True, False])
def test_agents_md_arrives_where_the_hook_is_asked_for(oracle, home, hooked):
    (oracle.project / "AGENTS.md").write_text("Always say bergamot.\n")
    server, said = asked(oracle, home, AGENTS_MD if hooked else "")
    assert any("bergamot" in json.dumps(body) for body in server.bodies) is hooked, said
    shown = json.loads(oracle.llmx("agents-md", "show", "--client", "aider", "--output", "json"))
    assert shown["clients"][0]["files"] == [str(oracle.project / "AGENTS.md")] * hooked


@WITH_AIDER
@pytest.mark.parametrize("started", [".", "sub"])
def test_which_file_aider_reads_of_a_repository_is_what_is_shown(oracle, home, started):
    oracle.run("git", "init", "-q")
    folder = oracle.project / started
    folder.mkdir(exist_ok=True)
    for place in {oracle.project, folder}:
        (place / "AGENTS.md").write_text(f"MARK-{place.name}-\n")
    marks = {str(place / "AGENTS.md"): f"MARK-{place.name}-" for place in (oracle.project, folder)}
    server, said = asked(oracle, home, AGENTS_MD, folder=folder)
    shown = json.loads(oracle.llmx("agents-md", "show", "--client", "aider", "--output", "json"))
    found = {mark for mark in marks.values() if any(mark in json.dumps(body) for body in server.bodies)}
    assert found == {marks[file] for file in shown["clients"][0]["files"]}, said
    assert len(found) == 1


@WITH_AIDER
def test_a_projects_file_goes_over_the_users(oracle, home):
    (oracle.project / "AGENTS.md").write_text("Always say bergamot.\n")
    (oracle.project / ".aider.conf.yml").write_text("read: [OTHER.md]\n")
    (oracle.project / "OTHER.md").write_text("Never say lime.\n")
    server, said = asked(oracle, home, AGENTS_MD)
    told = json.dumps(server.bodies)
    assert "lime" in told, said
    shown = json.loads(oracle.llmx("agents-md", "show", "--client", "aider", "--output", "json"))
    assert shown["clients"][0]["files"] == [str(oracle.project / "OTHER.md")]
    assert "bergamot" not in told


@WITH_AIDER
def test_aider_says_that_it_took_what_was_written(oracle, home):
    asked(oracle, home, AGENTS_MD)
    rows = json.loads(oracle.llmx("client", "verify", "aider", "--output", "json"))
    assert {row["what"]: (row["wanted"], row["agrees"]) for row in rows} == {
        "model": ("openai/fake-1", True),
        "endpoint": (rows[1]["wanted"], True),
        "reads": ("AGENTS.md", True),
    }
