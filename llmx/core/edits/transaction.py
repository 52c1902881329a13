"""Replace many files at once: all of them or none, whatever happens in between.

What can fail (reading, permissions, disk space) is done before the journal's rename decides the edit; after it there
are only renames left, which recovery can repeat.
"""

import contextlib
import os
import stat
import time
from dataclasses import replace

from llmx.core.edits.journal import Entry, Journal, Replacement
from llmx.core.edits.places import content, unwritable
from llmx.core.edits.recovery import settle
from llmx.core.edits.staging import put, stage, sync_folder
from llmx.errors import ConfigError


class StaleError(ConfigError):
    """A file is no longer what the edit was planned on."""


def commit(journal: Journal, replacements: tuple[Replacement, ...], *, title: str, undoes: str | None = None) -> Entry:
    """Replace the files, which must still hold their ``before``; nothing has changed if this raises."""
    with journal.locked():
        settle(journal, {one.file for one in replacements})
        for one in replacements:
            _compare(one)
        edit_id = journal.next_id()
        entry = Entry(edit_id, title, time.time(), tuple(_prepared(one, edit_id) for one in replacements), undoes)
        try:
            _decide(journal, entry)
        except BaseException:
            _abandon(journal, entry)
            raise
        _carry_out(journal, entry)
        with contextlib.suppress(OSError):
            journal.prune()
        return entry


def _compare(one: Replacement) -> None:
    """Raise where the file is not what the edit was planned on."""
    if content(one.file) != one.before:
        raise StaleError(f"{one.file} was changed meanwhile", source=str(one.file), hint="try again")


def _prepared(one: Replacement, edit_id: str) -> Replacement:
    """``one`` with the names of what will be made for it, so that recovery can find them."""
    missing = tuple(folder for folder in one.file.parents if not folder.exists())
    staged = one.file.with_name(f".{one.file.name[:80]}.llmx-{edit_id}-{os.getpid()}")
    mode = stat.S_IMODE(one.file.stat().st_mode) if one.before is not None else one.mode
    return replace(one, mode=mode, staged=staged if one.after is not None else None, made_folders=missing)


def _decide(journal: Journal, entry: Entry) -> None:
    """Everything that can fail, up to the rename after which the edit will happen."""
    place = journal.folder
    try:
        journal.record(entry)
        for one in entry.replacements:
            place = one.file
            _stage(one)
        place = journal.folder
        journal.move(entry.id, "making", "pending")
    except OSError as error:
        raise unwritable(place, error) from None


def _abandon(journal: Journal, entry: Entry) -> None:
    """Take back an edit of which no file has been replaced yet."""
    if entry.id in journal.ids("pending"):
        journal.move(entry.id, "pending", "reverting")
    settle(journal, set())


def _stage(one: Replacement) -> None:
    """Put the new bytes beside the old ones."""
    for folder in reversed(one.made_folders):
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
        sync_folder(folder.parent)
    if one.staged is not None and one.after is not None:
        stage(one.staged, one.after, like=one.file, mode=one.mode)


def _carry_out(journal: Journal, entry: Entry) -> None:
    """The decided part; where it fails after all, the files go back to what they were.

    Each file is compared once more right before it is replaced, for programs that know nothing of the journal's lock.
    """
    for one in entry.replacements:
        try:
            _compare(one)
            put(one.staged, one.file)
        except (OSError, ConfigError) as error:
            journal.move(entry.id, "pending", "reverting")
            settle(journal, {each.file for each in entry.replacements})
            if isinstance(error, OSError):
                raise unwritable(one.file, error) from None
            raise
    journal.move(entry.id, "pending", "done")
