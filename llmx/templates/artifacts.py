"""Artifacts are written below the output folder only, whole, and over nothing that was there."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile

from llmx.errors import LlmxError, PolicyError, UsageError
from llmx.templates import Artifact


def check_name(name: str) -> str:
    """``name`` where it names a file below a folder; raises ``PolicyError`` for one that leads elsewhere."""
    path = PurePosixPath(name)
    is_odd = not name or not name.isprintable() or "\\" in name or ":" in name or len(name) > 200
    if is_odd or path.is_absolute() or ".." in path.parts or path.parts[:1] in ((), (".git",)) or name.endswith("/"):
        raise PolicyError(f"{name!r} is no name for an artifact: it must be a file below the output folder")
    return str(path)


def require_writable(folder: Path) -> None:
    """Make ``folder``; raises ``UsageError`` where nothing can be written into it, before anything is paid for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"--output-dir {folder} cannot be written: {error.strerror}") from None


def write(folder: Path, artifacts: Sequence[Artifact], *, force: bool = False) -> list[Path]:
    """Write them all, or none where one of them cannot be; raises ``UsageError`` for what is there already."""
    targets = [folder / check_name(artifact.name) for artifact in artifacts]
    if taken := [target for target in targets if os.path.lexists(target)] if not force else []:
        raise UsageError(f"{taken[0]} is there already", hint="--force writes over it, or name another --output-dir")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target in targets:
            _require_below(target.parent, folder)
        return [_write(target, artifact.data) for target, artifact in zip(targets, artifacts, strict=True)]
    except OSError as error:
        raise LlmxError(f"{error.filename or folder} cannot be written: {error.strerror}") from None


def _require_below(parent: Path, folder: Path) -> None:
    """Make ``parent``, unless a link on the way leads out of ``folder``."""
    nearest = next(path for path in (parent, *parent.parents) if path.exists())
    if not nearest.resolve().is_relative_to(folder.resolve()):
        raise PolicyError(f"{parent} leads out of {folder}")
    parent.mkdir(parents=True, exist_ok=True)


def _write(target: Path, data: bytes) -> Path:
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        os.replace(fresh, target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return target
