"""A language server that the source names really serves an agent, and what tells Claude of it passes Claude's check."""

import json
from typing import Any

import pytest

DECLARED = {
    "as llmx knows it": "[lsp.python]\n",
    "through llm-exec": '[lsp.python]\ncommand = ["llm-exec", "--timeout", "1h", "--no-sandbox", "--", '
    '"pyright-langserver", "--stdio"]\n',
}


def declare(oracle, home, source):
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    oracle.llmx("client", "apply", oracle.name)


PATIENCE = 6
"""opencode waits a few seconds for a server, which on a busy machine takes longer to begin."""


def diagnostics(oracle):
    """What the server says of a file with an error in it, as opencode has it."""
    done = oracle.run(str(oracle.program), "debug", "lsp", "diagnostics", "bad.py")
    return [one for listed in json.loads(done.stdout).values() for one in listed]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("oracle", ["opencode"], indirect=True)
@pytest.mark.parametrize("declared", DECLARED)
def test_opencode_gets_diagnostics_from_the_server(oracle, home, declared):
    oracle.run("git", "init", "-q")
    (oracle.project / "bad.py").write_text('x: int = "a"\n')
    declare(oracle, home, DECLARED[declared])
    said: list[Any] = next(filter(None, (diagnostics(oracle) for _ in range(PATIENCE))), [])
    assert {one["code"] for one in said} == {"reportAssignmentType"}
    log = home / ".local/share/llm-exec.log"
    assert (log.exists() and "pyright-langserver" in log.read_text()) is (declared == "through llm-exec")


@pytest.mark.parametrize("oracle", ["claude"], indirect=True)
def test_claude_finds_the_plug_in_valid_and_says_what_is_wrong_with_another(oracle, home):
    declare(oracle, home, "[lsp.python]\n[lsp.go]\n[lsp.typescript]\n")
    plugin = home / ".claude/skills/llmx-language-servers"
    done = oracle.run(str(oracle.program), "plugin", "validate", str(plugin))
    assert done.returncode == 0, done.stdout
    file = plugin / ".claude-plugin/plugin.json"
    file.write_text(file.read_text().replace('"command": "gopls"', '"command": 1'))
    done = oracle.run(str(oracle.program), "plugin", "validate", str(plugin))
    assert done.returncode == 1, done.stdout
    assert "lspServers" in done.stdout + done.stderr
