"""Which project files the user has read and trusts: the exact bytes at the exact place, and nothing like it.

The folder of a template is trusted as the list of its files with their sums.
"""

import fcntl
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple

from llmx import paths
from llmx.core.settings.documents import LARGEST
from llmx.core.settings.folders import manifest
from llmx.core.settings.sources import shown
from llmx.errors import ConfigError, NotFoundError, UsageError

TEMPLATE = "template.toml"
"""What makes a folder that of a template."""


class Trusted(NamedTuple):
    """A project file whose content the user trusts."""

    path: str
    sha256: str
    since: str


class ProjectFile(NamedTuple):
    """A project's ``llmx.toml`` as it was read once: what is hashed is what is parsed."""

    path: str
    data: bytes
    owner: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def is_own(self) -> bool:
        """Whether it belongs to this user, or to root, who could change the system's settings anyway."""
        return self.owner in (os.geteuid(), 0)


def read_project(path: str) -> ProjectFile:
    """Read a project file without following a link in its last part; raises ``ValueError`` with what it is instead."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = "it is a symbolic link" if os.path.islink(path) else error.strerror or "it cannot be read"
        raise ValueError(reason) from None
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        os.close(handle)
        raise ValueError("it is not a regular file")
    with open(handle, "rb") as opened:
        return ProjectFile(path, opened.read(LARGEST + 1), facts.st_uid)


def _read_whole(path: str) -> ProjectFile:
    """A project file, or the folder of a template as the list of what it holds."""
    is_template = os.path.isfile(f"{path}/{TEMPLATE}") and not os.path.islink(path)
    return ProjectFile(path, manifest(path), os.stat(path).st_uid) if is_template else read_project(path)


def is_trusted(path: str, env: Mapping[str, str] = os.environ) -> bool:
    """Whether the file as it stands now is trusted, by record or by ``LLMX_TRUST``."""
    try:
        return is_trusted_file(_read_whole(path), env.get("LLMX_TRUST", ""), record_path(env))
    except ValueError:
        return False


def was_trusted(path: str, env: Mapping[str, str] = os.environ) -> bool:
    """Whether it is on record, whatever has become of it since."""
    return real_place(path) in _read(record_path(env))


def is_trusted_file(file: ProjectFile, trusted: str, record: str) -> bool:
    """The same for a file already read; ``trusted`` is what ``LLMX_TRUST`` holds. Raises ``ConfigError`` for that."""
    if file.sha256 in named_hashes(trusted):
        return True
    known = _read(record).get(real_place(file.path))
    return known is not None and known.sha256 == file.sha256


def named_hashes(trusted: str) -> set[str]:
    """The whole hashes in ``sha256:…,sha256:…``; anything less than a whole one is an error, never a match."""
    words = [word.strip() for word in trusted.split(",") if word.strip()]
    for word in words:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", word):
            hint = "sha256sum llmx.toml gives it"
            message = "LLMX_TRUST must be sha256: and 64 lower-case hexadecimal digits, several with commas between"
            raise ConfigError(message, source="LLMX_TRUST", hint=hint)
    return {word.removeprefix("sha256:") for word in words}


def trust(path: str, env: Mapping[str, str] = os.environ, *, sha256: str | None = None) -> Trusted:
    """Record the file's hash; with ``sha256`` only if that is what it still has. Raises ``LlmxError``."""
    file = open_project(path)
    if sha256 is not None and file.sha256 != sha256:
        hint = f"read it, then: llmx trust {shown(path)}"
        raise UsageError(f"{shown(path)} has changed since it was shown", hint=hint)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = Trusted(real_place(path), file.sha256, now)
    record = record_path(env)
    with _changing(record):
        _write(record, _read(record) | {entry.path: entry})
    return entry


def open_project(path: str) -> ProjectFile:
    """The project file at ``path``; raises ``NotFoundError`` or ``UsageError``."""
    try:
        return _read_whole(path)
    except ValueError as error:
        if not os.path.lexists(path):
            raise NotFoundError(f"there is no {shown(path)}", hint="llmx trust PATH/llmx.toml") from None
        raise UsageError(f"{shown(path)} cannot be trusted: {error}") from None


def revoke(path: str, env: Mapping[str, str] = os.environ) -> bool:
    """Forget the file; whether it was known. It need not exist any more."""
    record = record_path(env)
    with _changing(record):
        known = _read(record)
        if known.pop(real_place(path), None) is None:
            return False
        _write(record, known)
    return True


def trusted(env: Mapping[str, str] = os.environ) -> list[Trusted]:
    """What is recorded, by path."""
    return sorted(_read(record_path(env)).values())


def record_path(env: Mapping[str, str] = os.environ) -> str:
    """The file that the record is kept in."""
    return f"{paths.state_dir(env)}/trust.json"


def real_place(path: str) -> str:
    """The path with every link of its folders resolved; the file itself is none."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


@contextmanager
def _changing(record: str) -> Iterator[None]:
    """Held from reading the record to replacing it, so that two changes at once both count."""
    try:
        paths.make_private(os.path.dirname(record))
        lock = os.open(f"{record}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot keep the trust record {shown(record)}: {error.strerror}", source=record) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(record: str) -> dict[str, Trusted]:
    """The record; an absent one is empty, and one that others can write, or that is damaged, trusts nothing."""
    try:
        handle = os.open(record, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        os.close(handle)
        return {}
    with open(handle, "rb") as opened:
        data = opened.read()
    try:
        rows = json.loads(data)["files"]
        return {path: Trusted(path, row["sha256"], row["since"]) for path, row in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _write(record: str, known: Mapping[str, Trusted]) -> None:
    """Replace the record whole; raises ``ConfigError``."""
    rows = {entry.path: {"sha256": entry.sha256, "since": entry.since} for entry in known.values()}
    fresh = f"{record}.{os.getpid()}"
    try:
        paths.make_private(os.path.dirname(record))
        with suppress(FileNotFoundError):
            os.unlink(fresh)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "w", encoding="utf-8") as opened:
            json.dump({"version": 1, "files": rows}, opened, indent=1)
            opened.flush()
            os.fsync(handle)
        os.chmod(fresh, 0o600)
        os.replace(fresh, record)
    except OSError as error:
        raise ConfigError(f"cannot keep the trust record {shown(record)}: {error.strerror}", source=record) from None
