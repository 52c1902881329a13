"""``llmx client``, run as a user would."""

import json
import subprocess
import sys
import tomllib

import pytest

from tests.cli.outside import facts, llmx

CLIENTS = ["claude", "claude-desktop", "goose", "opencode", "cursor", "codex", "gemini", "crush", "zed"]
CLIENTS += ["vscode-copilot", "aider", "amp"]


@pytest.fixture(autouse=True)
def place(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (home / ".claude.json").write_text('{"mcpServers": {"mine": {"command": "x"}}}\n')
    (home / ".codex").mkdir()
    (home / ".codex/config.toml").write_text('model = "best" # mine\n')
    return home


@pytest.mark.promise("S0-05")
def test_the_clients_and_what_of_them_is_here():
    rows = {row["name"]: row for row in facts("client", "list", "--versions")}
    assert list(rows) == CLIENTS
    assert [name for name, row in rows.items() if row["here"]] == ["claude", "codex"]
    assert rows["claude"]["files"][0] | {"path": ""} == {"scope": "user", "path": "", "exists": True}


@pytest.mark.promise("S0-48", "S0-53")
def test_apply_check_and_undo_go_together(home):
    before = (home / ".claude.json").read_bytes(), (home / ".codex/config.toml").read_bytes()
    llmx("mcp", "add", "a", "--", "node", "x.js")
    assert llmx("client", "check", code=1).stdout.splitlines() == [
        "+ claude          mcpServers.a",
        "+ codex           mcp_servers.a",
    ]
    diff = llmx("client", "apply", "--dry-run").stdout
    assert diff == llmx("client", "diff").stdout
    assert "+++ " in diff
    assert ((home / ".claude.json").read_bytes(), (home / ".codex/config.toml").read_bytes()) == before
    llmx("client", "apply")
    assert llmx("client", "check").stdout == ""
    assert "mcpServers.a" in llmx("client", "show", "claude").stdout
    llmx("client", "undo")
    assert ((home / ".claude.json").read_bytes(), (home / ".codex/config.toml").read_bytes()) == before
    assert [row["undone"] for row in facts("client", "history")] == [False, True]
    assert not (home / ".cursor").exists()
    llmx("client", "apply", "cursor")
    assert json.loads((home / ".cursor/mcp.json").read_text())["mcpServers"]["a"]["command"] == "node"


def test_a_conflict_is_shown_and_exits_1(home):
    llmx("mcp", "add", "mine", "--", "other")
    done = llmx("client", "apply", "claude", code=1)
    assert "conflict: claude" in done.stderr
    assert "other" not in (home / ".claude.json").read_text()
    for _ in range(2):
        assert "conflict: claude" in llmx("client", "apply", "claude", "--dry-run", code=1).stderr
    assert llmx("client", "apply", "claude", "--dry-run", "--overwrite").stdout
    llmx("client", "apply", "claude", "--overwrite")
    assert "other" in (home / ".claude.json").read_text()


def test_import_takes_servers_and_leaves_keys_out(home):
    key = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    server = {"command": "x", "env": {"GITHUB_TOKEN": key, "A": "b"}}
    (home / ".claude.json").write_text(json.dumps({"mcpServers": {"mine": server, "bad name": {"command": "y"}}}))
    rows = {row["name"]: row for row in facts("client", "import", code=1)}
    assert (rows["mine"]["state"], rows["bad name"]["state"]) == ("imported", "refused")
    text = (home / ".config/llmx/config.toml").read_text()
    assert tomllib.loads(text)["mcp"]["servers"]["mine"]["env"] == {"GITHUB_TOKEN": "${GITHUB_TOKEN}", "A": "b"}
    assert key not in text


@pytest.mark.promise("S0-47")
def test_permit_deny_and_revoke_edit_once_and_leave_the_rest(home):
    file = home / ".cursor/cli-config.json"
    file.parent.mkdir()
    file.write_text('{"version": 1, "permissions": {"allow": ["Shell(ls)"], "deny": []}}')
    for _ in range(2):
        llmx("client", "permit", "cursor", "git diff")
    allowed = json.loads(file.read_text())["permissions"]["allow"]
    assert allowed == ["Shell(ls)", "Shell(git:diff)", "Shell(git:diff *)"]
    llmx("client", "deny", "cursor", "git diff")
    rules = json.loads(file.read_text())["permissions"]
    assert rules["allow"] == ["Shell(ls)"]
    assert "Shell(llm-exec:* git diff *)" in rules["deny"]
    llmx("client", "revoke", "cursor", "git diff")
    assert "there was no rule" in llmx("client", "revoke", "cursor", "git diff").stderr
    assert json.loads(file.read_text())["permissions"] == {"allow": ["Shell(ls)"], "deny": []}
    assert (home / ".config/llmx/config.toml").read_text() == ""


@pytest.mark.parametrize("permits_it_too", [True, False])
def test_what_the_user_permits_by_hand_is_not_revoked_but_told(home, permits_it_too):
    file = home / ".cursor/cli-config.json"
    file.parent.mkdir()
    file.write_text('{"permissions": {"allow": ["Shell(ls)"]}}')
    before = file.read_bytes()
    if permits_it_too:
        llmx("client", "permit", "cursor", "ls")
    done = llmx("client", "revoke", "cursor", "ls", code=1)
    assert f"'ls' stays in permissions.allow of {file}" in done.stderr
    assert file.read_bytes() == before
    source = home / ".config/llmx/config.toml"
    assert not source.exists() or "ls" not in source.read_text()


def test_a_rule_leaves_nothing_of_itself_in_the_source_but_a_comment_beside_it(home):
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("# mine\n[exec]\ngrace = 1\n")
    llmx("client", "deny", "claude", "touch")
    assert tomllib.loads(file.read_text())["permissions"] == {"clients": {"claude": {"deny": ["touch"]}}}
    llmx("client", "revoke", "claude", "touch")
    assert file.read_text() == "# mine\n[exec]\ngrace = 1\n"
    llmx("client", "deny", "claude", "touch")
    file.write_text(file.read_text().replace("[permissions.clients.claude]", "[permissions.clients.claude]\n# because"))
    llmx("client", "revoke", "claude", "touch")
    assert "# because" in file.read_text()


def test_what_a_client_may_not_run_its_wrapper_does_not_run_either(tmp_path):
    llmx("client", "deny", "claude", "touch")
    command = [sys.executable, "-c", "from llmx.__main__ import exec_main; raise SystemExit(exec_main())"]
    for words in (["--no-sandbox", "--", "touch", "made"], ["--no-sandbox", "--", "sh", "-c", "touch made"]):
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 126, done.stderr
    assert not (tmp_path / "made").exists()
    llmx("client", "revoke", "claude", "touch")
    subprocess.run([*command, "--no-sandbox", "--", "touch", "made"], check=True, capture_output=True)
    assert (tmp_path / "made").exists()


def test_an_endpoint_is_set_and_reset_for_each_in_its_own_way(home):
    before = (home / ".codex/config.toml").read_bytes()
    llmx("client", "endpoint", "set", "http://127.0.0.1:8080/v1", "--model", "m", code=1)
    assert (home / ".codex/config.toml").read_bytes() == before
    llmx("client", "endpoint", "set", "http://127.0.0.1:8080", "--model", "m", "--overwrite")
    value = tomllib.loads((home / ".codex/config.toml").read_text())
    assert value["model_providers"]["llmx"]["base_url"] == "http://127.0.0.1:8080/v1"
    assert "ANTHROPIC_BASE_URL" in (home / ".claude/settings.json").read_text()
    llmx("client", "endpoint", "reset")
    assert (home / ".codex/config.toml").read_bytes() == before
    assert not (home / ".claude/settings.json").exists()


def test_a_trusted_project_goes_into_the_projects_files_and_stays_trusted(tmp_path):
    llmx("mcp", "add", "p", "--project", "--", "x")
    with (tmp_path / "llmx.toml").open("a") as file:
        file.write('[permissions]\ndeny = ["rm"]\n')
    llmx("trust")
    llmx("client", "apply", "claude")
    assert json.loads((tmp_path / ".mcp.json").read_text())["mcpServers"]["p"]["command"] == "x"
    assert "Bash(rm *)" in (tmp_path / ".claude/settings.json").read_text()
    assert facts("trust", "list")[0]["state"] == "trusted"
    assert llmx("client", "check", "claude").stdout == ""
    llmx("client", "undo")
    assert facts("trust", "list")[0]["state"] == "trusted"
    assert not (tmp_path / ".mcp.json").exists()


def test_a_project_file_that_is_a_link_is_not_followed(home, tmp_path):
    target = home / "precious.toml"
    target.write_text("[exec]\ngrace = 1\n")
    (tmp_path / "llmx.toml").symlink_to(target)
    done = llmx("mcp", "add", "p", "--project", "--", "x", code=2)
    assert "symbolic link" in done.stderr
    llmx("client", "apply", "claude", "--project", code=2)
    llmx("client", "apply", "claude")
    assert target.read_text() == "[exec]\ngrace = 1\n"


@pytest.mark.promise("S0-45", "S0-46", "S0-47")
def test_the_documents_defaults_are_a_preset_and_added_unasked_to_nothing(home):
    llmx("mcp", "add", "a", "--", "x")
    llmx("client", "apply", "goose")
    assert "GOOSE_MODE" not in (home / ".config/goose/config.yaml").read_text()
    llmx("config", "init", "--preset", "seed", "--force")
    llmx("client", "apply", "goose", "opencode", "cursor")
    goose = (home / ".config/goose/config.yaml").read_text()
    assert "GOOSE_MODE: smart_approve" in goose
    assert "ALPHA_FEATURES: true" in goose
    assert json.loads((home / ".config/opencode/opencode.json").read_text())["theme"] == "auto"
    cursor = json.loads((home / ".cursor/cli-config.json").read_text())
    assert cursor["editor"]["vimMode"] is True
    assert "Shell(ls)" in cursor["permissions"]["allow"]
    assert sum("kubectl" in rule for rule in cursor["permissions"]["allow"]) >= 10


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "nope"], 4),
        (["apply", "cluade"], 4),
        (["undo"], 4),
        (["endpoint", "set", "nonsense", "--model", "m"], 2),
        (["endpoint", "set", "http://x", "--model", "m", "--api-key", "sk-abcdefghijklmnopqrstuvwx"], 2),
        (["deny", "claude", " "], 2),
        (["verify", "cursor"], 3),
        (["verify", "claude"], 3),
    ],
)
def test_what_is_wrong_has_its_exit_code_and_writes_nothing(home, words, code):
    done = llmx("client", *words, code=code)
    assert done.stdout == ""
    assert "sk-abc" not in done.stderr
    assert not (home / ".config/llmx").exists()


