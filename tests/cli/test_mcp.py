"""``llmx mcp``, run as a user would."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.outside import facts, llmx

SERVER = str(Path(__file__).parents[1] / "core/mcp/server.py")


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.promise("S0-48")
def test_a_server_is_added_listed_turned_off_and_removed(home):
    llmx(
        "mcp", "add", "docs", "--env", "LEVEL=info", "--env", "TOKEN=${TOKEN}", "--", "npx", "-y", "docs", "--port", "1"
    )
    llmx("mcp", "add", "web", "--url", "https://example.com/mcp", "--header", "X-Team=a")
    rows = {row["name"]: row for row in facts("mcp", "list")}
    assert rows["docs"]["args"] == ["-y", "docs", "--port", "1"]
    assert rows["web"]["headers"] == {"X-Team": "a"}
    llmx("mcp", "disable", "docs")
    assert [row["enabled"] for row in facts("mcp", "list")] == [False, True]
    llmx("mcp", "enable", "docs")
    llmx("mcp", "remove", "docs")
    assert list(tomllib.loads((home / ".config/llmx/config.toml").read_text())["mcp"]["servers"]) == ["web"]
    llmx("undo")
    assert len(facts("mcp", "list")) == 2


@pytest.mark.promise("S0-50")
def test_the_catalog_is_shown_and_used_by_name():
    assert facts("mcp", "list") == []
    assert sum(row["from"] == "catalog" for row in facts("mcp", "list", "--all")) == 9
    llmx("mcp", "enable", "git")
    assert [(row["name"], row["command"]) for row in facts("mcp", "list")] == [("git", "uvx")]


def test_a_projects_servers_are_its_own(project):
    llmx("mcp", "add", "mine", "--project", "--", "x")
    assert facts("mcp", "list")[0]["from"] == "project"
    assert "--project" in llmx("mcp", "remove", "mine", code=2).stderr
    llmx("mcp", "remove", "mine", "--project")
    assert facts("mcp", "list") == []
    (project / "llmx.toml").write_text("[mcp.servers.other]\ncommand = 'x'\n")
    assert "not trusted" in llmx("mcp", "list").stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["add", "a"], 2),
        (["add", "a", "--url", "ftp://x"], 2),
        (["add", "a", "--url", "http://x", "--", "y"], 2),
        (["add", "a b", "--", "x"], 2),
        (["add", "a", "--env", "X", "--", "x"], 2),
        (["add", "a", "--env", "TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789", "--", "x"], 2),
        (["add", "a", "--timeout", "soon", "--", "x"], 2),
        (["remove", "nope"], 4),
        (["enable", "fetsh"], 4),
        (["check", "nope"], 4),
        (["check", "--deadline", "soon"], 2),
        (["list", "--client", "nope"], 4),
        (["list", "--client", "claude"], 4),
    ],
)
def test_what_is_wrong_has_its_exit_code_and_writes_nothing(home, words, code):
    done = llmx("mcp", *words, code=code)
    assert done.stdout == ""
    assert "ghp_" not in done.stderr
    assert not (home / ".config/llmx").exists()


@pytest.mark.promise("S0-52")
def test_the_servers_of_one_client_are_listed_and_checked(home):
    text = {"mcpServers": {"works": {"command": sys.executable, "args": [SERVER]}, "not": {"command": "/nowhere"}}}
    (home / ".claude.json").write_text(json.dumps(text))
    assert [row["name"] for row in facts("mcp", "list", "--client", "claude")] == ["works", "not"]
    rows = {row["name"]: row for row in facts("mcp", "check", "--client", "claude", code=1)}
    assert rows["works"]["tools"] == ["one", "two"]
    assert rows["not"]["state"] == "failed"


@pytest.mark.promise("S0-51")
def test_check_connects_and_exits_1_where_one_fails():
    llmx("mcp", "add", "works", "--", sys.executable, SERVER)
    assert llmx("mcp", "check").stdout.split() == ["connected", "works", "2", "tools"]
    llmx("mcp", "add", "dead", "--", "/nowhere")
    assert "cannot be started" in llmx("mcp", "check", code=1).stdout
    assert llmx("mcp", "check", "works").stdout.startswith("connected")


def test_the_tables_are_part_of_the_schema_and_of_what_trust_shows(project):
    schema = json.loads(llmx("config", "schema").stdout)
    assert {"mcp", "endpoint", "permissions", "lsp", "prompts", "clients"} <= schema["properties"].keys()
    (project / "llmx.toml").write_text("[mcp.servers.other]\ncommand = 'x'\n")
    assert "mcp" in llmx("trust").stdout
    (project / "llmx.toml").write_text("[mcp.servers.other]\ncomand = 'x'\n")
    assert "no such key" in llmx("config", "validate", code=2).stderr
