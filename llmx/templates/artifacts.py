"""Artifacts are written below the output folder only, all of them or none, and over nothing that was there."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from llmx.errors import LlmxError, PolicyError, UsageError
from llmx.templates import Artifact

LONGEST_NAME, LONGEST_PART = 200, 120


def check_name(name: str) -> str:
    """``name`` where it names a file below a folder; raises ``PolicyError`` for one that leads elsewhere."""
    path = PurePosixPath(name)
    parts = path.parts
    is_odd = not name or not name.isprintable() or "\\" in name or ":" in name or len(name) > LONGEST_NAME
    leads_out = path.is_absolute() or ".." in parts or not parts or any(part.lower() == ".git" for part in parts)
    is_long = any(len(os.fsencode(part)) > LONGEST_PART for part in parts)
    if is_odd or leads_out or is_long or name.endswith("/"):
        raise PolicyError(f"{name!r} is no name for an artifact: it must be a file below the output folder")
    return str(path)


def require_writable(folder: Path) -> None:
    """Make the folder, and see that it takes files: before anything is paid for what is to be written there."""
    probe = folder / f".llmx-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        probe.unlink()
    except OSError as error:
        hint = "name another --output-dir; nothing was asked"
        raise UsageError(f"--output-dir {folder} cannot be written: {error.strerror}", hint=hint) from None


def write(folder: Path, artifacts: Sequence[Artifact], *, force: bool = False) -> list[Path]:
    """Write them all, or none where one of them cannot be; raises ``UsageError`` for what is there already."""
    names = [check_name(artifact.name) for artifact in artifacts]
    targets = [folder / name for name in names]
    _check_apart(names)
    for target in targets:
        if target.is_dir() and not target.is_symlink():
            raise UsageError(f"{target} is a folder", hint="name another --output-dir")
        if not force and os.path.lexists(target):
            raise UsageError(f"{target} is there already", hint="--force writes over it, or name another --output-dir")
    staged: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, artifact in zip(targets, artifacts, strict=True):
            _make_below(target.parent, folder)
            staged.append(_staged(target, artifact.data))
        for fresh, target in zip(staged, targets, strict=True):
            os.replace(fresh, target)
    except OSError as error:
        raise LlmxError(f"{error.filename or folder} cannot be written: {error.strerror}") from None
    finally:
        for fresh in staged:
            fresh.unlink(missing_ok=True)
    return targets


def _check_apart(names: Sequence[str]) -> None:
    """No artifact may be the folder of another."""
    folders = {str(above) for name in names for above in PurePosixPath(name).parents}
    for name in names:
        if name in folders:
            raise PolicyError(f"{name!r} is the name of an artifact, and of a folder with others")


def _make_below(parent: Path, folder: Path) -> None:
    """Make ``parent``, unless a link on the way leads out of ``folder``."""
    nearest = next(path for path in (parent, *parent.parents) if path.exists())
    if not nearest.resolve().is_relative_to(folder.resolve()):
        raise PolicyError(f"{parent} leads out of {folder}")
    parent.mkdir(parents=True, exist_ok=True)


def _staged(target: Path, data: bytes) -> Path:
    """The bytes, safe on the disk under a name of their own, through no link that somebody has put there."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(3).hex()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return fresh
