"""A temporary folder for one command, and how it is emptied whatever the command has left in it."""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Mapping

from llmx.core.sandbox import TEMPORARY
from llmx.core.sandbox.environment import DISCARDED
from llmx.core.sandbox.hostile_tree import PATH_ONLY, open_up
from llmx.core.sandbox.sensitive import FOLDER_FLAGS

PREFIX = "llmx-run-"


class PrivateFolder:
    """A new folder, where the system keeps temporary ones, that only this user can enter. Raises ``OSError``.

    ``otherwise``: folders to take where none of those can be written to, as in the sandbox of another program.

    It is locked as long as it is used; what earlier runs have left because they were killed is removed.
    """

    def __init__(self, env: Mapping[str, str], otherwise: Iterable[str] = ()) -> None:
        failed: OSError = FileNotFoundError("no temporary folder")
        for parent in map(os.path.realpath, filter(None, (env.get("TMPDIR"), *TEMPORARY, *otherwise))):
            remove_abandoned(parent)
            self.path = f"{parent}/{PREFIX}{os.urandom(8).hex()}"
            try:
                os.mkdir(self.path, 0o700)
                self._lock = _lock(self.path)
            except OSError as error:
                failed = error
            else:
                return
        raise failed

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """``env`` with temporary files, and the caches that are not kept, in this folder."""
        moved = {
            name: self.path + value.removeprefix(os.path.dirname(DISCARDED))
            for name, value in env.items()
            if value == DISCARDED or value.startswith(f"{DISCARDED}/")
        }
        return dict.fromkeys(("TMPDIR", "TMP", "TEMP"), self.path) | dict(env) | moved

    def close(self) -> None:
        """Remove the folder with all that is in it; more than once does no harm."""
        if self._lock >= 0:
            remove_folder(self.path)
            os.close(self._lock)
        self._lock = -1


def remove_abandoned(parent: str) -> None:
    """Remove the folders in ``parent`` that runs of this user have left behind."""
    try:
        left = [entry.path for entry in os.scandir(parent) if entry.name.startswith(PREFIX)]
    except OSError:
        return
    for folder in left:
        with contextlib.suppress(OSError):
            if os.lstat(folder).st_uid == os.geteuid():
                lock = _lock(folder)
                try:
                    remove_folder(folder)
                finally:
                    os.close(lock)


def _lock(folder: str) -> int:
    """Hold the folder until the descriptor closes; raises ``OSError`` when somebody does."""
    descriptor = os.open(folder, FOLDER_FLAGS)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def remove_folder(folder: str) -> None:
    """Remove it with all that is in it, following no link; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        parent = os.open(os.path.dirname(folder), PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            name = os.path.basename(folder)
            open_up(parent, name)
            root = os.open(name, FOLDER_FLAGS, dir_fd=parent)
            try:
                _empty(root)
            finally:
                os.close(root)
            os.rmdir(name, dir_fd=parent)
        finally:
            os.close(parent)


def _empty(root: int) -> None:
    """Folders inside move up to the root, one level after the other: a tree may be deeper than any stack."""
    number = 0
    while names := os.listdir(root):
        for name in names:
            if _is_removed(root, name):
                continue
            open_up(root, name)
            folder = os.open(name, FOLDER_FLAGS, dir_fd=root)
            try:
                for inner in os.listdir(folder):
                    if not _is_removed(folder, inner):
                        open_up(folder, inner)
                        number += 1
                        os.rename(inner, f".{number}-{os.urandom(8).hex()}", src_dir_fd=folder, dst_dir_fd=root)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=root)


def _is_removed(folder: int, name: str) -> bool:
    """Whether the entry is gone, which a folder is not."""
    try:
        os.unlink(name, dir_fd=folder)
    except (IsADirectoryError, PermissionError):  # Linux says the one and other systems the other
        return False
    return True
