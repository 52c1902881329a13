"""The doctor's check of edits that were cut off."""

from collections.abc import Mapping
from pathlib import Path

from llmx import paths
from llmx.core.doctor import Finding
from llmx.core.edits.journal import STATES, Journal


def edits(env: Mapping[str, str]) -> list[Finding]:
    """Whether an edit of the user's files is unfinished, which the next edit would finish or take back."""
    journal = Journal(Path(paths.state_dir(env)) / "edits")
    unfinished = [edit_id for state in STATES[:3] for edit_id in journal.ids(state)]
    if not unfinished:
        return [Finding("ok", f"none is unfinished; {len(journal.ids('done'))} can be undone")]
    meaning = "another llmx is at it now, or was killed in the middle; listing the edits brings it to its end"
    return [Finding("warn", f"edit {edit_id} is unfinished", meaning, "llmx history") for edit_id in unfinished]
