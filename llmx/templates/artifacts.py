"""Artifacts are written below the output folder only, all of them or none, and over nothing that was there."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from llmx.errors import LlmxError, PolicyError, UsageError
from llmx.templates import Artifact, Template
from llmx.templates.artifact_names import check_name
from llmx.templates.parameters import checked
from llmx.templates.rendering import Renderer


def require_room(folder: Path, template: Template, parameters: Mapping[str, Any], *, force: bool = False) -> None:
    """See that the folder takes files, and that none of those is there that every run of the template makes.

    Before anything is asked and paid. Nothing is left of it: what makes nothing leaves no empty folder behind.
    """
    values, renderer = checked(template, parameters), Renderer(template.folder)
    made: list[Path] = []
    probe = folder / f".llmx-{os.getpid()}"
    try:
        _make(folder, made)
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        probe.unlink()
    except OSError as error:
        hint = "name another --output-dir; nothing was asked"
        raise UsageError(f"--output-dir {folder} cannot be written: {error.strerror}", hint=hint) from None
    finally:
        _take_away(made)
    try:
        _require_free([folder / check_name(renderer.text(name, values)) for name in template.artifacts], force=force)
    except UsageError as error:
        error.hint = f"{error.hint}; nothing was asked"
        raise


def _require_free(targets: Sequence[Path], *, force: bool) -> None:
    for target in targets:
        if target.is_dir() and not target.is_symlink():
            raise UsageError(f"{target} is a folder", hint="name another --output-dir")
        if not force and os.path.lexists(target):
            raise UsageError(f"{target} is there already", hint="--force writes over it, or name another --output-dir")


def write(folder: Path, artifacts: Sequence[Artifact], *, force: bool = False) -> list[Path]:
    """Write them all, or none where one of them cannot be; raises ``UsageError`` for what is there already."""
    names = [check_name(artifact.name) for artifact in artifacts]
    targets = [folder / name for name in names]
    _check_apart(names)
    _require_free(targets, force=force)
    staged: list[Path] = []
    made: list[Path] = []
    try:
        for target, artifact in zip(targets, artifacts, strict=True):
            _make(folder, made)
            _make_below(target.parent, folder, made)
            staged.append(_staged(target, artifact.data))
        for fresh, target in zip(staged, targets, strict=True):
            os.replace(fresh, target)
    except OSError as error:
        raise LlmxError(f"{error.filename or folder} cannot be written: {error.strerror}") from None
    finally:
        for fresh in staged:
            fresh.unlink(missing_ok=True)
        _take_away(made)
    return targets


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and add those that were not there to ``made``."""
    if not folder.is_dir():
        _make(folder.parent, made)
        folder.mkdir(exist_ok=True)
        made.append(folder)


def _take_away(made: Sequence[Path]) -> None:
    """Of the folders that were made, those in which nothing is."""
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def _check_apart(names: Sequence[str]) -> None:
    """No artifact may be the folder of another."""
    folders = {str(above) for name in names for above in PurePosixPath(name).parents}
    for name in names:
        if name in folders:
            raise PolicyError(f"{name!r} is the name of an artifact, and of a folder with others")


def _make_below(parent: Path, folder: Path, made: list[Path]) -> None:
    """Make ``parent``, unless a link on the way leads out of ``folder``."""
    nearest = next(path for path in (parent, *parent.parents) if path.exists())
    if not nearest.resolve().is_relative_to(folder.resolve()):
        raise PolicyError(f"{parent} leads out of {folder}")
    _make(parent, made)


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
