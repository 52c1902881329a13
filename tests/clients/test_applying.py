"""What is ours, what is the user's, and what happens where the two meet."""

import json
import tomllib
from fnmatch import fnmatchcase

import pytest

from llmx.clients.own_policy import OWN_POLICY
from llmx.clients.registry import CLIENTS, find
from llmx.core.edits import undo
from llmx.errors import ConfigError

ONE = '[mcp.servers.a]\ncommand = "one"\n'
TWO = '[mcp.servers.a]\ncommand = "two"\n'
NONE = "[mcp]\n"
ENDPOINT = '[endpoint]\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n'


RULES_OF_ALL = ONE + '[permissions]\ndeny = ["rm"]\n' + ENDPOINT


def states(ready):
    return {step.place: step.state for step in ready.steps}


def test_an_entry_that_the_user_changed_is_a_conflict_and_stays(setting):
    setting.apply("claude", ONE)
    file = setting.file("claude")
    file.write_text(file.read_text().replace("one", "mine"))
    before = file.read_bytes()
    for source in (TWO, ONE, NONE):
        ready = setting.apply("claude", source)
        assert [(step.state, "you changed it" in step.reason) for step in ready.steps] == [("conflict", True)]
        assert file.read_bytes() == before
    setting.apply("claude", TWO, overwrite=True)
    assert json.loads(file.read_bytes())["mcpServers"]["a"]["command"] == "two"


def test_what_the_source_names_no_more_goes_and_all_else_stays(setting):
    file = setting.write("claude", '{"mcpServers": {"mine": {"command": "x"}}}')
    before = file.read_bytes()
    setting.apply("claude", ONE + '[permissions]\ndeny = ["rm"]\n')
    assert states(setting.apply("claude", NONE))["mcpServers.a"] == "remove"
    assert file.read_bytes() == before
    assert not setting.file("claude", 1).exists()
    assert setting.prepared("claude", NONE).steps == ()


@pytest.mark.parametrize(
    ("client", "at", "text"),
    [
        ("claude", 0, '{"mcpServers": {}, "x": 1}\n'),
        ("claude", 1, '{"permissions": {"deny": [], "allow": ["Bash(ls)"]}}\n'),
        ("claude", 1, '{"permissions": {}}\n'),
        ("claude", 1, "{}\n"),
        ("opencode", 0, '{\n  "permission": {\n    "bash": {}\n  },\n  "mcp": {} // mine\n}\n'),
        ("cursor", 1, '{"version": 1, "permissions": {"deny": []}}\n'),
        ("goose", 0, "GOOSE_MODE: auto\n"),
        ("codex", 0, '[mcp_servers]\n\n[tui]\ntheme = "x"\n'),
        ("codex", 0, "[mcp_servers]\n# none yet\n"),
        ("gemini", 0, '{\n  "mcp": {"excluded": []} // mine\n}\n'),
        ("gemini", 2, "# mine\nA=b\n"),
        ("vscode-copilot", 1, '{\n\t"chat.tools.terminal.autoApprove": { "ls": true }, // mine\n}\n'),
        ("aider", 0, "# mine\nread: [AGENTS.md]\n"),
        ("amp", 0, '{\n  "amp.mcpServers": {} // mine\n}\n'),
        ("crush", 0, '{\n  "mcp": {}\n}\n'),
        ("zed", 0, '// Zed\n{\n  "agent": {}, // mine\n}\n'),
    ],
)
def test_only_what_llmx_made_goes_with_the_last_entry(setting, client, at, text):
    file = setting.write(client, text, at)
    setting.apply(client, RULES_OF_ALL)
    assert file.read_text() != text
    setting.apply(client, NONE)
    assert file.read_text() == text


@pytest.mark.parametrize(
    "client",
    list(CLIENTS),
)
def test_files_that_llmx_made_go_with_the_last_entry(setting, client):
    setting.apply(client, RULES_OF_ALL)
    setting.apply(client, RULES_OF_ALL)
    assert setting.file(client).exists()
    setting.apply(client, NONE)
    assert [file.path for file in find(client).files(setting.where, "user") if file.path.exists()] == []


def test_a_comment_that_the_user_put_beside_an_entry_stays_with_its_table(setting):
    setting.apply("codex", ONE)
    file = setting.file("codex")
    file.write_text(file.read_text().replace("[mcp_servers.a]", "[mcp_servers]\n# my own words\n\n[mcp_servers.a]"))
    setting.apply("codex", NONE)
    assert "# my own words" in file.read_text()
    assert "one" not in file.read_text()


def test_no_empty_list_of_the_policy_is_left_behind(setting):
    file = setting.home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[exec]\ngrace = 1\n")
    setting.apply(OWN_POLICY, '[permissions]\ndeny = ["rm"]\nask = ["git push"]\n')
    assert "rm" in file.read_text()
    setting.apply(OWN_POLICY, NONE)
    assert file.read_text() == "[exec]\ngrace = 1\n"


