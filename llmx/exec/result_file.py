"""Files that a result or a report is put into; that of ``--result`` as it is before the run.

The command may put a link or a pipe in its place.
"""

import os

from llmx.core.sandbox.typed import follow
from llmx.errors import ExecError
from llmx.exec.result import write_all
from llmx.paths import home, open_exactly

NAME_ONLY = getattr(os, "O_PATH", 0) | os.O_CLOEXEC
OF_THE_KERNEL = ("/dev/", "/proc/")  # such as /dev/fd/3; what those lead to may be no path


class ResultFile:
    """Held until ``write`` or ``close``; raises ``ExecError`` for what could not be written to after the run."""

    def __init__(self, path: str) -> None:
        self._path = path
        if os.path.isdir(path):
            raise ExecError(f"--result {path}: it is a folder", code="result")
        self._target = os.path.abspath(path)
        self._is_special = os.path.exists(path) and not os.path.isfile(path)
        if not self._target.startswith(OF_THE_KERNEL):
            self._target = follow("--result", self._target, os.path.realpath(home()))
        elif not self._is_special:
            self._target = os.path.realpath(path)
        self._require_writable()
        try:
            self._held = self._open()
        except OSError as error:
            raise ExecError(f"--result {path}: {error.strerror}", code="result") from None

    def _require_writable(self) -> None:
        folder, is_there = os.path.dirname(self._target), os.path.exists(self._target)
        if not os.path.isdir(folder):
            raise ExecError(f"--result {self._path}: its folder does not exist", code="result")
        is_refused = not self._is_special and not os.access(folder, os.W_OK | os.X_OK)
        if is_refused or (is_there and not os.access(self._target, os.W_OK)):
            raise ExecError(f"--result {self._path}: not writable", code="result")

    def _open(self) -> int:
        """Its folder; or the name of the pipe or device, which to open could mean to wait for its reader."""
        if not self._is_special:
            return open_exactly(os.path.dirname(self._target))
        return os.open(self._target, NAME_ONLY) if hasattr(os, "O_PATH") else -1

    def write(self, data: bytes) -> None:
        """Put ``data`` there whole or not at all; a pipe or device is written to as it is. Raises ``OSError``."""
        if not self._is_special:
            self._replace(os.path.basename(self._target), data)
        else:
            place = f"/proc/self/fd/{self._held}" if self._held >= 0 else self._target
            _write(os.open(place, os.O_WRONLY | os.O_CLOEXEC), data)

    def close(self) -> None:
        """Give up what is held."""
        if self._held >= 0:
            os.close(self._held)
        self._held = -1

    def _replace(self, name: str, data: bytes) -> None:
        temporary = f"{name}.{os.getpid()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(temporary, flags, 0o666, dir_fd=self._held)
        try:
            _write(file, data)
            os.rename(temporary, name, src_dir_fd=self._held, dst_dir_fd=self._held)
        except OSError:
            os.unlink(temporary, dir_fd=self._held)
            raise


def write_file(path: str, data: bytes) -> None:
    """Put ``data`` at ``path`` whole or not at all; a special file such as a pipe is written to as it is."""
    if os.path.exists(path) and not os.path.isfile(path):
        _write(os.open(path, os.O_WRONLY | os.O_CLOEXEC), data)
        return
    target = os.path.realpath(path)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        _write(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), data)
        os.rename(temporary, target)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def _write(descriptor: int, data: bytes) -> None:
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def check(path: str) -> None:
    """Refuse before the run what could not be written after it."""
    ResultFile(path).close()