@pytest.mark.parametrize("client", [client for client in CLIENTS if client != "aider"])
def test_render_prints_what_new_files_would_be(client):
    llmx("mcp", "add", "a", "--", "node", "x.js")
    assert "node" in llmx("client", "render", client).stdout
    assert "node" in facts("client", "render", client)["files"][0]["text"]


@pytest.mark.parametrize("data", ["{", '{"mcpServers": {},}'])
def test_a_file_that_does_not_parse_stops_all_of_them(home, data):
    (home / ".claude.json").write_text(data)
    before = (home / ".codex/config.toml").read_bytes()
    llmx("mcp", "add", "a", "--", "x")
    assert ".claude.json:1:" in llmx("client", "apply", code=2).stderr
    assert (home / ".claude.json").read_text() == data
    assert (home / ".codex/config.toml").read_bytes() == before


ODD = {
    "fine": {"command": "x"},
    "words": {"command": ["x", "y"]},
    "text": "x",
    "args": {"command": "x", "args": "y"},
    "env": {"command": "x", "env": ["A=b"]},
    "nothing": {"type": "stdio"},
    "url": {"url": "ftp://x"},
    "both": {"command": "x", "url": "http://x"},
}


@pytest.mark.parametrize("output", ["text", "json"])
def test_import_takes_the_rest_and_names_what_is_odd(home, output):
    (home / ".claude.json").write_text(json.dumps({"mcpServers": ODD}))
    (home / ".codex/config.toml").write_text(
        "[mcp_servers.late]\ncommand = 'z'\ntool_timeout_sec = -1\n[mcp_servers]\n"
    )
    (home / ".cursor").mkdir()
    (home / ".cursor/mcp.json").write_text("{")
    done = llmx("client", "import", "--output", output, code=1)
    servers = tomllib.loads((home / ".config/llmx/config.toml").read_text())["mcp"]["servers"]
    assert servers == {"fine": {"command": "x"}}
    if output == "text":
        lines = {tuple(line.split()[1:3]): line for line in done.stdout.splitlines()}
        assert "(its args is no list)" in lines["claude", "args"]
        assert "http://" in lines["claude", "url"]
        assert "time such as" in lines["codex", "late"]
        assert "mcp.json:1:" in next(line for line in done.stdout.splitlines() if "cursor" in line)
    else:
        rows = json.loads(done.stdout)
        assert [row["name"] for row in rows if row["state"] == "refused"] == [*list(ODD)[1:], "", "late"]


