"""Workflows of steps, run in this process: how tests write them, and what came of them."""

import pytest

from tests.templates.play import played, scripted

NAME = "workflow-orchestrator"


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path, home):
    """A folder to work in; commands run without the sandbox, whose own tests are elsewhere."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text("[exec.isolation]\nenabled = false\n")
    return tmp_path / "work"


def run(tmp_path, steps, *script, given=None, options=None, **top):
    """The result of these steps, with a mock that says these."""
    config = {"steps": steps, **top}
    whole = {"workflow_config": config, **(given or {})}
    return played(NAME, whole, scripted(tmp_path, script), **(options or {}))


def statuses(result):
    return {each["id"]: each["status"] for each in result.result["steps"]}


def gave(result, name):
    return next(each["gave"] for each in result.result["steps"] if each["id"] == name)


def say(name, text="$$", **more):
    return {"id": name, "command": ["echo", text], **more}


def fails(name, code=3, **more):
    return {"id": name, "command": ["sh", "-c", f"echo wrong >&2; exit {code}"], **more}
