"""An edit is right when the real program loads it and obeys it. Cursor and Claude Desktop cannot be asked."""

import json
from pathlib import Path

import pytest

from tests.oracles.model_server import ModelServer


def test_the_agent_took_what_was_written(oracle):
    oracle.llmx("mcp", "add", "ev", "--env", "LEVEL=info", "--", "node", str(oracle.server))
    oracle.llmx("client", "endpoint", "set", "http://127.0.0.1:9", oracle.name, "--model", "fake-1")
    oracle.llmx("client", "apply", oracle.name)
    rows = json.loads(oracle.llmx("client", "verify", oracle.name, "--output", "json"))
    assert [row["what"] for row in rows if row["agrees"]][:1] == ["mcp ev"]
    oracle.llmx("mcp", "remove", "ev")
    oracle.llmx("client", "apply", oracle.name)
    said = {row["what"] for row in json.loads(oracle.llmx("client", "verify", oracle.name, "--output", "json"))}
    assert "mcp ev" not in said


CONNECTED = {"claude": "✔ Connected", "opencode": "connected"}


def test_the_agent_connects_the_server(oracle):
    if oracle.name not in CONNECTED:
        pytest.skip(f"{oracle.name} has no command that connects a server offline")
    oracle.llmx("mcp", "add", "ev", "--", "node", str(oracle.server))
    oracle.llmx("client", "apply", oracle.name)
    assert CONNECTED[oracle.name] in oracle.ask("mcp", "list")


RUN = {
    "claude": ["-p", "go"],
    "opencode": ["run", "go"],
    "codex": ["exec", "--skip-git-repo-check", "-s", "workspace-write", "go"],
}
COMMANDS = [
    "touch made",
    "llm-exec --no-sandbox -- touch made",
    "llm-exec --no-sandbox touch made",
    "llmx exec --no-sandbox -- touch made",
]
IN_A_LINE = "llm-exec --no-sandbox --command 'touch made'"
WITH_A_VALUE = "llm-exec --timeout 9 --no-sandbox touch made"


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_permitted_is_run(oracle, command):
    run(oracle, command, "permit", ["touch", "llm-exec", "llmx exec"])
    assert (oracle.project / "made").exists()


DENIED = [(command, "touch") for command in [*COMMANDS, IN_A_LINE]]
DENIED += [(command, "touch made") for command in [*COMMANDS[1:], WITH_A_VALUE]]  # a rule that is all of the command


@pytest.mark.parametrize(("command", "rule"), DENIED)
def test_what_is_denied_is_not_run_and_the_agent_alone_knows_it(oracle, command, rule):
    if oracle.name == "codex" and command in (IN_A_LINE, WITH_A_VALUE):
        pytest.skip("codex knows options of llm-exec only where they have no value; llm-exec's own policy holds these")
    run(oracle, command, "deny", [rule], without_policy=True)
    assert not (oracle.project / "made").exists()


@pytest.mark.parametrize("command", [IN_A_LINE, WITH_A_VALUE])
def test_what_the_agent_lets_through_the_wrappers_own_policy_holds(oracle, command):
    run(oracle, command, "deny", ["touch"])
    assert not (oracle.project / "made").exists()


def run(oracle, command, verdict, rules, *, without_policy=False):
    """Let the agent take the order for ``command``; all that is not denied is permitted."""
    if oracle.name not in RUN:
        pytest.skip(f"{oracle.name} has no rules on single commands")
    with ModelServer(command) as server:
        oracle.llmx("client", "endpoint", "set", server.url, oracle.name, "--model", "fake-1")
        others = ["llm-exec", "llmx exec"] if verdict == "deny" else []
        for rule in others:
            oracle.llmx("client", "permit", oracle.name, rule)
        for rule in rules:
            oracle.llmx("client", verdict, oracle.name, rule)
        if without_policy:
            oracle.llmx("config", "unset", "exec.policy.deny")
        said = oracle.ask(*RUN[oracle.name])
    assert server.ordered, said


def test_the_agent_offers_the_prompts_that_the_source_names(oracle):
    for name, kind in (("ai-engineer", "subagent"), ("api-documenter", "command"), ("context-manager", "skill")):
        oracle.llmx("prompt", "enable", name, "--kind", kind)
    with ModelServer("true") as server:
        if oracle.name != "codex":  # which offers agents to its own models only
            oracle.llmx("client", "endpoint", "set", server.url, oracle.name, "--model", "fake-1")
        oracle.llmx("client", "apply", oracle.name)
        said = "".join(oracle.ask(*words) for words in OFFERS[oracle.name])
    wanted = {"ai-engineer", "api-documenter", "context-manager"} - UNSAID.get(oracle.name, set())
    assert [name for name in sorted(wanted) if name not in said] == [], said


OFFERS = {
    "claude": [["-p", "/context"]],
    "opencode": [["debug", "config"], ["debug", "skill"]],
    "codex": [["debug", "prompt-input", "x"]],
    "goose": [["skills", "list"], ["recipe", "list"]],
}
UNSAID = {"codex": {"api-documenter"}, "goose": {"ai-engineer"}}
"""Codex has no commands of one's own; Goose lists its agents to the model only."""


def test_goose_takes_the_organizer_as_a_recipe_with_sub_recipes(oracle):
    if oracle.name != "goose":
        pytest.skip("recipes are Goose's")
    oracle.llmx("prompt", "enable", "agent-organizer")
    oracle.llmx("client", "apply", "goose")
    recipe = Path.home() / ".config/goose/recipes/agent-organizer.yaml"
    for file in recipe.parent.iterdir():
        assert "recipe file is valid" in oracle.ask("recipe", "validate", str(file))
    said = oracle.ask("run", "--recipe", str(recipe), "--params", "task=build it", "--render-recipe")
    assert "prompt: build it" in said
    assert said.count("backend-architect.yaml") == 1
    assert "sub_recipes:" in said


def test_goose_offers_an_agent_to_the_model(oracle):
    if oracle.name != "goose":
        pytest.skip("the others list their agents themselves")
    oracle.llmx("prompt", "enable", "ai-engineer")
    with ModelServer("true") as server:
        oracle.llmx("client", "endpoint", "set", server.url, "goose", "--model", "fake-1")
        oracle.llmx("client", "apply", "goose")
        oracle.ask("run", "--no-session", "-q", "-t", "go")
    assert any("ai-engineer" in json.dumps(body) for body in server.bodies)
