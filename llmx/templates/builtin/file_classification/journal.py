"""The undo file: what is about to be done, on the disk before it is done.

A line of JSON for each step, in ASCII, so that names of any bytes fit. A last line that is not whole was never acted
on.
"""

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from llmx import paths
from llmx.core.edits.staging import sync_folder
from llmx.errors import ConfigError, NotFoundError, PolicyError, UsageError
from llmx.paths import make_private

VERSION = 1
LAST = "last"


class Mark(NamedTuple):
    """What tells a file from another that has taken its name."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @property
    def place(self) -> tuple[int, int]:
        """Where its content lies: the same for all names of one file."""
        return self.device, self.inode

    @property
    def look(self) -> tuple[int, int]:
        """What stays the same in a copy that keeps the time."""
        return self.size, self.mtime_ns


@dataclass(frozen=True)
class Step:
    """One file that goes from ``source`` to ``target``, by way of ``stage`` where it is copied.

    ``mark`` is the source's, ``staged`` that of the whole copy, before it had its name. ``back`` is the stage of an
    undo that has to copy. Paths are absolute.
    """

    number: int
    do: Literal["move", "copy"]
    source: str
    target: str
    token: str
    mark: Mark
    staged: Mark | None = None

    @property
    def stage(self) -> str:
        """Where a copy grows."""
        return os.path.join(os.path.dirname(self.target), f".llmx-{self.token}.part")

    @property
    def back(self) -> str:
        """Where a copy grows on its way back."""
        return os.path.join(os.path.dirname(self.source), f".llmx-{self.token}.part")


@dataclass
class Log:
    """What an undo file says: steps and folders that were made, in their order."""

    done: list[Step | str] = field(default_factory=list)
    is_undone: bool = False

    @property
    def steps(self) -> list[Step]:
        """The steps alone."""
        return [each for each in self.done if isinstance(each, Step)]


class Journal:
    """An undo file that this process alone writes to."""

    def __init__(self, path: str) -> None:
        """Open it, or make it; raises ``PolicyError`` for one of somebody else, or that another process has."""
        self.path = path
        is_new = not os.path.lexists(path)
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT | os.O_EXCL if is_new else 0)
        try:
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise UsageError(f"the undo file {path!r} cannot be written: {error.strerror}") from None
        try:
            self._require_own()
            data = self._whole()
            self.log = _read(data, path)
        except BaseException:
            os.close(self._file)
            raise
        if not data:
            self._append({"undo": VERSION})
            sync_folder(Path(path).resolve().parent)

    def _require_own(self) -> None:
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PolicyError(
                f"the undo file {self.path!r} is not yours alone: it says which files are moved",
                hint="it must be a file of yours that nobody else may write to",
            )
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PolicyError(f"another process is at work with {self.path!r}") from None

    def _whole(self) -> bytes:
        """All lines that are whole; what is left of another is cut off, so that the next begins a line."""
        with open(os.dup(self._file), "rb") as file:
            file.seek(0)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            os.ftruncate(self._file, len(whole))
        return whole

    def folder(self, path: str) -> None:
        """A folder is about to be made."""
        self._append({"folder": path})
        self.log.done.append(path)

    def begin(self, do: Literal["move", "copy"], source: str, target: str, mark: Mark) -> Step:
        """A file is about to go."""
        step = Step(len(self.log.done), do, source, target, os.urandom(8).hex(), mark)
        told = {"do": do, "number": step.number, "from": source, "to": target, "token": step.token, "mark": mark}
        self._append(told)
        self.log.done.append(step)
        return step

    def staged(self, step: Step, mark: Mark) -> Step:
        """A copy is whole, and is about to have its name."""
        self._append({"staged": step.number, "mark": mark})
        self.log.done[step.number] = step = replace(step, staged=mark)
        return step

    def undone(self) -> None:
        """All of it was taken back."""
        self._append({"undone": True})
        self.log.is_undone = True

    def _append(self, told: Mapping[str, Any]) -> None:
        line = json.dumps(told).encode() + b"\n"
        size = os.fstat(self._file).st_size
        if os.write(self._file, line) != len(line):
            os.ftruncate(self._file, size)
            raise OSError(errno.ENOSPC, "the undo file cannot be written", self.path)
        os.fsync(self._file)

    def close(self) -> None:
        """Let others have it."""
        with suppress(OSError):
            os.close(self._file)


def _read(data: bytes, path: str) -> Log:
    log = Log()
    try:
        lines = [json.loads(line) for line in data.splitlines()]
        if lines and lines[0]["undo"] != VERSION:
            raise ValueError(f"its version is {lines[0]['undo']}")
        for told in lines[1:]:
            _add(log, told)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ConfigError(f"{path!r} is no undo file of file-classification: {error}", source=path) from None
    return log


def _add(log: Log, told: Mapping[str, Any]) -> None:
    log.is_undone = told.get("undone") is True  # what comes after it was done again
    if "folder" in told:
        log.done.append(str(told["folder"]))
    elif "do" in told:
        if told["do"] not in ("move", "copy") or told["number"] != len(log.done):
            raise ValueError(f"step {told['number']} is odd")
        if not all(os.path.isabs(told[key]) and "\0" not in told[key] for key in ("from", "to")):
            raise ValueError(f"step {told['number']} has no whole paths")
        token = bytes.fromhex(told["token"]).hex()
        log.done.append(Step(told["number"], told["do"], told["from"], told["to"], token, Mark(*told["mark"])))
    elif "staged" in told:
        step = log.done[told["staged"]]
        if not isinstance(step, Step):
            raise ValueError(f"step {told['staged']} is odd")
        log.done[step.number] = replace(step, staged=Mark(*told["mark"]))


def new_path() -> str:
    """Where an undo file is kept where nobody says; the names are in the order of their times."""
    now = time.time_ns()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now / 1e9))
    return os.path.join(make_private(_folder()), f"{stamp}-{now % 10**9:09d}-{os.urandom(2).hex()}.jsonl")


def find(name: str) -> str:
    """The undo file of that name; ``last`` is the newest of those that llmx keeps which was not undone."""
    if name != LAST:
        if not os.path.lexists(name):
            raise NotFoundError(f"there is no undo file {name!r}", hint="undo_file=last is the newest that llmx keeps")
        return os.path.abspath(name)
    for file in sorted(Path(_folder()).glob("*.jsonl"), reverse=True):
        if not _read(file.read_bytes().rpartition(b"\n")[0], str(file)).is_undone:
            return str(file)
    raise NotFoundError("there is nothing to undo", hint="--param undo_file=FILE names an undo file")


def _folder() -> str:
    return os.path.join(paths.state_dir(), "file-classification")
