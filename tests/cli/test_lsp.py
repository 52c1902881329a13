"""``llmx lsp`` and ``llmx hook enable``, run as a user would."""

import json
import sys

import pytest

from tests.cli.outside import facts, llmx

TEN = ["python", "typescript", "go", "rust", "c", "java", "bash", "yaml", "nix", "terraform"]


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


@pytest.fixture
def file(home):
    return home / ".config/llmx/config.toml"


@pytest.mark.promise("S0-49")
def test_ten_are_known_and_none_is_used_before_somebody_says_so(file):
    rows = facts("lsp", "list")
    assert [row["name"] for row in rows] == TEN
    assert {(row["from"], row["enabled"]) for row in rows} == {("known", False)}
    llmx("lsp", "enable", "go", "python")
    used = [row["name"] for row in facts("lsp", "list") if row["enabled"]]
    assert used == ["go", "python"]
    rendered = llmx("client", "render", "opencode").stdout
    assert "gopls" in rendered
    llmx("lsp", "disable", "go")
    assert "gopls" not in llmx("client", "render", "opencode").stdout
    llmx("undo")
    assert "gopls" in llmx("client", "render", "opencode").stdout


def test_a_program_that_is_not_here_is_marked_and_told(file):
    file.parent.mkdir(parents=True)
    file.write_text('[lsp.mine]\ncommand = ["no-such-program", "--token", "hunter2secret"]\n')
    lines = llmx("lsp", "list").stdout.splitlines()
    assert lines[0].startswith("! mine         on  user")
    assert "hunter2" not in lines[0]
    assert "not installed: no-such-program" in llmx("lsp", "enable", "mine").stderr


def test_one_of_the_users_own_stays_in_the_file_when_it_is_off(file):
    file.parent.mkdir(parents=True)
    file.write_text('# mine\n[lsp.mine]\ncommand = ["x"] # short\n')
    llmx("lsp", "disable", "mine")
    assert file.read_text() == '# mine\n[lsp.mine]\ncommand = ["x"] # short\nenabled = false\n'
    assert facts("lsp", "list")[0]["enabled"] is False
    assert facts("lsp", "check") == [{"name": "mine", "state": "disabled", "reason": "", "offers": [], "seconds": 0.0}]


def test_where_none_is_named_that_is_told():
    assert "names one" in llmx("lsp", "check").stderr


def test_check_starts_each_and_exits_1_where_one_fails(file):
    file.parent.mkdir(parents=True)
    file.write_text(f'[lsp.mine]\ncommand = ["{sys.executable}", "-c", "exit(3)"]\n')
    said = llmx("lsp", "check", code=1).stdout
    assert said.startswith("failed    mine         the server has ended with exit code 3")


@pytest.mark.parametrize("verb", ["enable", "disable", "check"])
def test_a_name_that_there_is_not_gets_the_nearest(file, verb):
    llmx("lsp", "enable", "python")
    assert "did you mean python?" in llmx("lsp", verb, "pyton", code=4).stderr


@pytest.mark.promise("S0-44")
def test_a_hook_is_turned_on_and_off(file, home):
    (home / ".claude.json").write_text("{}")
    llmx("hook", "enable", "agents-md")
    llmx("hook", "enable", "llm-exec")
    llmx("client", "apply", "claude")
    hooks = json.loads((home / ".claude/settings.json").read_text())["hooks"]
    assert set(hooks) == {"SessionStart", "PreToolUse"}
    llmx("hook", "disable", "llm-exec")
    llmx("client", "apply", "claude")
    assert set(json.loads((home / ".claude/settings.json").read_text())["hooks"]) == {"SessionStart"}
    assert file.read_text() == "[hooks]\nagents_md = true\nllm_exec = false\n"
    assert "agents-md" in llmx("hook", "enable", "agentsmd", code=2).stderr
