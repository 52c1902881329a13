"""The file of ``--stdin`` for a sandboxed command: what is open for reading could be opened again for writing."""

import fcntl
import os

from llmx.exec.result import write_all

MOST = 1 << 26  # bytes; it takes memory, and a larger file is handed in as it is


def read_only(file: int) -> int:
    """A descriptor of the same bytes that nobody can change, in place of ``file``; else ``file`` itself."""
    facts = os.fstat(file)
    is_regular = facts.st_mode & 0o170000 == 0o100000  # S_IFREG
    if not is_regular or facts.st_size > MOST or not hasattr(os, "memfd_create"):
        return file
    copy = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _copy(file, copy, MOST)
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    except OSError:  # too long for a limit of the caller's
        os.close(copy)
        os.lseek(file, 0, os.SEEK_SET)
        return file
    os.lseek(copy, 0, os.SEEK_SET)
    os.close(file)
    return copy


def _copy(source: int, target: int, most: int) -> None:
    while most > 0 and (data := os.read(source, min(most, 1 << 20))):
        most -= len(data)
        write_all(target, data)
