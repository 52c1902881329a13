"""Reach and write entries of a tree that a hostile program has had in its hands: by descriptors, never along a link."""

import contextlib
import os

from llmx.core.sandbox.sensitive import FOLDER_FLAGS
from llmx.core.sandbox.set_aside import SetAside

WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)


class HostileTree:
    """``roots``: path -> descriptor of the folders that the sandbox could not replace."""

    def __init__(self, roots: dict[str, int], aside: SetAside) -> None:
        self._roots = roots
        self._aside = aside

    def split(self, path: str) -> tuple[int, list[str]]:
        """The root that ``path`` is in, and the names that lead there."""
        root = max((root for root in self._roots if path.startswith(f"{root}/")), key=len)
        return self._roots[root], path[len(root) + 1 :].split("/")

    def open_parent(self, path: str, *, makes: bool = False) -> int:
        """A descriptor of the folder that ``path`` is in. ``makes``: it is to be there; what stands there is kept."""
        root, names = self.split(path)
        folder, done = os.dup(root), path[: -len("/".join(names)) - 1]
        for name in names[:-1]:
            done += f"/{name}"
            try:
                inner = self._open(folder, name, done, makes=makes)
            finally:
                os.close(folder)
            folder = inner
        return folder

    def _open(self, parent: int, name: str, path: str, *, makes: bool) -> int:
        try:
            return os.open(name, FOLDER_FLAGS, dir_fd=parent)
        except PermissionError:
            open_up(parent, name)
        except FileNotFoundError:
            if not makes:
                raise
            os.mkdir(name, 0o777, dir_fd=parent)  # the user's umask takes from that, as git's mkdir does
        except OSError:  # a link or a file
            if not makes:
                raise
            self._aside.take(parent, name, path)
            os.mkdir(name, 0o777, dir_fd=parent)
        return os.open(name, FOLDER_FLAGS, dir_fd=parent)

    def take_away(self, path: str) -> str:
        """Move what is at ``path`` to where it is kept; its new place, "" when there was nothing."""
        folder = self.open_parent(path)
        try:
            return self._aside.take(folder, os.path.basename(path), path)
        except FileNotFoundError:
            return ""
        finally:
            os.close(folder)

    def write(self, path: str, content: bytes, mode: int, *, lock: str = "") -> None:
        """Put a file to ``path``, in place of one that is there. ``lock``: the name others respect, if it is free."""
        folder, name = self.open_parent(path, makes=True), os.path.basename(path)
        try:
            temporary = f".{name}.llmx-{os.getpid()}"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            try:
                file = os.open(lock or temporary, WRITE_FLAGS, 0o600, dir_fd=folder)
                temporary = lock or temporary
            except FileExistsError:
                file = os.open(temporary, WRITE_FLAGS, 0o600, dir_fd=folder)
            try:
                with open(file, "wb") as stream:
                    stream.write(content)
                    os.fchmod(stream.fileno(), mode)
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:  # no room; a lock that stayed would stop git
                os.unlink(temporary, dir_fd=folder)
                raise
        finally:
            os.close(folder)

    def link(self, path: str, target: bytes) -> None:
        """Make a link at ``path``, where nothing is."""
        folder = self.open_parent(path, makes=True)
        try:
            os.symlink(target, os.fsencode(os.path.basename(path)), dir_fd=folder)
        finally:
            os.close(folder)

    def move_back(self, source: str, path: str) -> bool:
        """Rename the folder ``source`` to ``path``, where nothing is; False when it is no folder of this tree."""
        try:
            theirs = self.open_parent(source)
        except (OSError, ValueError):
            return False
        ours = self.open_parent(path)
        try:
            os.close(os.open(os.path.basename(source), FOLDER_FLAGS, dir_fd=theirs))
            os.rename(os.path.basename(source), os.path.basename(path), src_dir_fd=theirs, dst_dir_fd=ours)
        except OSError:
            return False
        finally:
            os.close(theirs)
            os.close(ours)
        return True

    def open_up_all(self, paths: list[str]) -> bool:
        """Make folders usable for their owner again that a ``chmod`` has closed; says whether there were any."""
        changed = False
        for root in self._roots.values():
            if os.fstat(root).st_mode & 0o700 != 0o700:
                os.fchmod(root, os.fstat(root).st_mode & 0o7777 | 0o700)
                changed = True
        for path in sorted(path for path in paths if path not in self._roots):
            with contextlib.suppress(OSError):
                folder = self.open_parent(path)
                try:
                    changed |= open_up(folder, os.path.basename(path))
                finally:
                    os.close(folder)
        return changed


def open_up(parent: int, name: str) -> bool:
    """Give the owner of the folder ``name`` all rights on it; says whether some were missing."""
    folder = os.open(name, PATH_ONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
    try:
        mode = os.fstat(folder).st_mode & 0o7777
        if mode & 0o700 == 0o700:
            return False
        os.chmod(f"/proc/self/fd/{folder}", mode | 0o700)
    finally:
        os.close(folder)
    return True
