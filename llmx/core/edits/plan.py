"""Plan an edit of some files, show it, carry it out."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmx.core.edits.formats import ParseError, find, format_of
from llmx.core.edits.history import Edit
from llmx.core.edits.journal import Journal, Replacement
from llmx.core.edits.operations import Operation
from llmx.core.edits.places import check_writable, content, target
from llmx.core.edits.recovery import recover
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode
from llmx.core.edits.transaction import StaleError, commit
from llmx.core.edits.values import Value
from llmx.errors import ConfigError, NotFoundError

ATTEMPTS = 100
"""Plans that ``edit`` makes before it gives up; each one lost means that another writer won."""


@dataclass(frozen=True)
class Change:
    """Operations on one file.

    ``format`` is a name from ``llmx.core.edits.formats``, found by the file's suffix if left out. A file that is not
    there is made (with ``mode``, or what the umask leaves) unless ``create`` is off; one in which nothing is left goes
    where ``keep_empty`` is off, and always where it is a text.
    """

    file: Path
    operations: Sequence[Operation]
    format: str | None = None
    create: bool = True
    mode: int | None = None
    keep_empty: bool = True


@dataclass(frozen=True)
class FilePlan:
    """What will become of one file; ``name`` is how the caller knows it, ``file`` where links lead."""

    name: Path
    file: Path
    before: bytes | None
    after: bytes | None
    mode: int | None = None


@dataclass(frozen=True)
class Plan:
    """An edit that is ready to be carried out; ``files`` are only those that change."""

    title: str
    files: tuple[FilePlan, ...]

    @property
    def is_empty(self) -> bool:
        """Whether every file already is as wanted."""
        return not self.files

    def diff(self) -> str:
        """A unified diff of all files, as they are: values that are secret are shown."""
        return "".join(_diff(one) for one in self.files)

    def apply(self) -> Edit:
        """Carry it out, for all files or for none; an empty plan is done, and has no id.

        Raises ``StaleError`` where a file is no longer what it was when planned.
        """
        if self.is_empty:
            return Edit("", self.title, 0.0, ())
        recover()
        for one in self.files:
            check_writable(one.name, one.file)
        replacements = tuple(Replacement(one.file, one.before, one.after, one.mode) for one in self.files)
        return Edit.of(commit(Journal.of_user(), replacements, title=self.title))


def plan(changes: Sequence[Change], *, title: str) -> Plan:
    """Work out what ``changes`` make of their files; nothing is written.

    Raises ``ConfigError`` with file, line and column for a file that does not parse.
    """
    recover()
    planned: dict[Path, FilePlan] = {}
    for change in changes:
        file = target(change.file)
        before = planned[file].before if file in planned else content(file)
        current = planned[file].after if file in planned else before
        if current is None and not change.create:
            raise NotFoundError(f"{change.file} does not exist")
        after = _after(change, current)
        planned[file] = FilePlan(change.file, file, before, after, change.mode)
    return Plan(title, tuple(one for one in planned.values() if one.before != one.after))


def edit(changes: Sequence[Change], *, title: str) -> Edit:
    """Plan and apply, anew for as long as other writers get in between."""
    for _ in range(ATTEMPTS - 1):
        try:
            return plan(changes, title=title).apply()
        except StaleError:
            continue
    return plan(changes, title=title).apply()


def read(file: Path, format: str | None = None) -> Value:
    """The value in ``file``, an empty mapping where there is no file; raises like ``plan``."""
    data = content(target(file))
    try:
        return find(format or format_of(file)).read(decode(data or b"").text)
    except ParseError as error:
        raise _unsound(file, error) from None


def _after(change: Change, current: bytes | None) -> bytes | None:
    """The file's bytes after ``change``; still no file where nothing is put into it."""
    format = find(change.format or format_of(change.file))
    try:
        text = decode(current or b"")
        after = rewrite(text, format, tuple(change.operations))
    except ParseError as error:
        raise _unsound(change.file, error) from None
    except ConfigError as error:
        raise ConfigError(
            f"{change.file}: {error.message}", key=error.key, source=str(change.file), hint=error.hint
        ) from error
    keeps_empty = change.keep_empty and change.format != "text"
    if not keeps_empty and after.text.strip() in ("", "{}"):
        return None
    return current if after == text else after.encode()


def _unsound(file: Path, error: ParseError) -> ConfigError:
    where = f"{file}:{error.line}:{error.column}"
    return ConfigError(
        f"{where}: {error.message}", source=where, hint="correct it by hand, then try again; it was left as it is"
    )


def _diff(one: FilePlan) -> str:
    old, new = ("/dev/null" if data is None else str(one.name) for data in (one.before, one.after))
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", (data or b"").decode()) for data in (one.before, one.after))
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(before, after, old, new)
    )
