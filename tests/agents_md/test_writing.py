"""AGENTS.md: begun once, its section kept current, every other byte left as people wrote it."""

import pytest

from llmx.agents_md import chain, repository
from llmx.agents_md.writing import begin, has_section, needed_updates, updates
from llmx.core.edits import edit, plan, undo
from llmx.errors import ConfigError, NotFoundError, UsageError

MAKE = "test:\n\tx\n"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "Makefile").write_text(MAKE)
    return folder


@pytest.mark.promise("S0-01")
def test_a_new_file_says_how_to_test_and_how_to_run(project):
    begin(project, force=False)
    text = (project / "AGENTS.md").read_text()
    assert text.startswith("# project\n")
    assert "- Test: `make test`" in text
    assert "llm-exec --json --" in text
    assert updates(project) != []
    assert plan(updates(project), title="").is_empty


@pytest.mark.promise("S0-01")
def test_one_that_is_there_stays_unless_it_is_to_be_replaced(project):
    (project / "AGENTS.md").write_text("mine\r\n")
    with pytest.raises(UsageError, match="exists"):
        begin(project, force=False)
    assert (project / "AGENTS.md").read_bytes() == b"mine\r\n"
    begin(project, force=True)
    assert "mine" not in (project / "AGENTS.md").read_text()
    undo()
    assert (project / "AGENTS.md").read_bytes() == b"mine\r\n"


HUMAN = [
    b"# Title\r\n\r\n%s\r\n\r\n## Tail  \r\n",
    b"\xef\xbb\xbf# Title\n%s\n",
    b"%s",
    b"%s\nno end of line",
    b"```\n<!-- llmx:begin project -->\n```\n%s\n\n\n\n* a\n\t* b   \n",
    b"<!-- llmx:begin other -->\nx\n<!-- llmx:end other -->\n%s\n",
]


@pytest.mark.promise("S0-03")
@pytest.mark.parametrize("around", HUMAN)
def test_only_what_stands_between_the_marks_changes(project, around):
    newline = b"\r\n" if b"\r\n" in around else b"\n"
    old = newline.join([b"<!-- llmx:begin project -->", b"old", b"words", b"<!-- llmx:end project -->"])
    file = project / "AGENTS.md"
    file.write_bytes(around % old)
    edit(updates(project), title="x")
    before, after = around.split(b"%s")
    data = file.read_bytes()
    assert data.startswith(before + b"<!-- llmx:begin project -->")
    assert data.endswith(b"<!-- llmx:end project -->" + after)
    assert b"make test" in data
    assert b"words" not in data
    undo()
    assert file.read_bytes() == around % old


def test_a_section_is_added_only_when_it_is_asked_for(project):
    file = project / "AGENTS.md"
    file.write_text("# Mine\n")
    assert updates(project) == []
    with pytest.raises(NotFoundError) as caught:
        needed_updates(project, add=False)
    assert "--add" in str(caught.value.hint)
    edit(needed_updates(project, add=True), title="x")
    assert file.read_text().startswith("# Mine\n\n<!-- llmx:begin project -->\n")
    file.unlink()
    with pytest.raises(NotFoundError, match=r"no AGENTS\.md"):
        needed_updates(project, add=True)


def test_how_to_run_stands_in_the_topmost_file_only(project):
    part = project / "part"
    part.mkdir()
    (part / "go.mod").write_text("module part\n")
    begin(project, force=False)
    begin(part, force=False)
    assert "llm-exec" in (project / "AGENTS.md").read_text()
    assert "llm-exec" not in (part / "AGENTS.md").read_text()
    assert "- `part`: `go build" in (project / "AGENTS.md").read_text()
    (part / "go.mod").rename(part / "Cargo.toml")
    (part / "Cargo.toml").write_text("[package]\nname = 'part'\n")
    edit(updates(part), title="x")
    assert "cargo test" in (part / "AGENTS.md").read_text()
    assert "cargo test" in (project / "AGENTS.md").read_text()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n<!-- llmx:begin project -->\n", 2),
        ("<!-- llmx:end project -->\n", 1),
        ("<!-- llmx:begin project -->\n<!-- llmx:begin project -->\n", 2),
    ],
)
def test_marks_that_do_not_go_together_are_an_error_with_their_line(project, text, line):
    (project / "AGENTS.md").write_text(text)
    with pytest.raises(ConfigError) as caught:
        updates(project)
    assert f"AGENTS.md:{line}:" in caught.value.message
    assert (project / "AGENTS.md").read_text() == text


def test_a_link_out_of_the_repository_is_not_followed(project, tmp_path):
    (tmp_path / "elsewhere.md").write_text("<!-- llmx:begin project -->\n<!-- llmx:end project -->\n")
    (project / "AGENTS.md").symlink_to(tmp_path / "elsewhere.md")
    with pytest.raises(UsageError, match="outside of"):
        updates(project)
    with pytest.raises(UsageError, match="outside of"):
        begin(project, force=True)
    (project / "CLAUDE.md").write_text("# C\n")
    (project / "AGENTS.md").unlink()
    (project / "AGENTS.md").symlink_to("CLAUDE.md")
    edit(needed_updates(project, add=True), title="x")
    assert has_section(project / "CLAUDE.md")
    assert (project / "AGENTS.md").is_symlink()


@pytest.mark.promise("S0-02")
def test_the_nearest_file_comes_first_and_the_chain_ends_at_the_repository(project, tmp_path):
    inner = project / "a/b"
    inner.mkdir(parents=True)
    for folder in (tmp_path, project, inner):
        (folder / "AGENTS.md").write_text("x")
    assert chain(inner) == [inner / "AGENTS.md", project / "AGENTS.md"]
    assert repository(inner) == project
    assert chain(tmp_path) == [tmp_path / "AGENTS.md"]
