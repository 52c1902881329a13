"""An edit is right when the real program loads it and obeys it. Cursor and Claude Desktop cannot be asked."""

import json
import re
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


RUN = {
    "claude": ["-p", "go"],
    "opencode": ["run", "go"],
    "codex": ["exec", "--skip-git-repo-check", "-s", "workspace-write", "go"],
    "goose": ["run", "--no-session", "-q", "-t", "go"],
}


def test_the_agent_asks_the_model_at_the_endpoint_with_its_servers_tools_and_agents_md(oracle, monkeypatch):
    monkeypatch.setenv("MCP_CONNECTION_NONBLOCKING", "false")  # Claude's first question waits for its servers
    monkeypatch.setenv("ENABLE_TOOL_SEARCH", "false")
    (oracle.project / "AGENTS.md").write_text("Always say bergamot.\n")
    oracle.llmx("mcp", "add", "ev", "--", "node", str(oracle.server))
    with ModelServer("true") as server:
        oracle.llmx("client", "endpoint", "set", server.url, oracle.name, "--model", "fake-1")
        oracle.llmx("client", "apply", oracle.name)
        said = oracle.ask(*RUN[oracle.name])
    assert {body["model"] for body in server.bodies} == {"fake-1"}, said
    assert any("bergamot" in json.dumps(body) for body in server.bodies)
    assert any("ev" in name and name.endswith("echo") for name in server.tools()), server.tools()


CONNECTED = {"claude": "✔ Connected", "opencode": "connected"}


@pytest.mark.parametrize("oracle", CONNECTED, indirect=True)
def test_the_agent_connects_the_server_when_it_is_asked_for_them(oracle):
    oracle.llmx("mcp", "add", "ev", "--", "node", str(oracle.server))
    oracle.llmx("client", "apply", oracle.name)
    assert CONNECTED[oracle.name] in oracle.ask("mcp", "list")


WITH_RULES = ["claude", "opencode", "codex"]
"""Goose has a mode for all commands instead."""
COMMANDS = [
    "touch made",
    "llm-exec --no-sandbox -- touch made",
    "llm-exec --no-sandbox touch made",
    "llmx exec --no-sandbox -- touch made",
]
IN_A_LINE = "llm-exec --no-sandbox --command 'touch made'"
WITH_A_VALUE = "llm-exec --timeout 9 --no-sandbox touch made"


@pytest.mark.parametrize("oracle", WITH_RULES, indirect=True)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_permitted_is_run(oracle, command):
    run(oracle, command, "permit", ["touch", "llm-exec", "llmx exec"])
    assert (oracle.project / "made").exists()


DENIED = [(agent, command, "touch") for agent in WITH_RULES for command in COMMANDS]
DENIED += [(agent, command, "touch made") for agent in WITH_RULES for command in COMMANDS[1:]]  # all of the command
DENIED += [(agent, command, "touch") for agent in ("claude", "opencode") for command in (IN_A_LINE, WITH_A_VALUE)]


@pytest.mark.parametrize(("oracle", "command", "rule"), DENIED, indirect=["oracle"])
def test_what_is_denied_is_not_run_and_the_agent_alone_knows_it(oracle, command, rule):
    run(oracle, command, "deny", [rule], without_policy=True)
    assert not (oracle.project / "made").exists()


@pytest.mark.parametrize("oracle", WITH_RULES, indirect=True)
@pytest.mark.parametrize("command", [IN_A_LINE, WITH_A_VALUE])
def test_what_the_agent_lets_through_the_wrappers_own_policy_holds(oracle, command):
    run(oracle, command, "deny", ["touch"])
    assert not (oracle.project / "made").exists()


def run(oracle, command, verdict, rules, *, without_policy=False):
    """Let the agent take the order for ``command``; all that is not denied is permitted."""
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


