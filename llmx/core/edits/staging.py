"""Files and names that are on the disk when the call returns, and a new file dressed as the one it replaces."""

import contextlib
import os
from pathlib import Path


def write_durably(file: Path, data: bytes, mode: int = 0o600) -> None:
    """Make ``file``, which must not exist, with ``data`` on the disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Put the names in ``folder`` on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stage(staged: Path, data: bytes, *, like: Path, mode: int | None) -> None:
    """Write ``data`` to ``staged`` with the owner, attributes and mode of ``like``; with ``mode`` where that is not."""
    if not like.exists():
        write_durably(staged, data, 0o666)
        if mode is not None:
            os.chmod(staged, mode)
        return
    write_durably(staged, data)
    old = os.stat(like)
    with contextlib.suppress(PermissionError):
        os.chown(staged, old.st_uid, old.st_gid)
    with contextlib.suppress(OSError, AttributeError):
        for name in os.listxattr(like):
            os.setxattr(staged, name, os.getxattr(like, name))
    os.chmod(staged, old.st_mode & 0o7777)


def put(staged: Path | None, file: Path) -> None:
    """Let ``staged`` take the place of ``file``; without one, take ``file`` away."""
    if staged is not None:
        os.replace(staged, file)
    else:
        file.unlink(missing_ok=True)
    sync_folder(file.parent)
