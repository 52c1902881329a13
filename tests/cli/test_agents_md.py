"""``llmx agents-md``, run as a user would."""

from pathlib import Path

import pytest

from tests.cli.outside import facts, llmx

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def project(home, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "pkg").mkdir()
    (folder / "Makefile").write_text("test:\n\tx\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (home / ".cursor").mkdir()
    (home / ".cursor/mcp.json").write_text("{}")
    return folder


@pytest.mark.promise("S0-01", "S0-03")
def test_init_update_and_undo_go_together(project):
    file = project / "AGENTS.md"
    assert llmx("agents-md", "init").stdout == f"{file}\n"
    assert "exists" in llmx("agents-md", "init", code=2).stderr
    assert llmx("agents-md", "update", "--check").stdout == ""
    (project / "Makefile").write_text("test lint:\n\tx\n")
    before = file.read_bytes()
    diff = llmx("agents-md", "update", "--check", code=1).stdout
    assert "+- Lint: `make lint`" in diff
    assert file.read_bytes() == before
    assert facts("agents-md", "update", "--check", code=1)["changed"] == [str(file)]
    assert llmx("agents-md", "update", "pkg").stdout == f"{file}\n"
    assert "make lint" in file.read_text()
    llmx("undo")
    assert file.read_bytes() == before
    llmx("agents-md", "init", "pkg")
    llmx("agents-md", "init", "--force")


@pytest.mark.promise("S0-02")
def test_show_names_the_nearest_first_and_what_a_client_loads(project):
    for folder in (project, project / "pkg"):
        (folder / "AGENTS.md").write_text("x")
    shown = llmx("agents-md", "show", "--for", "pkg/a.py").stdout.splitlines()
    assert shown[:2] == ["pkg/AGENTS.md", "AGENTS.md"]
    assert "cursor loads (documented):" in shown
    (project / "CLAUDE.md").write_text("x")
    found = facts("agents-md", "show", "--for", "pkg", "--client", "claude")
    assert [row["file"] for row in found["chain"]] == [str(project / "pkg/AGENTS.md"), str(project / "AGENTS.md")]
    assert found["clients"][0]["files"] == [str(project / "CLAUDE.md")]
    assert "hides" in found["clients"][0]["warnings"][0]
    assert "! Gemini reads no AGENTS.md" in llmx("agents-md", "show", "--client", "gemini").stdout


@pytest.mark.promise("S0-03")
def test_apply_keeps_sections_current_while_that_is_on(project):
    llmx("agents-md", "init")
    file = project / "AGENTS.md"
    (project / "Makefile").write_text("lint:\n\tx\n")
    assert llmx("client", "check", code=1).stdout == f"~ agents-md       {file}\n"
    llmx("client", "check", "--user")
    llmx("config", "set", "agents_md.auto_update", "false")
    llmx("client", "check")
    llmx("config", "set", "agents_md.auto_update", "true")
    llmx("client", "apply")
    assert "make lint" in file.read_text()
    llmx("client", "undo")
    assert "make lint" not in file.read_text()
    file.write_text("# Mine alone\n")
    llmx("client", "apply")
    assert file.read_text() == "# Mine alone\n"


@pytest.mark.promise("S0-04")
def test_where_it_is_off_nothing_is_written(project):
    llmx("config", "set", "agents_md.enabled", "false")
    assert "agents_md.enabled is false" in llmx("agents-md", "init", code=5).stderr
    assert not (project / "AGENTS.md").exists()
    (project / "AGENTS.md").write_text("<!-- llmx:begin project -->\n<!-- llmx:end project -->\n")
    llmx("client", "apply")
    assert "make" not in (project / "AGENTS.md").read_text()
    llmx("agents-md", "update", "--check", code=1)
    llmx("agents-md", "update", code=5)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["update"], 4, "llmx agents-md init"),
        (["update", "--check"], 4, "llmx agents-md init"),
        (["init", "nowhere"], 4, "no folder nowhere"),
        (["show", "--for", "nowhere/x.py"], 4, "no folder"),
        (["show", "--client", "cluade"], 2, "did you mean claude?"),
    ],
)
def test_what_is_wrong_has_its_exit_code_and_says_what_to_type(project, words, code, says):
    done = llmx("agents-md", *words, code=code)
    assert says in done.stderr
    assert done.stdout == ""
    assert not (project / "AGENTS.md").exists()


@pytest.mark.promise("S0-01")
def test_llmx_has_one_of_its_own():
    text = (ROOT / "AGENTS.md").read_text()
    assert "How to run everything" in text
    assert (ROOT / "examples/agents/AGENTS.md").read_text() == (ROOT / "llmx/data/llm-exec.md").read_text()
