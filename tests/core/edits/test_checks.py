"""The doctor's check of edits that were cut off."""

import os
from pathlib import Path

import pytest

from llmx.core.edits import Change, Set, edit, history
from llmx.core.edits.checks import edits
from llmx.core.edits.journal import Journal


@pytest.mark.promise("S0-54")
def test_an_unfinished_edit_is_told_and_the_command_given_brings_it_to_its_end(tmp_path):
    assert edits(os.environ)[0].found == "none is unfinished; 0 can be undone"
    file = tmp_path / "a.json"
    file.write_text("{}")
    edit([Change(Path(file), [Set(("a",), 1)])], title="a is 1")
    assert edits(os.environ)[0].found == "none is unfinished; 1 can be undone"
    Journal.of_user().move("1", "done", "pending")
    [finding] = edits(os.environ)
    assert (finding.status, finding.found, finding.fix) == ("warn", "edit 1 is unfinished", "llmx history")
    history()
    assert edits(os.environ)[0].status == "ok"
