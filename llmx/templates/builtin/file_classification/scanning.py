"""Which files are to be sorted, and why any are left alone."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from llmx.errors import NotFoundError, UsageError
from llmx.templates.folders import SKIPPED


class Found(NamedTuple):
    """A file as it was found; ``reason`` says why it is left alone, "" where it is not."""

    path: str
    reason: str = ""
    device: int = 0
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0


def scan(source: str, own: tuple[str, ...], *, recursive: bool) -> list[Found]:
    """The files at ``source``, in the order of their names; ``own`` are folders that files are sorted into."""
    try:
        is_folder = stat.S_ISDIR(os.stat(source).st_mode)
    except FileNotFoundError:
        raise NotFoundError(f"there is nothing at {shown(source)}") from None
    except OSError as error:
        raise UsageError(f"{shown(source)} cannot be read: {error.strerror}") from None
    return list(_below(source, own, recursive=recursive)) if is_folder else [_found(source)]


def _below(folder: str, own: tuple[str, ...], *, recursive: bool) -> Iterator[Found]:
    try:
        with os.scandir(folder) as entries:
            inside = sorted(entries, key=lambda each: os.fsencode(each.name))
    except OSError as error:
        yield Found(folder, str(error.strerror))
        return
    for entry in inside:
        if not entry.is_dir(follow_symlinks=False):
            yield _found(entry.path)
        elif recursive and os.path.realpath(entry.path) not in own:
            reason = _why_not(entry)
            if reason:
                yield Found(entry.path, reason)
            else:
                yield from _below(entry.path, own, recursive=True)


def _why_not(folder: "os.DirEntry[str]") -> str:
    """Why a folder is not entered: what belongs together stays so."""
    if folder.name.startswith("."):
        return "hidden"
    if folder.name in SKIPPED or os.path.lexists(os.path.join(folder.path, ".git")):
        return "a folder of a program"
    return ""


def _found(path: str) -> Found:
    try:
        status = os.lstat(path)
    except OSError as error:
        return Found(path, str(error.strerror))
    facts = Found(path, "", status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    if stat.S_ISLNK(status.st_mode):
        return facts._replace(reason="a link")
    if not stat.S_ISREG(status.st_mode):
        return facts._replace(reason="no regular file")
    return facts._replace(reason="hidden") if os.path.basename(path).startswith(".") else facts


def shown(path: str) -> str:
    """A path as text: bytes that are no UTF-8 and what a terminal may obey are written as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
