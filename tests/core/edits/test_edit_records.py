"""Records that a disk or a hand has damaged are named, and do not stand in the way of others."""

import json

import pytest

from llmx.core import edits
from llmx.core.edits import Change, Set
from llmx.core.edits.journal import Journal
from llmx.errors import ConfigError, NotFoundError


def edited(file, value):
    return edits.edit([Change(file, [Set(("a",), value)])], title=f"to {value}")


@pytest.mark.parametrize("content", ["", '{"id": "1"', "[]", '{"files": [{}]}', '{"files": [{"file": 1}]}'])
def test_a_finished_edit_with_a_damaged_record_is_left_out_of_the_history(write, state, content):
    file = write("a.json", "{}")
    edited(file, 1)
    edited(file, 2)
    (state / "done/1/edit.json").write_text(content)
    assert [edit.id for edit in edits.history()] == ["2"]
    with pytest.raises(NotFoundError):
        edits.undo("1")
    edits.undo("2")
    assert json.loads(file.read_text()) == {"a": 1}


def test_undo_of_an_edit_whose_copies_are_gone_says_so_and_changes_nothing(write, state):
    file = write("a.json", "{}")
    edited(file, 1)
    (state / "done/1/0.before").unlink()
    with pytest.raises(ConfigError, match=r"the record of edit 1 .* is damaged"):
        edits.undo()
    assert json.loads(file.read_text()) == {"a": 1}


@pytest.mark.parametrize("kind", ["pending", "reverting"])
def test_an_unfinished_edit_with_a_damaged_record_is_named_with_its_folder(write, state, kind):
    file = write("a.json", "{}")
    edited(file, 1)
    damaged = state / kind / "7"
    damaged.mkdir()
    (damaged / "edit.json").write_text("")
    with pytest.raises(ConfigError, match="the record of edit 7") as caught:
        edited(file, 2)
    assert caught.value.source == str(damaged)
    assert json.loads(file.read_text()) == {"a": 1}


def test_a_record_that_was_being_removed_when_its_writer_was_killed_is_no_edit(write, state, monkeypatch):
    file = write("a.json", "{}")
    edited(file, 1)

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("llmx.core.edits.journal.shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        Journal(state).forget("done", "1")
    assert (state / "done/1/0.before").exists()
    assert edits.history() == []
