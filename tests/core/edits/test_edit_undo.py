"""Taking edits back, and how many are kept."""

import json

import pytest

from llmx.core import edits
from llmx.core.edits import Change, Set
from llmx.errors import ConfigError, NotFoundError
from tests.core.edits.conftest import listing


def test_undo_gives_back_the_bytes_and_can_be_undone(write, tmp_path):
    content = b'\xef\xbb\xbf{\r\n\t"a": 1, // x\r\n}'
    file, new = write("a.jsonc", content), tmp_path / "made/for/it.toml"
    edit = edits.edit([Change(file, [Set(("b",), 2)]), Change(new, [Set(("b",), 2)])], title="add b")
    after = file.read_bytes()
    assert edits.undo().undoes == edit.id
    assert file.read_bytes() == content
    assert listing(tmp_path) == ["a.jsonc"]
    edits.undo("2")
    assert file.read_bytes() == after
    assert new.read_text() == "b = 2\n"
    assert [(one.id, one.undoes, one.is_undone) for one in edits.history()] == [
        ("3", "2", False),
        ("2", "1", True),
        ("1", None, False),
    ]


def test_undo_without_a_name_walks_back(write):
    file = write("a.json", "{}")
    for value in range(3):
        edits.edit([Change(file, [Set(("a",), value)])], title=f"to {value}")
    seen = []
    for _ in range(3):
        edits.undo()
        seen.append(json.loads(file.read_text()).get("a"))
    assert seen == [1, 0, None]
    with pytest.raises(NotFoundError, match="no edit to undo"):
        edits.undo()


def test_undo_refuses_a_file_that_changed_since_and_says_by_what(write):
    file = write("a.json", "{}")
    first = edits.edit([Change(file, [Set(("a",), 1)])], title="first")
    second = edits.edit([Change(file, [Set(("b",), 1)])], title="second")
    with pytest.raises(ConfigError, match=r"changed since edit 1, last by edit 2 \(second\)") as caught:
        edits.undo(first.id)
    assert caught.value.hint == f"llmx undo {second.id}"
    file.write_text('{"by": "hand"}')
    with pytest.raises(ConfigError, match="by something else than llmx"):
        edits.undo(second.id)
    assert file.read_text() == '{"by": "hand"}'
    forced = edits.undo(first.id, force=True)
    assert file.read_text() == "{}"
    edits.undo(forced.id)
    assert file.read_text() == '{"by": "hand"}'


def test_undo_of_what_is_not_there_is_not_found():
    with pytest.raises(NotFoundError, match="no edit 7"):
        edits.undo("7")


def test_history_keeps_a_bounded_number_of_edits(write, monkeypatch):
    monkeypatch.setattr("llmx.core.edits.journal.KEPT", 5)
    file = write("a.json", "{}")
    for value in range(9):
        edits.edit([Change(file, [Set(("a",), value)])], title="t")
    assert [edit.id for edit in edits.history()] == ["9", "8", "7", "6", "5"]


def test_history_keeps_a_bounded_number_of_bytes_but_always_the_last_edit(write, monkeypatch):
    monkeypatch.setattr("llmx.core.edits.journal.KEPT_BYTES", 10)
    file = write("a.json", "{}")
    for value in range(3):
        edits.edit([Change(file, [Set(("a",), value)])], title="t")
    assert [edit.id for edit in edits.history()] == ["3"]