def test_a_file_of_a_project_that_leads_out_of_it_is_left_alone(setting):
    elsewhere = setting.home / "elsewhere.json"
    elsewhere.write_text("{}\n")
    (setting.where.project / ".mcp.json").symlink_to(elsewhere)
    ready = setting.apply("claude", ONE, scope="project")
    assert ready.steps == ()
    assert "leads out of the project" in ready.losses[0][1].reason
    assert elsewhere.read_text() == "{}\n"


def test_an_entry_that_the_user_had_already_is_never_taken_out(setting):
    text = '{"mcpServers": {"a": {"type": "stdio", "command": "one"}}}'
    file = setting.write("claude", text)
    assert states(setting.apply("claude", ONE)) == {"mcpServers.a": "same"}
    setting.apply("claude", NONE)
    assert file.read_text() == text


@pytest.mark.promise("S0-53")
def test_one_undo_takes_back_all_files_and_what_is_known_of_them(setting):
    setting.apply("claude", ONE + ENDPOINT)
    first, second = setting.file("claude"), setting.file("claude", 1)
    assert first.exists()
    assert second.exists()
    undo()
    assert not first.exists()
    assert not second.exists()
    setting.write("claude", '{"mcpServers": {"a": {"type": "stdio", "command": "one"}}}')
    setting.apply("claude", NONE)
    assert "one" in first.read_text()


def test_one_file_that_does_not_parse_stops_all(setting):
    setting.write("claude", "{", at=1)
    with pytest.raises(ConfigError):
        setting.apply("claude", ONE + ENDPOINT)
    assert not setting.file("claude").exists()


def test_a_diff_shows_files_and_no_secrets(setting):
    setting.write("claude", '{"env": {"API_KEY": "sk-ant-REDACTED"}}', at=1)
    shown = setting.prepared("claude", ENDPOINT).diff()
    assert "+" in shown
    assert "ANTHROPIC_BASE_URL" in shown
    assert "abcdefghijkl" not in shown
    assert "value_hash" not in shown


def test_an_endpoint_is_written_whole_or_not_at_all_and_gives_back_what_was_there(setting):
    text = 'model = "mine" # best\n'
    file = setting.write("codex", text)
    ready = setting.apply("codex", ENDPOINT)
    assert {step.state for step in ready.steps} == {"conflict"}
    assert file.read_text() == text
    setting.apply("codex", ENDPOINT, overwrite=True)
    assert tomllib.loads(file.read_text())["model_provider"] == "llmx"
    setting.apply("codex", NONE)
    assert file.read_text() == text


def test_amps_own_rules_stay_alone_where_the_first_that_matches_counts(setting):
    mine = '{"amp.permissions": [{"tool": "*", "action": "allow"}]}'
    file = setting.write("amp", mine)
    ready = setting.apply("amp", '[permissions]\ndeny = ["rm"]\n')
    assert states(ready) == {"amp.permissions": "conflict"}
    assert file.read_text() == mine


def test_copilot_asks_about_what_is_refused_and_that_is_told(setting):
    ready = setting.apply("vscode-copilot", '[permissions]\ndeny = ["rm"]\nallow = ["ls"]\n')
    rules = json.loads(setting.file("vscode-copilot", 1).read_text())["chat.tools.terminal.autoApprove"]
    assert sorted(rules.values()) == [False, False, True]
    assert "only ask" in ready.losses[0][1].reason


def test_goose_gets_its_provider_and_loses_it_again(setting):
    setting.apply("goose", ENDPOINT)
    provider = setting.file("goose", 1)
    assert json.loads(provider.read_text())["base_url"] == "http://127.0.0.1:1/v1/chat/completions"
    setting.apply("goose", NONE)
    assert not provider.exists()


@pytest.mark.parametrize(
    "case",
    [
        ("claude", 1, "apiKeyHelper", 'printenv "MY_KEY"'),
        ("codex", 0, 'env_key = "MY_KEY"', None),
        ("opencode", 0, '"{env:MY_KEY}"', None),
        ("goose", 1, '"api_key_env": "MY_KEY"', None),
        ("crush", 0, '"api_key": "$MY_KEY"', None),
    ],
)
def test_a_key_is_referred_to_and_never_written(setting, case, monkeypatch):
    client, at, key, value = case
    monkeypatch.setenv("MY_KEY", "very-secret-value-123")
    setting.apply(client, ENDPOINT + 'api_key = "env:MY_KEY"\n')
    text = setting.file(client, at).read_text()
    assert "very-secret" not in text
    assert key in text
    assert value is None or json.loads(text)[key] == value


def evaluated(rules, command):
    """opencode's own way: the last pattern that matches decides."""
    verdict = "ask"
    for glob, said in rules.items():
        if fnmatchcase(command, glob) or (glob.endswith(" *") and command == glob[:-2]):
            verdict = said
    return verdict


