"""``llmx undo`` and ``llmx history``, run as a user would."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx.cli.history import app as history
from llmx.cli.undo import app as undo
from llmx.core.edits import Change, Set, edit
from llmx.errors import ConfigError, NotFoundError


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that was edited twice."""
    for name in [name for name in os.environ if name.startswith(("LLMX_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "UTC")
    file: Path = tmp_path / "a.json"
    file.write_text("{}")
    for value in (1, 2):
        edit([Change(file, [Set(("a",), value)])], title=f"a is {value}")
    return file


def run(app, *words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_history_lists_edits_with_their_files_the_last_one_first(file):
    lines = run(history).splitlines()
    assert [line[:4] + line[22:] for line in lines] == [
        "   2  a is 2",
        f"      {file}",
        "   1  a is 1",
        f"      {file}",
    ]


def test_the_history_as_json(file):
    rows = json.loads(run(history, "--output", "json"))
    assert [(row["id"], row["title"], row["files"], row["undoes"], row["undone"]) for row in rows] == [
        ("2", "a is 2", [str(file)], None, False),
        ("1", "a is 1", [str(file)], None, False),
    ]
    assert rows[0]["time"].endswith("Z")


def test_undo_takes_back_the_last_edit_and_then_the_one_before(file):
    assert run(undo) == f"edit 2 is undone (as edit 3):\n  {file}\n"
    assert json.loads(file.read_text()) == {"a": 1}
    row = json.loads(run(undo, "--output", "json"))
    assert (row["id"], row["undoes"], row["files"]) == ("4", "1", [str(file)])
    assert file.read_text() == "{}"
    assert "a is 2  (undone)" in run(history)


def test_undo_refuses_what_would_lose_a_later_edit_unless_forced(file):
    with pytest.raises(ConfigError, match=r"changed since edit 1, last by edit 2 \(a is 2\)"):
        run(undo, "1")
    assert json.loads(file.read_text()) == {"a": 2}
    run(undo, "1", "--force")
    assert file.read_text() == "{}"


def test_an_edit_that_is_not_there_is_not_found(file):
    with pytest.raises(NotFoundError, match="no edit 99"):
        run(undo, "99")


def test_a_title_and_a_file_cannot_steer_the_terminal(file, tmp_path):
    hostile = tmp_path / "a\x1b[2Jb.json"
    hostile.write_text("{}")
    edit([Change(hostile, [Set(("a",), 1)])], title="set \x1b]0;owned\x07")
    for out in (run(history), run(undo)):
        assert out.replace("\n", "").isprintable(), out
    assert "owned" in run(history)
