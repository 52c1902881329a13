"""``llmx config import`` and ``config export nix``, run as a user would."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

from tests import forked

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/nix/values.nix"


@pytest.fixture(autouse=True)
def file(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return home / ".config/llmx/config.toml"


def llmx(*words, code=0):
    command = [sys.executable, "-m", "llmx", *words]
    done = forked.run(command, text=True)
    assert done.returncode == code, done.stderr
    return done


def test_values_come_in_and_go_out_and_agents_follow_them(file, home, tmp_path):
    assert (
        "set       execution.isolation.timeout -> exec.isolation.timeout\n"
        in llmx("config", "import", str(EXAMPLE)).stdout
    )
    made = tomllib.loads(file.read_text())
    assert llmx("config", "get", "exec.isolation.timeout").stdout == "300\n"
    (tmp_path / "mine.nix").write_text(llmx("config", "export", "nix").stdout)
    assert "set  " not in llmx("config", "import", "mine.nix").stdout
    llmx("client", "apply", "goose", "cursor", "claude")
    assert "GOOSE_MODE: smart_approve" in (home / ".config/goose/config.yaml").read_text()
    assert "Shell(kubectl:get)" in (home / ".cursor/cli-config.json").read_text()
    assert (home / ".claude/agents/ai-engineer.md").exists()
    file.unlink()
    llmx("config", "import", "mine.nix")
    assert tomllib.loads(file.read_text()) == made
    assert json.loads(llmx("config", "export", "nix", "--output", "json").stdout)["llm"]["cursor"]["vimMode"] is True


def test_a_file_without_values_is_said_to_have_none(tmp_path):
    (tmp_path / "v.nix").write_text("{ }")
    done = llmx("config", "import", "v.nix")
    assert (done.stdout, done.stderr) == ("", "note: v.nix gives no values: { llm = { … }; }\n")


def test_comments_stay_a_conflict_is_exit_1_and_undo_brings_it_back(file, tmp_path):
    file.parent.mkdir(parents=True)
    file.write_text("# mine\n[agents_md]\nauto_update = false # so\n")
    (tmp_path / "v.nix").write_text("{ llm.agentsMd = { enabled = true; autoUpdate = true; }; }")
    before = file.read_bytes()
    assert "conflict  agentsMd.autoUpdate" in llmx("config", "import", "v.nix", "--dry-run", code=1).stdout
    assert file.read_bytes() == before
    llmx("config", "import", "v.nix", code=1)
    assert file.read_text() == "# mine\n[agents_md]\nauto_update = false # so\nenabled = true\n"
    llmx("config", "import", "v.nix", "--overwrite")
    assert "auto_update = true # so" in file.read_text()
    llmx("undo")
    llmx("undo")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('{ llm.execution.isolation.timeout = "soon"; }', 2, "v.nix: exec.isolation.timeout"),
        ('{ llm.mcp.servers.a.env.TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"; }', 2, "a command or a url"),
        (
            '{ llm.mcp.servers.a = { command = "x"; env.TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"; }; }',
            2,
            "looks like a key itself",
        ),
        ("{ llm = 1 }", 2, "v.nix:1:"),
    ],
)
def test_what_would_not_be_sound_is_refused_and_nothing_is_written(file, tmp_path, text, code, says):
    (tmp_path / "v.nix").write_text(text)
    done = llmx("config", "import", "v.nix", code=code)
    assert says in done.stderr
    assert "ghp_" not in done.stderr + done.stdout
    assert not file.exists()


def test_without_a_file_there_is_nothing_to_export():
    assert "config init" in llmx("config", "export", "nix", code=4).stderr
    llmx("config", "export", "toml", code=2)