COMMANDS = ["git status", "git push origin", "git push", "rm -rf /", "ls", "npm run x", "llm-exec -- rm -rf /"]
STRENGTH = ["allow", "ask", "deny"]
TABLES = [
    {},
    {"*": "ask", "git push *": "deny"},
    {"git *": "allow", "*": "deny"},
    {"*": "allow", "rm *": "ask"},
    {"git push*": "deny", "g*": "ask"},
]
RULES = ['allow = ["git"]', 'ask = ["git push"]', 'deny = ["rm -rf *"]', 'allow = ["git push"]\ndeny = ["git"]']


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("table", TABLES, ids=str)
def test_what_the_user_refused_in_opencode_is_never_allowed(setting, table, rules):
    setting.write("opencode", json.dumps({"permission": {"bash": table}}))
    setting.apply("opencode", f"[permissions]\n{rules}\n")
    after = json.loads(setting.file("opencode").read_text())["permission"]["bash"]
    for command in COMMANDS:
        specific = {glob: verdict for glob, verdict in table.items() if glob != "*"}
        if table and evaluated(specific or {"*": "allow"}, command) in ("deny",):
            assert evaluated(after, command) == "deny", command
    if "deny" in rules:
        refused = "rm -rf /" if "rm" in rules else "git push"
        assert evaluated(after, refused) == "deny"
        assert evaluated(after, f"llm-exec --timeout 5 -- {refused}") == "deny"


def test_rules_of_opencode_stay_in_the_order_that_makes_them_count(setting):
    setting.write("opencode", '{"permission": {"bash": {"*": "ask"}}}')
    setting.apply("opencode", '[permissions]\ndeny = ["git push"]\n')
    setting.apply("opencode", '[permissions]\ndeny = ["git push"]\nallow = ["git"]\n')
    rules = json.loads(setting.file("opencode").read_text())["permission"]["bash"]
    assert next(iter(rules)) == "*"
    assert evaluated(rules, "git status") == "allow"
    assert evaluated(rules, "git push origin") == "deny"
    file = setting.file("opencode")
    file.write_text(json.dumps({"permission": {"bash": {**rules, "git *": "allow"}}}))
    moved = {"git push": rules["git push"], **{glob: said for glob, said in rules.items() if glob != "git push"}}
    file.write_text(json.dumps({"permission": {"bash": moved}}))
    assert setting.prepared("opencode", '[permissions]\ndeny = ["git push"]\nallow = ["git"]\n').drift


@pytest.mark.parametrize(
    ("client", "rule", "says"),
    [
        ("cursor", 'ask = ["git push"]', "no such rule"),
        ("goose", 'deny = ["rm"]', "mode"),
        ("codex", 'deny = ["git * main"]', "without *"),
        ("claude", 'allow = ["git * main"]', "whole words"),
        ("cursor", 'allow = ["git * main"]', "whole words"),
        ("opencode", 'allow = ["git * main"]', "whole words"),
        ("claude-desktop", 'deny = ["rm"]', "none in a file"),
        ("crush", 'deny = ["rm"]', "whole tools"),
        ("aider", 'ask = ["rm"]', "no rules"),
        ("amp", 'allow = ["git * main"]', "whole words"),
        ("vscode-copilot", 'allow = ["git * main"]', "whole words"),
        ("zed", 'allow = ["git * main"]', "whole words"),
        ("gemini", 'allow = ["git * main"]', "whole words"),
    ],
)
def test_a_rule_that_a_client_cannot_express_is_told_and_not_widened(setting, client, rule, says):
    ready = setting.prepared(client, f"[permissions]\n{rule}\n")
    assert ready.steps == ()
    assert says in ready.losses[0][1].reason


def test_every_deny_and_ask_goes_into_the_policy_of_the_wrapper(setting):
    text = '[permissions]\ndeny = ["rm -rf *"]\nask = ["git push"]\nallow = ["ls"]\n'
    text += '[permissions.clients.x]\ndeny = ["dd"]\n'
    file = setting.home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"# mine\n{text}")
    setting.apply(OWN_POLICY, text)
    value = tomllib.loads(file.read_text())
    assert value["exec"]["policy"] == {"deny": ["rm -rf *", "dd"], "ask": ["git push"]}
    assert file.read_text().startswith("# mine\n[permissions]")


def test_a_users_file_of_opencodes_second_generation_is_edited_in_its_own_shape(setting):
    setting.write("opencode", '{"mcp": {"servers": {"x": {"type": "local", "command": ["x"]}}}}')
    setting.apply("opencode", ONE.replace('"one"', '"one"\nenabled = false'))
    value = json.loads(setting.file("opencode").read_text())
    assert value["mcp"]["servers"]["a"] == {"type": "local", "command": ["one"], "disabled": True}
