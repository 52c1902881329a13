"""An edit is right when the real program loads it and obeys it. Cursor and Claude Desktop cannot be asked."""

import json

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
COMMANDS = ["touch made", "llm-exec --no-sandbox -- touch made"]


@pytest.mark.parametrize("command", COMMANDS, ids=["plain", "wrapped"])
@pytest.mark.parametrize("verdict", ["permit", "deny"])
def test_a_rule_decides_whether_the_file_is_made(oracle, verdict, command):
    if oracle.name not in RUN:
        pytest.skip(f"{oracle.name} has no rules on single commands")
    with ModelServer(command) as server:
        oracle.llmx("client", "endpoint", "set", server.url, oracle.name, "--model", "fake-1")
        for rule in ["touch"] if verdict == "deny" else ["touch", "llm-exec"]:
            oracle.llmx("client", verdict, oracle.name, rule)
        said = oracle.ask(*RUN[oracle.name])
    assert server.ordered, said
    assert (oracle.project / "made").exists() == (verdict == "permit"), said