def test_a_server_that_is_odd_is_shown_as_such_and_hides_no_other(home):
    (home / ".claude.json").write_text(json.dumps({"mcpServers": ODD}))
    shown = llmx("client", "show", "claude").stdout
    assert "fine\n" in shown
    assert "args  (its args is no list)" in shown
    listed = llmx("mcp", "list", "--client", "claude").stdout
    assert "its env is no table" in listed


@pytest.fixture
def codex(tmp_path, monkeypatch):
    """A stand-in that says what it is told to: the real one is asked in ``tests/oracles``."""
    programs = tmp_path / "programs"
    programs.mkdir()
    said = programs / "said.json"
    program = programs / "codex"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = mcp ] && cat {said} && cat "$HOME/.codex/config.toml" >"{programs}/seen"\n'
        f'cp "$PWD/.codex/config.toml" "{programs}/project" 2>/dev/null\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def say(**servers):
        rows = [{"name": name, "transport": how} for name, how in servers.items()]
        said.write_text(json.dumps(rows))
        return programs

    return say


KEY = "sk-ant-api03-" + "a1B2" * 20


@pytest.mark.parametrize("output", ["text", "json"])
def test_verify_shows_no_key_of_a_url_or_a_command(home, codex, output):
    (home / ".codex/config.toml").write_text(
        f'[mcp_servers.a]\ncommand = "x"\nargs = ["--token", "hunter2secret", "{KEY}"]\n'
        f'[mcp_servers.b]\nurl = "https://me:hunter2@example.com/?api_key={KEY}"\n'
    )
    codex(a={"command": "x", "args": ["--token", "hunter2secret", KEY]}, b={"url": "https://elsewhere"})
    done = llmx("client", "verify", "codex", "--output", output, code=1)
    assert "hunter2" not in done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    assert "[redacted]" in done.stdout
    assert "https://elsewhere" in done.stdout
    if output == "json":
        assert {row["what"]: row["agrees"] for row in json.loads(done.stdout)} == {"mcp a": True, "mcp b": False}


@pytest.mark.parametrize("is_trusted", [True, False])
def test_verify_compares_a_trusted_projects_files_too(home, tmp_path, codex, is_trusted):
    (home / ".codex/config.toml").write_text(f'[projects."{tmp_path}"]\ntrust_level = "trusted"\n')
    (tmp_path / "llmx.toml").write_text('[mcp.servers.p]\ncommand = "x"\n')
    llmx("trust")
    llmx("client", "apply", "codex")
    (tmp_path / "llmx.toml").write_text('[mcp.servers.p]\ncommand = "x"\n' + ("" if is_trusted else "# new\n"))
    programs = codex(p={"command": "x"})
    done = llmx("client", "verify", "codex")
    assert ("agrees  mcp p: x" in done.stdout) is is_trusted
    assert (programs / "project").exists() is is_trusted
    assert is_trusted or "is not trusted" in done.stderr
    if is_trusted:
        assert "mcp_servers.p" in (programs / "project").read_text()
        trusted = tomllib.loads((programs / "seen").read_text())["projects"]
        assert [table["trust_level"] for table in trusted.values()] == ["trusted", "trusted"]