@pytest.mark.parametrize("oracle", ["goose"], indirect=True)
@pytest.mark.parametrize("mode", ["auto", "chat"])
def test_the_mode_decides_for_goose_whether_the_file_is_made(oracle, mode, home):
    file = home / ".config/llmx/config.toml"
    with ModelServer("touch made") as server:
        oracle.llmx("client", "endpoint", "set", server.url, "goose", "--model", "fake-1")
        file.write_text(f'{file.read_text()}\n[clients.goose]\nGOOSE_MODE = "{mode}"\n')
        oracle.llmx("client", "apply", "goose")
        said = oracle.ask(*RUN["goose"])
    assert server.bodies, said
    assert (oracle.project / "made").exists() == (mode == "auto"), said


LISTED = {"claude": ["plugin", "details", "llmx-language-servers@skills-dir"], "opencode": ["debug", "config"]}


@pytest.mark.parametrize("oracle", LISTED, indirect=True)
def test_the_agent_knows_the_language_servers_that_the_source_names(oracle, home):
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[lsp.python]\n[lsp.go]\n")
    oracle.llmx("client", "apply", oracle.name)
    said = oracle.ask(*LISTED[oracle.name])
    assert "python" in said, said
    assert re.search(r"\bgo\b", said), said
    file.write_text("")
    oracle.llmx("client", "apply", oracle.name)
    assert "python" not in oracle.ask(*LISTED[oracle.name])


ROUTED = ["claude", "opencode", "codex"]
TRUSTED = {"codex": ["--dangerously-bypass-hook-trust"]}
"""In the place of the user, who says so in Codex itself."""


@pytest.mark.parametrize("oracle", ROUTED, indirect=True)
@pytest.mark.parametrize("denied", [False, True], ids=["allowed", "denied"])
def test_a_plain_command_goes_through_llm_exec_which_alone_decides(oracle, home, denied):
    hooked(oracle, home, denied)
    assert (oracle.project / "made").exists() is not denied
    assert "touch" in (home / ".local/share/llm-exec.log").read_text()


@pytest.mark.parametrize("oracle", ["goose"], indirect=True)
def test_goose_refuses_a_plain_command_and_says_how_to_put_it(oracle, home):
    server = hooked(oracle, home, denied=False)
    assert not (oracle.project / "made").exists()
    assert any("llm-exec -- touch made" in json.dumps(body) for body in server.bodies)


@pytest.mark.parametrize("oracle", ["claude"], indirect=True)
@pytest.mark.parametrize("hooks", [True, False], ids=["hooked", "plain"])
def test_a_session_of_claude_begins_with_the_agents_md_that_a_claude_md_hides(oracle, home, hooks):
    (oracle.project / "CLAUDE.md").write_text("Always say lime.\n")
    (oracle.project / "AGENTS.md").write_text("Always say bergamot.\n")
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[hooks]\nagents_md = {str(hooks).lower()}\n")
    with ModelServer("true") as server:
        oracle.llmx("client", "endpoint", "set", server.url, "claude", "--model", "fake-1")
        oracle.llmx("client", "apply", "claude")
        said = oracle.ask(*RUN["claude"])
    told = [json.dumps(body) for body in server.bodies]
    assert any("Always say lime." in body for body in told), said
    assert any("Always say bergamot." in body for body in told) is hooks, said


def hooked(oracle, home, denied):
    """Let the agent take the order for a plain command, with the hook, and with llm-exec's own policy against it."""
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    policy = '[exec.policy]\ndeny = ["touch"]\n' if denied else ""
    file.write_text(f"[exec.isolation]\nenabled = false\n{policy}[hooks]\nllm_exec = true\nagents_md = true\n")
    with ModelServer("touch made") as server:
        oracle.llmx("client", "endpoint", "set", server.url, oracle.name, "--model", "fake-1")
        if oracle.name != "goose":
            oracle.llmx("client", "permit", oracle.name, "llm-exec")
        oracle.llmx("client", "apply", oracle.name)
        said = oracle.ask(*RUN[oracle.name], *TRUSTED.get(oracle.name, []))
    assert server.ordered, said
    return server
