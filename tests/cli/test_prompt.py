"""``llmx prompt``, run as a user would."""

import json

import pytest

from tests.cli.outside import facts, llmx


@pytest.fixture(autouse=True)
def place(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return home


@pytest.mark.promise("S0-35", "S0-39")
def test_a_prompt_is_begun_checked_and_offered_in_a_client(home, tmp_path):
    file = home / ".config/llmx/prompts/my.md"
    assert llmx("prompt", "new", "my", "--description", 'For "my": work').stdout == f"{file}\n"
    assert llmx("prompt", "check", "my").stdout == f"{file}: valid\n"
    row = next(row for row in facts("prompt", "list") if row["name"] == "my")
    assert (row["used"], row["source"], row["description"]) == (True, "user", 'For "my": work')
    entry = json.loads(llmx("client", "render", "opencode").stdout)["agent"]["my"]
    assert "AGENTS.md" in entry["prompt"]
    llmx("client", "apply", "claude")
    assert (home / ".claude/agents/my.md").exists()
    assert "all of it" in llmx("client", "show", "claude").stdout
    assert llmx("client", "check", "claude").stdout == ""
    llmx("prompt", "disable", "my")
    assert llmx("client", "check", "claude", code=1).stdout == f"- claude          {home}/.claude/agents/my.md\n"
    llmx("client", "apply", "claude")
    assert not (home / ".claude/agents/my.md").exists()
    llmx("prompt", "enable", "my", "--kind", "skill", "--project")
    llmx("client", "apply", "claude", "--project")
    assert (tmp_path / ".claude/skills/my/SKILL.md").exists()
    llmx("prompt", "disable", "my", "--project")
    llmx("prompt", "new", "my", code=2)


def test_undo_takes_a_new_prompt_back_whole(home):
    llmx("prompt", "new", "my")
    llmx("undo")
    assert not (home / ".config/llmx/prompts/my.md").exists()
    assert not (home / ".config/llmx/config.toml").exists()
    llmx("prompt", "new", "my", "--no-register", "--kind", "command")
    assert not (home / ".config/llmx/config.toml").exists()


@pytest.mark.promise("S0-38", "S3-34")
def test_show_and_render_fill_words_in():
    assert "## In Goose" in llmx("prompt", "show", "ai-engineer", "--client", "goose").stdout
    assert "llm-exec" not in llmx("prompt", "show", "ai-engineer", "--no-exec").stdout
    assert "sort mail" in facts("prompt", "render", "ai-engineer", "--var", "goal=sort mail")["text"]


@pytest.mark.promise("S0-35", "S0-38", "S3-34")
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["show", "ai-enginer"], 4, "did you mean ai-engineer?"),
        (["show", "ai-engineer", "--client", "gose"], 2, "did you mean goose?"),
        (["render", "ask"], 2, "needs a value for who"),
        (["render", "ask", "--var", "who"], 2, "has no value"),
        (["render", "ask", "--var", "hwo=x"], 2, "did you mean who?"),
        (["check", "bad"], 2, "bad.md:3: kind must be"),
        (["check", "none.md"], 4, "no file"),
        (["check", "nonesuch"], 4, "llmx prompt list"),
        (["new", "Not A Name"], 2, "lower-case"),
        (["new", "x", "--kind", "agent"], 2, "--kind"),
        (["enable", "nonesuch"], 4, "no prompt"),
        (["disable", "ai-engineer"], 4, "names no prompt"),
    ],
)
def test_what_is_wrong_has_its_exit_code_and_says_why(home, words, code, says):
    folder = home / ".config/llmx/prompts"
    folder.mkdir(parents=True)
    (folder / "ask.md").write_text("---\ndescription: d\nvariables: {who: }\n---\nAsk {{ who }}.\n")
    (folder / "bad.md").write_text("---\ndescription: d\nkind: x\n---\nbody\n")
    done = llmx("prompt", *words, code=code)
    assert done.stdout == ""
    assert says in done.stderr
    assert not (home / ".config/llmx/config.toml").exists()


def test_a_prompt_that_is_not_there_stops_apply_and_writes_nothing(home):
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text("[prompts.nonesuch]\n[mcp.servers.a]\ncommand = 'x'\n")
    assert "prompts.nonesuch" in llmx("client", "apply", "claude", code=2).stderr
    assert not (home / ".claude.json").exists()
