"""The real agents: taken from ``$ORACLES``, which ``.ci/oracles`` fills; each test has a home of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLACES = {
    "claude": "node_modules/.bin/claude",
    "opencode": "node_modules/.bin/opencode",
    "codex": "node_modules/.bin/codex",
    "goose": "node_modules/@aaif/goose-binary-linux-x64/bin/goose",
}
ALSO = {
    "gemini": "node_modules/@google/gemini-cli/bundle/gemini.js",
    "aider": "aider/bin/aider",
    "amp": "node_modules/@ampcode/cli-linux-x64/amp",
    "copilot": "node_modules/@github/copilot-linux-x64/copilot",
}
"""Those with tests of their own: Gemini speaks Google's wire, Aider has no tools, and Amp asks its own servers only.

Copilot's own program is what runs Copilot's sessions in VS Code, which itself needs a desktop and a login.
"""

EVERYTHING = "node_modules/@modelcontextprotocol/server-everything/dist/index.js"


class Oracle:
    """One agent, and llmx beside it."""

    def __init__(self, folder, name, project):
        self.name, self.project = name, project
        self.program = folder / (PLACES | ALSO)[name]
        self.server = folder / EVERYTHING

    def llmx(self, *words, code=0):
        done = self.run(sys.executable, "-m", "llmx", *words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def ask(self, *words):
        """What the agent says, on both streams."""
        done = self.run(str(self.program), *words)
        return done.stdout + done.stderr

    def run(self, *command):
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=self.project,
            timeout=110,
        )


@pytest.fixture(params=PLACES)
def oracle(request, home, tmp_path, monkeypatch):
    folder = Path(os.environ.get("ORACLES", "/nonexistent"))
    if not (folder / (PLACES | ALSO)[request.param]).exists():
        pytest.skip(f"the real {request.param} is not here: run .ci/oracles")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, place in (PLACES | ALSO).items():
        (programs / name).symlink_to(folder / place)
    (programs / "pyright-langserver").symlink_to(folder / "node_modules/.bin/pyright-langserver")
    for name, main in (("llm-exec", "exec_main"), ("llmx", "main")):
        wrapper = programs / name
        wrapper.write_text(f"#!{sys.executable}\nimport sys\nfrom llmx.__main__ import {main}\nsys.exit({main}())\n")
        wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    quiet = ("DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC")
    for name in (*quiet, "GOOSE_DISABLE_KEYRING", "OPENCODE_DISABLE_AUTOUPDATE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else Aider looks prices up
    monkeypatch.setenv("AMP_URL", "http://127.0.0.1:9")
    project = tmp_path / "project"
    project.mkdir()
    (home / ".profile").write_text(f'export PATH="{programs}:$PATH"\n')  # Codex runs a login shell
    monkeypatch.setenv("PWD", str(project))  # opencode believes it more than its real folder
    (home / ".claude.json").write_text(json.dumps({"hasCompletedOnboarding": True}))
    return Oracle(folder, request.param, project)
