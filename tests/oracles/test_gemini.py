"""The real Gemini CLI: it asks the model it was told, with its servers and AGENTS.md, and obeys rules and the hook."""

import json

import pytest

from tests.oracles.model_server import ModelServer

COMMANDS = [
    "touch made",
    "true && touch made",
    "llm-exec --no-sandbox -- touch made",
    "llm-exec --no-sandbox touch made",
    "llmx exec --no-sandbox -- touch made",
    "llm-exec --no-sandbox --command 'touch made'",
    'llm-exec --timeout 9 --no-sandbox --command "touch made"',
]
ALLOWED = ["touch", "true", "llm-exec", "llmx exec"]
WITH_GEMINI = pytest.mark.parametrize("oracle", ["gemini"], indirect=True)


@pytest.fixture(autouse=True)
def trusted(monkeypatch):
    monkeypatch.setenv("GEMINI_CLI_TRUST_WORKSPACE", "true")


def run(oracle, home, command, source, *, yolo=False):
    """Let Gemini take the order for ``command``, with ``source`` applied; what it was told and asked."""
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    with ModelServer(command) as server:
        file.write_text(
            f'[endpoint]\nurl = "{server.url}"\nmodel = "fake-1"\n[exec.isolation]\nenabled = false\n{source}'
        )
        oracle.llmx("client", "apply", "gemini")
        oracle.llmx("config", "unset", "exec.policy.deny")
        said = oracle.ask("-p", "go", *(["--yolo"] if yolo else []))
    assert server.ordered, said
    return server


def rules(**lists):
    return "[permissions]\n" + "".join(f"{verdict} = {json.dumps(listed)}\n" for verdict, listed in lists.items())


@WITH_GEMINI
def test_gemini_asks_the_model_with_its_servers_tools_and_agents_md(oracle, home):
    (oracle.project / "AGENTS.md").write_text("Always say bergamot.\n")
    hook = "[hooks]\nagents_md = true\n"
    source = f'{rules(allow=["true"])}{hook}[mcp.servers.ev]\ncommand = "node"\nargs = ["{oracle.server}"]\n'
    server = run(oracle, home, "true", source)
    assert any("bergamot" in json.dumps(body) for body in server.bodies)
    said = oracle.ask("mcp", "list")
    assert "ev" in said, said
    assert "Connected" in said, said


@WITH_GEMINI
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_permitted_is_run(oracle, home, command):
    run(oracle, home, command, rules(allow=ALLOWED))
    assert (oracle.project / "made").exists()


@WITH_GEMINI
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_denied_is_not_run_even_where_all_else_is(oracle, home, command):
    run(oracle, home, command, rules(allow=ALLOWED[1:], deny=["touch"]), yolo=True)
    assert not (oracle.project / "made").exists()


@WITH_GEMINI
def test_what_is_asked_about_is_not_run_where_there_is_nobody_to_ask(oracle, home):
    run(oracle, home, "touch made", rules(ask=["touch"]))
    assert not (oracle.project / "made").exists()


@WITH_GEMINI
@pytest.mark.parametrize("denied", [False, True], ids=["allowed", "denied"])
def test_a_plain_command_goes_through_llm_exec_which_alone_decides(oracle, home, denied):
    policy = '[exec.policy]\ndeny = ["touch"]\n' if denied else ""
    source = f"{policy}{rules(allow=ALLOWED)}[hooks]\nllm_exec = true\n"
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    with ModelServer("touch made") as server:
        endpoint = f'[endpoint]\nurl = "{server.url}"\nmodel = "fake-1"\n'
        file.write_text(f"{endpoint}[exec.isolation]\nenabled = false\n{source}")
        oracle.llmx("client", "apply", "gemini")
        said = oracle.ask("-p", "go")
    assert server.ordered, said
    assert (oracle.project / "made").exists() is not denied, said
    assert "touch" in (home / ".local/share/llm-exec.log").read_text()
