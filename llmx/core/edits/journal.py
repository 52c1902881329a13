"""The record of edits in the state folder: what is under way, what was done, and the bytes before and after.

    edits/lock           held by whoever writes; one for all files, so that its holder knows every unfinished edit dead
    edits/making/ID/     being written down; counts for nothing yet
    edits/pending/ID/    decided: will be finished by its writer, or by whoever holds the lock next
    edits/reverting/ID/  decided against: its files go back to what they were
    edits/done/ID/       finished; kept for ``undo``

An edit's folder moves between these by rename, which is its commit. It holds ``edit.json`` and, for the n-th file,
``n.before`` and ``n.after``.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from llmx import paths
from llmx.core.edits.places import unwritable
from llmx.core.edits.staging import sync_folder, write_durably
from llmx.errors import ConfigError

WAIT_S = 30.0
"""How long a writer waits for the others."""

KEPT = 100
"""Edits that stay for ``undo``."""

KEPT_BYTES = 256 << 20
"""Bytes that their copies may take."""

STATES = ("making", "pending", "reverting", "done")


@dataclass(frozen=True)
class Replacement:
    """One file of an edit: its bytes before and after (``None``: no file) and where the new ones are made ready."""

    file: Path
    before: bytes | None
    after: bytes | None
    mode: int | None = None
    """The mode to make the file with; one that is there when it is replaced keeps its own."""
    staged: Path | None = None
    made_folders: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One edit as the journal holds it."""

    id: str
    title: str
    time: float
    replacements: tuple[Replacement, ...]
    undoes: str | None = None


class Journal:
    """The folder of records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> "Journal":
        """The journal in the user's state folder."""
        return cls(Path(paths.state_dir()) / "edits")

    @contextlib.contextmanager
    def locked(self, wait: float | None = None) -> Iterator[None]:
        """Hold the lock that every writer needs."""
        try:
            paths.make_private(str(self.folder.parent))
            paths.make_private(str(self.folder))
            for state in STATES:
                paths.make_private(str(self.folder / state))
            lock = FileLock(self.folder / "lock", timeout=WAIT_S if wait is None else wait, mode=0o600)
            lock.acquire(poll_interval=0.005)
        except Timeout:
            raise ConfigError(
                f"another llmx has been editing files for {WAIT_S:g} s", hint="wait for it, or end it, and try again"
            ) from None
        except OSError as error:
            raise unwritable(self.folder, error) from None
        try:
            yield
        finally:
            lock.release()

    def ids(self, state: str) -> list[str]:
        """The edits in ``state``, oldest first."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return sorted((name for name in os.listdir(self.folder / state) if name.isdigit()), key=int)
        return []

    @property
    def is_unsettled(self) -> bool:
        """Whether an edit is under way or was cut off."""
        return any(self.ids(state) for state in STATES[:3])

    def next_id(self) -> str:
        """A number that no edit has had."""
        return str(max((int(edit_id) for state in STATES for edit_id in self.ids(state)), default=0) + 1)

    def record(self, entry: Entry) -> None:
        """Write ``entry`` down under ``making``."""
        folder = self.folder / "making" / entry.id
        folder.mkdir(mode=0o700)
        manifest = asdict(replace(entry, replacements=()))
        manifest["files"] = [_described(one) for one in entry.replacements]
        for place, one in enumerate(entry.replacements):
            for name, data in (("before", one.before), ("after", one.after)):
                if data is not None:
                    write_durably(folder / f"{place}.{name}", data)
        write_durably(folder / "edit.json", json.dumps(manifest).encode())
        sync_folder(folder)

    def move(self, edit_id: str, old: str, new: str) -> None:
        """Take an edit from one state to another, for good."""
        os.rename(self.folder / old / edit_id, self.folder / new / edit_id)
        sync_folder(self.folder / new)
        sync_folder(self.folder / old)

    def entry(self, state: str, edit_id: str, *, contents: bool = True) -> Entry:
        """The edit with that number, with or without the bytes of its files.

        Raises ``ConfigError`` where its record is incomplete.
        """
        folder = self.folder / state / edit_id
        try:
            manifest = json.loads((folder / "edit.json").read_bytes())
            files = manifest.pop("files")
            replacements = tuple(_read(folder if contents else None, place, one) for place, one in enumerate(files))
            return Entry(**{**manifest, "replacements": replacements})
        except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError):
            raise ConfigError(
                f"the record of edit {edit_id} in {folder} is damaged",
                source=str(folder),
                hint="look whether its files are as you want them, then remove that folder",
            ) from None

    def forget(self, state: str, edit_id: str) -> None:
        """Remove an edit's record; its first step makes it none, whenever the rest is cut off."""
        with contextlib.suppress(OSError):
            os.unlink(self.folder / state / edit_id / "edit.json")
        shutil.rmtree(self.folder / state / edit_id, ignore_errors=True)

    def prune(self) -> None:
        """Forget the oldest finished edits beyond what is kept; the latest always stays."""
        room = KEPT_BYTES
        for age, edit_id in enumerate(reversed(self.ids("done"))):
            room -= sum(item.stat().st_size for item in os.scandir(self.folder / "done" / edit_id))
            if age and (age >= KEPT or room < 0):
                self.forget("done", edit_id)


def _described(one: Replacement) -> dict[str, object]:
    return {
        "file": os.fspath(one.file),
        "mode": one.mode,
        "staged": None if one.staged is None else os.fspath(one.staged),
        "made_folders": [os.fspath(folder) for folder in one.made_folders],
        "existed": one.before is not None,
        "exists": one.after is not None,
    }


def _read(folder: Path | None, place: int, one: dict[str, object]) -> Replacement:
    staged, made = one["staged"], one["made_folders"]
    assert isinstance(made, list)
    return Replacement(
        file=Path(str(one["file"])),
        before=(folder / f"{place}.before").read_bytes() if folder and one["existed"] else None,
        after=(folder / f"{place}.after").read_bytes() if folder and one["exists"] else None,
        mode=one["mode"] if isinstance(one["mode"], int) else None,
        staged=None if staged is None else Path(str(staged)),
        made_folders=tuple(Path(made_folder) for made_folder in made),
    )
