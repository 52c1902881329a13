"""What was taken away from a repository is kept in the state folder, where nothing runs it."""

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.core.runs.retention import MOST_DAYS, UNFINISHED
from llmx.paths import make_private, state_dir

LARGEST_COPY = 1 << 24  # bytes; only where the state folder is on another file system
LONGEST_NAME = 180  # bytes of the 255 that a file's name has
KEPT_IN = "set-aside"
RECORD = "record.json"


class Note(NamedTuple):
    """What a run has taken out of one file (whole contents, or ``key=raw`` of a configuration), and left there."""

    rejected: list[bytes]
    restored: bytes | None
    mode: int


class SetAside:
    """One run's folder of things taken away; made when there is the first."""

    def __init__(self) -> None:
        self.root = f"{state_dir()}/{KEPT_IN}"
        self._stamp = ""
        self._records: list[dict[str, Any]] = []
        self._count = 0

    @property
    def folder(self) -> str:
        """This run's own, "" before there is anything in it."""
        return f"{self.root}/{self._stamp}" if self._stamp else ""

    def take(self, parent: int, name: str, path: str) -> str:
        """Move the entry ``name`` of the folder ``parent``, known as ``path``, away; where it is now."""
        kept = self._place(path)
        try:
            os.rename(name, kept, src_dir_fd=parent)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return self._carry(parent, name, kept)
        return kept

    def keep(self, content: bytes, path: str) -> str:
        """Keep a copy of the configuration ``path`` as the run left it; where that is."""
        kept = self._place(path)
        with open(kept, "wb") as file:
            file.write(content)
        return kept

    def note(self, path: str, rejected: list[bytes], restored: bytes | None, mode: int) -> None:
        """Record for runs that go on meanwhile what was taken out of ``path`` and what is there now, None for nothing.

        A run that began while another's change was there takes that for the user's, and must not put it back.
        """
        record = {
            "path": os.fsencode(path).hex(),
            "rejected": [one.hex() for one in rejected],
            "restored": None if restored is None else restored.hex(),
            "mode": mode,
        }
        self._records.append(record)
        self._make_folder()
        temporary = f"{self.folder}/{RECORD}.new"
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(self._records, file)
        os.rename(temporary, f"{self.folder}/{RECORD}")

    def noted(self, start_ns: int, path: str) -> list[Note]:
        """What other runs have noted about ``path`` since ``start_ns``, the latest last."""
        if not os.path.isdir(self.root):
            return []
        with os.scandir(self.root) as folders:
            recent = sorted((entry.stat().st_mtime_ns, entry.path) for entry in folders)
        found: list[dict[str, Any]] = []
        for changed_ns, folder in recent:
            if changed_ns >= start_ns and folder != self.folder:
                with contextlib.suppress(OSError, ValueError), open(f"{folder}/{RECORD}", encoding="ascii") as file:
                    found += json.load(file)
        wanted = os.fsencode(path).hex()
        return [
            Note(
                [bytes.fromhex(one) for one in record["rejected"]],
                None if record["restored"] is None else bytes.fromhex(record["restored"]),
                record["mode"],
            )
            for record in found
            if record["path"] == wanted
        ]

    def _make_folder(self) -> None:
        if self._stamp:
            return
        make_private(os.path.dirname(self.root))
        os.makedirs(self.root, mode=0o700, exist_ok=True)
        name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
        prune(os.environ, MOST_DAYS)
        for number in range(1, 1000):
            with contextlib.suppress(FileExistsError):
                os.mkdir(f"{self.root}/{name}-{number}", 0o700)
                self._stamp = f"{name}-{number}"
                return
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), f"{self.root}/{name}")

    def _place(self, path: str) -> str:
        self._make_folder()
        self._count += 1
        return f"{self.folder}/{self._count}-{_shortened(os.path.basename(path))}"

    def _carry(self, parent: int, name: str, kept: str) -> str:
        """Across file systems: a file is copied and a link described; what else there is stays, under another name."""
        status = os.lstat(name, dir_fd=parent)
        kind = status.st_mode & 0o170000
        if kind == 0o120000:  # S_IFLNK
            with open(kept, "wb") as file:
                file.write(b"a link to " + os.fsencode(os.readlink(name, dir_fd=parent)) + b"\n")
        elif kind == 0o100000 and status.st_size <= LARGEST_COPY:  # S_IFREG
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with open(os.open(name, flags, dir_fd=parent), "rb") as source, open(kept, "wb") as file:
                shutil.copyfileobj(source, file)
        else:
            kept = f"{_shortened(name)}.set-aside-{self._stamp}"
            os.rename(name, kept, src_dir_fd=parent, dst_dir_fd=parent)
            return kept
        os.unlink(name, dir_fd=parent)
        return kept


def _shortened(name: str) -> str:
    """With room for more: a name as long as any may be is as easy to choose."""
    return os.fsdecode(os.fsencode(name)[:LONGEST_NAME])


def prune(env: Mapping[str, str], days: float) -> None:
    """Remove what runs have set aside more than ``days`` ago, but for what one that goes on may still ask for."""
    latest = time.time() - max(days * 86400, UNFINISHED)
    try:
        with os.scandir(f"{state_dir(env)}/{KEPT_IN}") as folders:
            old = [one.path for one in folders if one.stat(follow_symlinks=False).st_mtime < latest]
    except OSError:
        return
    for folder in old:
        _open_up(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _open_up(folder: str) -> None:
    """A repository may hold folders that nobody can list; each is opened before what is in it is looked for."""
    for here, folders, _ in os.walk(folder):
        for name in folders:
            path = f"{here}/{name}"
            if not os.path.islink(path):
                with contextlib.suppress(OSError):
                    os.chmod(path, 0o700)
