"""Move and copy files so that nothing is ever written over, each step in the undo file before it is done."""

import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from llmx.core.edits.staging import sync_folder
from llmx.templates.builtin.file_classification.journal import Journal, Mark, Step
from llmx.templates.builtin.file_classification.targets import candidates

_NOT_OFFERED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
_NO_REPLACE = 1
_AT_FDCWD = -100


def mark_of(path: str) -> Mark | None:
    """The mark of what stands at ``path``, None where nothing does."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Mark(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def carry(journal: Journal, do: Literal["move", "copy"], source: str, target: str, mark: Mark) -> str:
    """Bring a file to ``target``, or to the next name that is free; the path that it has then.

    Raises ``OSError`` where it cannot be, with the source as it was.
    """
    if mark_of(source) != mark:
        raise OSError(0, "it has changed since it was looked at")
    folder, name = os.path.split(target)
    _make(journal, folder)
    for candidate in candidates(name):
        path = os.path.join(folder, candidate)
        if os.path.lexists(path):
            continue
        with suppress(FileExistsError):  # somebody was faster
            _carry(journal, journal.begin(do, source, path, mark))
            return path
    raise AssertionError


def go_on(step: Step) -> str:
    """Finish a step that was broken off: the path of the file that it has brought, "" where it is to be done anew."""
    target = mark_of(step.target)
    if target is None or not is_brought(step, target):
        return ""
    if step.do == "move" and mark_of(step.source) == step.mark:
        os.unlink(step.source)
    return step.target


def is_brought(step: Step, target: Mark) -> bool:
    """Whether what stands at the target is for sure what the step has brought there."""
    is_copy = step.staged is not None and target.place == step.staged.place
    return is_copy or (step.do == "move" and target.place == step.mark.place)


def rename_new(source: str, target: str) -> None:
    """Rename; raises ``FileExistsError`` where the target is there, and never replaces it."""
    try:
        _exclusive()(source, target)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        os.link(source, target, follow_symlinks=False)
        os.unlink(source)


def copy_to(source: str, stage: str, mark: Mark) -> Mark:
    """Copy a file with its mode, times and attributes to ``stage``, which is made, and its mark; durable on return."""
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(reading, "rb") as old:
        status = os.fstat(reading)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is no longer a file")
        writing = os.open(stage, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(writing, "wb") as new:
                shutil.copyfileobj(old, new, 1 << 20)
                new.flush()
                with suppress(PermissionError):
                    os.fchown(writing, status.st_uid, status.st_gid)
                shutil.copystat(source, stage, follow_symlinks=False)
                os.fsync(writing)
            copied = mark_of(stage)
            if mark_of(source) != mark or copied is None or copied.size != mark.size:
                raise OSError(0, "it has changed while it was copied")
        except BaseException:
            os.unlink(stage)
            raise
    return copied


def _carry(journal: Journal, step: Step) -> None:
    if step.do == "move":
        try:
            rename_new(step.source, step.target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
        if os.lstat(step.source).st_nlink > 1:
            raise OSError(0, "it has another name, a hard link, that another file system would part from it")
    copied = copy_to(step.source, step.stage, step.mark)
    try:
        step = journal.staged(step, copied)
        rename_new(step.stage, step.target)
    except OSError:
        os.unlink(step.stage)
        raise
    sync_folder(Path(step.target).parent)
    if step.do == "move":
        os.unlink(step.source)


def _make(journal: Journal, folder: str) -> None:
    """Make a folder and those above it; raises ``OSError`` for a link in the place of the last."""
    missing = []
    above = folder
    while not os.path.lexists(above):
        missing.append(above)
        above = os.path.dirname(above)
    for path in reversed(missing):
        journal.folder(path)
        with suppress(FileExistsError):
            os.mkdir(path)
    if not stat.S_ISDIR(os.lstat(folder).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "the folder of its category is a link or a file", folder)


@cache
def _exclusive() -> Callable[[str, str], None]:
    """The call of the system that renames without replacing; one that only says so where there is none."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)

    def rename(source: str, target: str) -> None:
        old, new = os.fsencode(source), os.fsencode(target)
        if function is None or function(_AT_FDCWD, old, _AT_FDCWD, new, _NO_REPLACE) != 0:
            code = errno.ENOSYS if function is None else ctypes.get_errno()
            raise OSError(code, os.strerror(code), source, None, target)

    return rename
