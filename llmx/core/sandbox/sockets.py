"""Unix sockets in the open, by which a command could ask a program outside to do what it may not do itself.

Neither a network namespace nor a read-only file system keeps a process from connecting to one. Each is covered; where
another user may take it away at any moment, which would leave nothing to cover, the whole folder appears empty.
"""

import os

from llmx.core.sandbox.workspace import is_below_any


def split(names: list[str]) -> tuple[list[str], list[str]]:
    """The sockets among ``names`` that this user may connect to and that are covered, and folders to hide instead."""
    sockets = [name for name in sorted(set(names)) if _is_reachable(name)]
    folders: list[str] = []
    for path in sockets:
        if (folder := unsteady_folder(path)) and not is_below_any(folder, folders):
            folders.append(folder)
    return [path for path in sockets if not is_below_any(path, folders)], folders


def _is_reachable(path: str) -> bool:
    try:
        is_socket = os.lstat(path).st_mode & 0o170000 == 0o140000  # S_IFSOCK
    except OSError:
        return False
    return is_socket and os.path.realpath(path) == path and os.access(path, os.W_OK)


def unsteady_folder(path: str) -> str:
    """The folder on the way to ``path`` which stays, but whose next entry on that way other users can take away.

    "" where nobody but root and this user can; the root of all is never named, as no command could run below.
    """
    folder = "/"
    for name in path.split("/")[1:]:
        entry = os.path.join(folder, name)
        try:
            if _others_may_remove(folder, entry):
                return folder if folder != "/" else ""
        except OSError:  # the folder is gone, and none but root and this user can have done it
            return ""
        folder = entry
    return ""


def _others_may_remove(folder: str, entry: str) -> bool:
    trusted = (0, os.getuid())
    facts = os.lstat(folder)
    if facts.st_uid not in trusted:
        return True
    is_shared = facts.st_mode & 0o002 or (facts.st_mode & 0o020 and facts.st_gid not in (0, os.getgid()))
    if not is_shared:
        return False
    if not facts.st_mode & 0o1000:  # S_ISVTX, where each removes only his own
        return True
    return not os.path.lexists(entry) or os.lstat(entry).st_uid not in trusted
