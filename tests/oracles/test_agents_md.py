"""Which rules the real agents load is what ``llmx agents-md show`` says, layout by layout."""

import json
import re
import subprocess

import pytest

from tests.oracles.conftest import PLACES
from tests.oracles.model_server import ModelServer

LAYOUTS = {
    "a chain": ["up/AGENTS.md", "up/p/AGENTS.md", "up/p/a/AGENTS.md"],
    "claude above": ["up/CLAUDE.md", "up/p/AGENTS.md"],
    "claude local": ["up/p/CLAUDE.local.md", "up/p/a/AGENTS.md"],
    "both": ["up/p/CLAUDE.md", "up/p/AGENTS.md", "up/p/a/AGENTS.md"],
    "claude only": ["up/p/CLAUDE.md", "up/p/a/CLAUDE.md"],
    "override": ["up/p/AGENTS.md", "up/p/AGENTS.override.md"],
    "hints": ["up/p/.goosehints", "up/p/AGENTS.md"],
    "the user's": ["~/.claude/CLAUDE.md", "~/.codex/AGENTS.md", "~/.config/goose/AGENTS.md", "up/p/AGENTS.md"],
    "the user's, of opencode": ["~/.claude/CLAUDE.md", "~/.config/opencode/AGENTS.md", "up/p/AGENTS.md"],
    "under home": ["~/CLAUDE.md", "~/.claude/CLAUDE.md", "~/p/AGENTS.md"],
    "under home, the user's": ["~/.claude/CLAUDE.md", "~/p/AGENTS.md"],
}
CASES = [(layout, True) for layout in LAYOUTS] + [("a chain", False), ("claude above", False)]
"""Every layout in a Git repository, and two outside of any."""
ASK = {"opencode": ["run", "go"], "goose": ["run", "--no-session", "-q", "-t", "go"], "gemini": ["-p", "go"]}


@pytest.mark.parametrize("oracle", [*PLACES, "gemini"], indirect=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}{'' if case[1] else ', no git'}")
def test_what_is_shown_is_what_is_loaded(oracle, home, tmp_path, monkeypatch, case):
    layout, is_repository = case
    places = {name: home if name.startswith("~") else tmp_path for name in LAYOUTS[layout]}
    files = [place / name.removeprefix("~/") for name, place in places.items()]
    marks = {str(file): f"MARK-{n}-" for n, file in enumerate(files)}
    project = home / "p" if "~/p/AGENTS.md" in places else tmp_path / "up/p"
    oracle.project = project / "a"
    oracle.project.mkdir(parents=True)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(marks[str(file)])
    if is_repository:
        subprocess.run(["git", "init", "-q", project], check=True)
    monkeypatch.setenv("PWD", str(oracle.project))
    monkeypatch.setenv("GEMINI_CLI_TRUST_WORKSPACE", "true")
    if oracle.name == "gemini":  # which reads it where it is told to
        (home / ".config/llmx").mkdir(parents=True)
        (home / ".config/llmx/config.toml").write_text("[hooks]\nagents_md = true\n")
        oracle.llmx("client", "apply", "gemini")
    found = json.loads(oracle.llmx("agents-md", "show", "--client", oracle.name, "--output", "json"))
    expected = [marks[file] for file in found["clients"][0]["files"] if file in marks]
    assert loaded(oracle, marks) == expected


def loaded(oracle, marks):
    """The marks in the order in which the agent has them."""
    if oracle.name == "codex":
        return unique(oracle.ask("debug", "prompt-input", "x"))
    with ModelServer("true") as server:
        oracle.llmx("client", "endpoint", "set", server.url, oracle.name, "--model", "fake-1")
        if oracle.name == "claude":
            said = oracle.ask("-p", "/context")
            return [marks[file] for file in re.findall(r"^\| \w+ \| (/[^ ]+) \|", said, re.MULTILINE) if file in marks]
        oracle.ask(*ASK[oracle.name])
    return next((found for found in map(unique, map(json.dumps, server.bodies)) if found), [])


def unique(text):
    """Each mark once, in order."""
    return list(dict.fromkeys(re.findall(r"MARK-\d+-", text)))
