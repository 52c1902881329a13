"""Programs that write the same files and know nothing of llmx's lock keep what they wrote."""

import json
import os

import pytest

from llmx.core import edits
from llmx.core.edits import Change, Set, StaleError
from llmx.core.edits.staging import stage


def changes(*files):
    return [Change(file, [Set(("a",), 1)]) for file in files]


def test_a_file_that_another_program_writes_in_the_meantime_is_not_overwritten(write, tmp_path, monkeypatch):
    first, second = write("first.json", "{}"), write("second.json", "{}")
    plan = edits.plan(changes(first, second), title="t")

    def stage_slowly(*given, **named):
        stage(*given, **named)
        second.write_text('{"theirs": 1}')

    monkeypatch.setattr("llmx.core.edits.transaction.stage", stage_slowly)
    with pytest.raises(StaleError, match=r"second\.json was changed meanwhile"):
        plan.apply()
    assert (first.read_text(), second.read_text()) == ("{}", '{"theirs": 1}')
    assert sorted(os.listdir(tmp_path)) == ["first.json", "second.json"]
    assert edits.history() == []


def test_an_edit_is_planned_anew_on_what_another_program_wrote(write, monkeypatch):
    file = write("a.json", "{}")

    def stage_slowly(*given, **named):
        stage(*given, **named)
        if file.read_text() == "{}":
            file.write_text('{"theirs": 1}')

    monkeypatch.setattr("llmx.core.edits.transaction.stage", stage_slowly)
    edits.edit(changes(file), title="t")
    assert json.loads(file.read_text()) == {"theirs": 1, "a": 1}


def test_a_private_file_that_undo_makes_again_is_private(write):
    file = write("keys.json", '{"key": "secret"}')
    file.chmod(0o600)
    done = edits.edit(changes(file), title="t")
    file.unlink()
    edits.undo(done.id, force=True)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_new_file_that_was_made_private_is_private_when_its_undo_is_undone(tmp_path):
    file = tmp_path / "new.json"
    edits.edit(changes(file), title="t")
    file.chmod(0o600)
    taken_back = edits.undo()
    assert not file.exists()
    edits.undo(taken_back.id)
    assert file.stat().st_mode & 0o777 == 0o600
