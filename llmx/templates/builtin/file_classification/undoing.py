"""Take back what an undo file says, whatever of it was done; it may be broken off and begun again at any point."""

import errno
import filecmp
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from llmx.core.edits.staging import sync_folder
from llmx.templates.builtin.file_classification.journal import Log, Mark, Step
from llmx.templates.builtin.file_classification.moving import copy_to, is_brought, mark_of, rename_new

Status = Literal["restored", "removed", "as it was", "left"]


class Undone(NamedTuple):
    """What became of one step; ``left`` with a reason where nothing could be done without harm."""

    step: Step
    status: Status
    reason: str = ""


def undo(log: Log, *, dry_run: bool) -> list[Undone]:
    """Take back all steps, last first, and the folders that were made, where nothing else is in them."""
    told = []
    for each in reversed(log.done):
        if isinstance(each, Step):
            told.append(_safely(each, dry_run=dry_run))
        elif not dry_run:
            with suppress(OSError):  # somebody has put something there, or it was never made
                os.rmdir(each)
    return told


def _safely(step: Step, *, dry_run: bool) -> Undone:
    try:
        return _copy(step, dry_run=dry_run) if step.do == "copy" else _move(step, dry_run=dry_run)
    except OSError as error:
        return Undone(step, "left", error.strerror or str(error))


def _copy(step: Step, *, dry_run: bool) -> Undone:
    """A copy goes, unless somebody has worked on it."""
    if not dry_run:
        _drop(step.stage)
    target = mark_of(step.target)
    if target is None or step.staged is None or target.place != step.staged.place:
        return Undone(step, "as it was")
    if target.look != step.staged.look:
        return Undone(step, "left", "the copy has changed since")
    if not dry_run:
        os.unlink(step.target)
    return Undone(step, "removed")


def _move(step: Step, *, dry_run: bool) -> Undone:
    if not dry_run:
        _drop(step.stage)
        _drop(step.back)
    source, target = mark_of(step.source), mark_of(step.target)
    if source is not None and source.place == step.mark.place:  # it never went, or was about to
        if target is None or not is_brought(step, target):
            return Undone(step, "as it was")
    elif target is None or not (is_brought(step, target) or target.look == step.mark.look):
        return Undone(step, "as it was") if source else Undone(step, "left", _lost(target))
    elif source is None:
        if not dry_run:
            _bring_back(step)
        return Undone(step, "restored")
    elif source.look != target.look or not filecmp.cmp(step.source, step.target, shallow=False):
        return Undone(step, "left", "another file has its old name")
    if not dry_run:
        os.unlink(step.target)
    return Undone(step, "restored")


def _lost(target: Mark | None) -> str:
    return "another file has its new name" if target else "it is at neither place"


def _bring_back(step: Step) -> None:
    os.makedirs(os.path.dirname(step.source), exist_ok=True)
    try:
        rename_new(step.target, step.source)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    mark = mark_of(step.target)
    if mark is None:
        raise FileNotFoundError(errno.ENOENT, "it has gone")
    copy_to(step.target, step.back, mark)
    rename_new(step.back, step.source)
    sync_folder(Path(step.source).parent)
    os.unlink(step.target)


def _drop(stage: str) -> None:
    """A copy that was not finished."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISREG(os.lstat(stage).st_mode):
            os.unlink(stage)
