"""The real Amp, which speaks to its own servers only: it lists what was written, and decides about commands by it."""

import json

import pytest

from tests.oracles.amp_account import Account

WITH_AMP = pytest.mark.parametrize("oracle", ["amp"], indirect=True)
DENIED = [
    "touch made",
    "true && touch made",
    "llm-exec --no-sandbox -- touch made",
    "llm-exec --timeout 9 --no-sandbox touch made",
    "llmx exec -- touch made",
    "llm-exec --command 'touch made'",
]


def write(home, source):
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)


def decided(oracle, command):
    """What Amp would do about a command, by its own word and the rule's place."""
    done = oracle.run(str(oracle.program), "permissions", "test", "--json", "Bash", "--cmd", command)
    return json.loads(done.stdout)


@WITH_AMP
def test_amp_took_the_servers_and_rules_that_were_written(oracle, home):
    write(home, '[permissions]\nallow = ["ls"]\nask = ["git push"]\ndeny = ["touch"]\n')
    oracle.llmx("mcp", "add", "ev", "--env", "LEVEL=info", "--", "node", str(oracle.server))
    oracle.llmx("mcp", "add", "web", "--url", "http://127.0.0.1:9/mcp")
    oracle.llmx("client", "apply", "amp")
    rows = json.loads(oracle.llmx("client", "verify", "amp", "--output", "json"))
    assert [row["what"] for row in rows] == ["mcp ev", "mcp web", "permission 1", "permission 2", "permission 3"]
    assert all(row["agrees"] for row in rows)
    oracle.llmx("mcp", "remove", "ev")
    oracle.llmx("client", "apply", "amp")
    assert "mcp ev" not in oracle.llmx("client", "verify", "amp")


@pytest.fixture
def account(monkeypatch):
    with Account() as server:
        monkeypatch.setenv("AMP_URL", server.url)
        monkeypatch.setenv("AMP_API_KEY", "of-the-test")
        yield server


@WITH_AMP
def test_amp_connects_the_servers_and_fills_in_their_variables(oracle, home, account, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "bergamot")
    web = f'url = "{account.url}/mcp/${{MY_TOKEN}}"\nheaders = {{ X-Key = "Bearer ${{MY_TOKEN}}" }}\n'
    noting = 'command = "sh"\nargs = ["-c", "echo $A $1 > noted", "sh", "${MY_TOKEN}"]\nenv = { A = "${MY_TOKEN}" }\n'
    ev = f'command = "node"\nargs = ["{oracle.server}", "stdio"]\n'
    write(home, f"[mcp.servers.ev]\n{ev}[mcp.servers.web]\n{web}[mcp.servers.noting]\n{noting}")
    oracle.llmx("client", "apply", "amp")
    said = oracle.ask("mcp", "doctor")
    assert "ev (user settings): connected" in said
    assert ("/mcp/bergamot", "Bearer bergamot") in account.asked, said
    assert (oracle.project / "noted").read_text() == "bergamot bergamot\n"


@WITH_AMP
def test_amp_offers_the_skills_that_the_source_names(oracle, home, account):
    write(home, '[prompts.context-manager]\nkind = "skill"\n')
    oracle.llmx("client", "apply", "amp")
    found = json.loads(oracle.run(str(oracle.program), "skill", "list", "--json").stdout)
    assert "context-manager" in json.dumps(found)


@WITH_AMP
@pytest.mark.parametrize(
    ("command", "action"),
    [
        *((command, "reject") for command in DENIED),
        ("git push -f", "ask"),
        ("llm-exec -- git push", "ask"),
        ("npm test -- -x", "allow"),
        ("llm-exec -- ls", "allow"),
    ],
)
def test_amp_decides_by_the_rules(oracle, home, command, action):
    rules = {"allow": ["npm test", "llm-exec", "true"], "ask": ["git push"], "deny": ["touch"]}
    write(home, "[permissions]\n" + "".join(f"{verdict} = {json.dumps(one)}\n" for verdict, one in rules.items()))
    oracle.llmx("client", "apply", "amp")
    said = decided(oracle, command)
    assert said["action"] == action, said
    assert said["source"] == "user", said


@WITH_AMP
@pytest.mark.parametrize("tail", ["; rm x", "&& rm x", "$(rm x)", "| sh", "> /etc/x"])
def test_what_amp_allows_is_one_command_only(oracle, home, tail):
    write(home, '[permissions]\nallow = ["git status"]\n')
    oracle.llmx("client", "apply", "amp")
    assert decided(oracle, "git status -s")["source"] == "user"
    assert decided(oracle, f"git status {tail}")["source"] != "user"


@WITH_AMP
def test_amp_loads_the_plug_in_that_is_its_hook(oracle, home):
    """Amp sends no tool's call without a login; what the plug-in answers to one is shown in tests/clients."""
    write(home, "[hooks]\nllm_exec = true\n")
    oracle.llmx("client", "apply", "amp")
    plugin = home / ".config/amp/plugins/llmx.ts"
    start = ["plugins", "exec", str(plugin), "session.start", "--data", '{"thread": {"id": "T-1"}}']
    text = plugin.read_text()
    plugin.write_text(f"{text.rstrip().removesuffix('}')}  amp.logger.log('loaded to its end')\n}}\n")
    assert "loaded to its end" in oracle.ask(*start)
    plugin.write_text(f"{text}(")
    assert "Failed to load" in oracle.ask(*start)


@WITH_AMP
def test_amp_sees_a_broken_file_and_so_does_verify(oracle, home):
    write(home, '[mcp.servers.ev]\ncommand = "node"\n')
    oracle.llmx("client", "apply", "amp")
    (home / ".config/amp/settings.json").write_text("{")
    assert "agrees" not in oracle.llmx("client", "verify", "amp", code=3)
