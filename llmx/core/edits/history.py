"""The edits that were made, and taking one back."""

from dataclasses import dataclass
from pathlib import Path

from llmx.core.edits.journal import Entry, Journal, Replacement
from llmx.core.edits.places import check_writable, content
from llmx.core.edits.recovery import recover
from llmx.core.edits.transaction import commit
from llmx.errors import ConfigError, NotFoundError


@dataclass(frozen=True)
class Edit:
    """One finished edit: when (seconds since 1970), of which files, and whether it was taken back."""

    id: str
    title: str
    time: float
    files: tuple[Path, ...]
    undoes: str | None = None
    """The edit that this one took back."""
    is_undone: bool = False
    replaced: tuple[Replacement, ...] = ()
    """The bytes before and after of each file; ``history`` leaves them out."""

    @classmethod
    def of(cls, entry: Entry, *, is_undone: bool = False, has_contents: bool = True) -> "Edit":
        """The edit that a journal's entry records."""
        files = tuple(one.file for one in entry.replacements)
        replaced = entry.replacements if has_contents else ()
        return cls(entry.id, entry.title, entry.time, files, entry.undoes, is_undone, replaced)


def history() -> list[Edit]:
    """The edits that are kept, newest first."""
    recover()
    journal = Journal.of_user()
    undone: set[str] = set()
    edits = []
    for edit_id in reversed(journal.ids("done")):
        try:
            entry = journal.entry("done", edit_id, contents=False)
        except ConfigError:  # another writer has just forgotten it, or it is damaged and cannot be undone
            continue
        if entry.undoes is not None and entry.id not in undone:
            undone.add(entry.undoes)
        edits.append(Edit.of(entry, is_undone=entry.id in undone, has_contents=False))
    return edits


def undo(edit_id: str | None = None, *, force: bool = False) -> Edit:
    """Give the files of an edit (the last one that stands, if not named) their bytes from before it.

    Refuses where a file was changed since, unless ``force``. This is an edit itself, and can be undone.
    """
    edits = history()
    edit = _chosen(edits, edit_id)
    journal = Journal.of_user()
    entry = journal.entry("done", edit.id)
    replacements = []
    for one in entry.replacements:
        current = content(one.file)
        if current != one.after and not force:
            raise _changed_since(one.file, edit, edits)
        if current != one.before:
            check_writable(one.file, one.file)
            replacements.append(Replacement(one.file, current, one.before, one.mode))
    if not replacements:
        raise ConfigError(f"nothing to undo: the files of edit {edit.id} are as they were before it")
    done = commit(journal, tuple(replacements), title=f"undo {edit.id}: {edit.title}", undoes=edit.id)
    _remove_empty_folders(entry)
    return Edit.of(done)


def _chosen(edits: list[Edit], edit_id: str | None) -> Edit:
    if edit_id is not None:
        found = next((edit for edit in edits if edit.id == edit_id), None)
        if found is None:
            raise NotFoundError(f"there is no edit {edit_id}", hint="llmx history")
        return found
    found = next((edit for edit in edits if edit.undoes is None and not edit.is_undone), None)
    if found is None:
        raise NotFoundError("there is no edit to undo", hint="llmx history")
    return found


def _changed_since(file: Path, edit: Edit, edits: list[Edit]) -> ConfigError:
    later = next((one for one in edits if int(one.id) > int(edit.id) and file in one.files), None)
    by = f"by edit {later.id} ({later.title})" if later else "by something else than llmx"
    hint = f"llmx undo {later.id}" if later else f"llmx undo {edit.id} --force gives up what was changed since"
    return ConfigError(f"{file} was changed since edit {edit.id}, last {by}", source=str(file), hint=hint)


def _remove_empty_folders(entry: Entry) -> None:
    for one in entry.replacements:
        for folder in one.made_folders:
            try:
                folder.rmdir()
            except OSError:
                break
