"""Finish, or take back, the edits whose writer was killed. Whoever settles holds the journal's lock."""

import contextlib
import os
from pathlib import Path

from llmx.core.edits.journal import Entry, Journal, Replacement
from llmx.core.edits.places import content
from llmx.core.edits.staging import put, stage
from llmx.errors import ConfigError


def recover(journal: Journal | None = None) -> None:
    """Bring every edit that was cut off to its end; waits for one that is under way."""
    journal = journal or Journal.of_user()
    if journal.is_unsettled:
        with journal.locked():
            settle(journal, set())


def settle(journal: Journal, needed: set[Path]) -> None:
    """Bring unfinished edits to their end; raises where one of the ``needed`` files cannot be brought there."""
    for edit_id in journal.ids("making"):
        with contextlib.suppress(OSError, ConfigError):
            _clear(journal.entry("making", edit_id), keep_folders=False)
        journal.forget("making", edit_id)
    for edit_id in journal.ids("pending"):
        if _brought(journal.entry("pending", edit_id), needed, forward=True):
            journal.move(edit_id, "pending", "done")
    for edit_id in journal.ids("reverting"):
        if _brought(journal.entry("reverting", edit_id), needed, forward=False):
            journal.forget("reverting", edit_id)


def _brought(entry: Entry, needed: set[Path], *, forward: bool) -> bool:
    """Whether every file of ``entry`` now has its new (or its old) bytes; one that others changed since stays."""
    try:
        for one in entry.replacements:
            _bring(one, forward=forward)
    except (OSError, ConfigError) as error:
        if not needed & {one.file for one in entry.replacements}:
            return False
        raise ConfigError(
            f"the edit {entry.id} ({entry.title}) was cut off and cannot be finished: {error}",
            hint="make its files writable, then try again",
        ) from None
    _clear(entry, keep_folders=forward)
    return True


def _bring(one: Replacement, *, forward: bool) -> None:
    old, new = (one.before, one.after) if forward else (one.after, one.before)
    if old == new or content(one.file) != old:
        return
    staged = one.staged
    if not forward or (staged is not None and not staged.exists()):
        staged = None if new is None else one.file.with_name(f".{one.file.name[:80]}.llmx-recovered")
        if staged is not None and new is not None:
            staged.unlink(missing_ok=True)
            one.file.parent.mkdir(parents=True, exist_ok=True)
            stage(staged, new, like=one.file, mode=one.mode)
    put(staged, one.file)


def _clear(entry: Entry, *, keep_folders: bool) -> None:
    """Remove what was made ready and is not needed."""
    for one in entry.replacements:
        if one.staged is not None:
            one.staged.unlink(missing_ok=True)
        for folder in () if keep_folders else one.made_folders:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
