"""What a client cannot be told is said with its reason, and what can is written with what it refers to."""

import json
import tomllib

import pytest

from llmx.clients.reading import value_in
from llmx.clients.registry import find
from llmx.errors import ConfigError
from tests.clients.test_applying import ENDPOINT, ONE

REMOTE = '[mcp.servers.a]\nurl = "http://x/${PLACE}"\n'
SSE = '[mcp.servers.a]\nurl = "http://x"\ntransport = "sse"\n'
RENAMED = '[mcp.servers.a]\ncommand = "x"\nenv = { A = "${B}" }\n'
PARTLY = '[mcp.servers.a]\nurl = "http://x"\nheaders = { X-Key = "id ${B}" }\n'


@pytest.mark.parametrize(
    ("client", "text", "says"),
    [
        ("codex", REMOTE, "no variables in a URL"),
        ("codex", SSE, "older SSE"),
        ("codex", RENAMED, "under its own name only"),
        ("codex", PARTLY, "only as a whole"),
        ("goose", REMOTE, "in env only"),
        ("goose", SSE, "older SSE"),
        ("goose", RENAMED, "under its own name only"),
        ("claude-desktop", REMOTE, "Connectors"),
        ("claude-desktop", RENAMED, "fills in no variables"),
    ],
)
def test_a_server_that_a_client_cannot_have_is_left_out_and_told(setting, client, text, says):
    ready = setting.apply(client, text)
    assert ready.steps == ()
    assert says in ready.losses[0][1].reason
    assert not setting.file(client).exists()


@pytest.mark.parametrize("client", ["codex", "goose", "opencode"])
def test_a_key_in_a_keyring_is_told_where_a_client_has_none(setting, client):
    ready = setting.apply(client, ENDPOINT + 'api_key = "keyring:x"\n')
    assert [loss.what for _, loss in ready.losses] == ["api_key"]
    assert "keyring:x" not in setting.file(client).read_text()


def test_codex_names_what_is_kept_elsewhere_and_reads_it_back(setting):
    text = (
        '[mcp.servers.a]\nurl = "http://x"\n'
        'headers = { Authorization = "Bearer ${TOKEN}", X-Team = "${TEAM}", X-Plain = "p" }\n'
    )
    setting.apply("codex", text)
    written = tomllib.loads(setting.file("codex").read_text())["mcp_servers"]["a"]
    assert written["bearer_token_env_var"] == "TOKEN"
    assert written["env_http_headers"] == {"X-Team": "TEAM"}
    (server,) = find("codex").servers(setting.where, "user", value_in)
    assert server == setting.source(text).servers["a"]


def test_goose_reads_servers_behind_a_url_and_none_that_are_built_in(setting):
    setting.write("goose", "extensions:\n  developer:\n    type: builtin\n    enabled: true\n")
    text = '[mcp.servers.a]\nurl = "http://x"\nheaders = { X-Team = "t" }\nenabled = false\n'
    setting.apply("goose", text)
    (server,) = find("goose").servers(setting.where, "user", value_in)
    assert server == setting.source(text).servers["a"]


def test_goose_and_claude_desktop_have_nothing_in_a_project(setting):
    for client in ("goose", "claude-desktop"):
        assert setting.apply(client, ONE, scope="project").steps == ()
        assert find(client).servers(setting.where, "project", value_in) == []


@pytest.mark.parametrize(
    ("permission", "says"),
    [
        ("allow", "for all commands"),
        ({"bash": "ask"}, "for all commands"),
        ({"bash": {"*": "ask"}, "*": "allow"}, "stands behind permission.bash and wins"),
        ({"bash": {"rm": "deny", "*": "allow"}}, "your rule '*' behind it wins"),
    ],
)
def test_what_the_users_rules_of_opencode_leave_no_room_for_is_told(setting, permission, says):
    file = setting.write("opencode", json.dumps({"permission": permission}))
    before = file.read_bytes()
    ready = setting.prepared("opencode", '[permissions]\ndeny = ["rm"]\n')
    assert any(says in loss.reason for _, loss in ready.losses)
    assert file.read_bytes() == before


def test_the_second_generation_of_opencode_is_told_no_rules(setting):
    setting.write("opencode", '{"mcp": {"servers": {"x": {"type": "local", "command": ["x"]}}}}')
    ready = setting.prepared("opencode", '[permissions]\ndeny = ["rm"]\n')
    assert "second generation" in ready.losses[0][1].reason
    assert ready.steps == ()


def test_a_ledger_that_is_damaged_is_named_and_nothing_is_written(setting):
    setting.apply("claude", ONE)
    (ledger,) = (setting.home / ".local/state/llmx/clients").iterdir()
    ledger.write_text('{"entries": 3}')
    before = setting.file("claude").read_bytes()
    with pytest.raises(ConfigError, match="no ledger of llmx"):
        setting.apply("claude", ONE.replace("one", "two"))
    assert setting.file("claude").read_bytes() == before
