"""Copilot's own program, which runs Copilot's sessions in VS Code: what llmx writes for these, it takes and obeys."""

import json

import pytest

from tests.oracles.model_server import ModelServer

WITH_COPILOT = pytest.mark.parametrize("oracle", ["copilot"], indirect=True)


def asked(oracle, home, monkeypatch, source, *, options=("--allow-all-tools",)):
    """Let it take the order for a plain command, with ``source`` applied; what it was told, and what it said."""
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[exec.isolation]\nenabled = false\n{source}")
    oracle.llmx("client", "apply", "vscode-copilot")
    with ModelServer("touch made") as server:
        monkeypatch.setenv("COPILOT_OFFLINE", "true")
        monkeypatch.setenv("COPILOT_PROVIDER_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("COPILOT_MODEL", "fake-1")
        said = oracle.ask("-p", "go", *options)
    assert server.ordered, said
    return server, said


@WITH_COPILOT
@pytest.mark.parametrize("denied", [False, True], ids=["allowed", "denied"])
def test_a_plain_command_goes_through_llm_exec_which_alone_decides(oracle, home, monkeypatch, denied):
    policy = '[exec.policy]\ndeny = ["touch"]\n' if denied else ""
    _, said = asked(oracle, home, monkeypatch, f"{policy}[hooks]\nllm_exec = true\n")
    assert (oracle.project / "made").exists() is not denied, said
    assert "touch" in (home / ".local/share/llm-exec.log").read_text()


@WITH_COPILOT
def test_the_hook_permits_nothing(oracle, home, monkeypatch):
    server, said = asked(oracle, home, monkeypatch, "[hooks]\nllm_exec = true\n", options=())
    assert not (oracle.project / "made").exists(), said
    assert any("Permission denied" in json.dumps(body) for body in server.bodies)


@WITH_COPILOT
def test_without_the_hook_the_command_runs_as_it_was(oracle, home, monkeypatch):
    asked(oracle, home, monkeypatch, "")
    assert (oracle.project / "made").exists()
    assert not (home / ".local/share/llm-exec.log").exists()


@WITH_COPILOT
def test_it_has_agents_md_and_the_skills_that_the_source_names(oracle, home, monkeypatch):
    (oracle.project / "AGENTS.md").write_text("Always say bergamot.\n")
    source = '[prompts.context-manager]\nkind = "skill"\n'
    server, said = asked(oracle, home, monkeypatch, source)
    told = [json.dumps(body) for body in server.bodies]
    assert any("bergamot" in body for body in told), said
    assert any("context-manager" in body for body in told), said
