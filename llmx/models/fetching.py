"""One file of a pull: used where it already is, fetched, or awaited while another process fetches it."""

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from llmx.core.settings.sources import shown
from llmx.errors import LlmxError
from llmx.models.download import Tell, Way, download
from llmx.models.partial import Partial, fetched_by_another
from llmx.models.places import RECORD, Record, read_record, write_record
from llmx.models.progress import State
from llmx.models.remote import Resolve

_LOOK_AGAIN = 0.2


class Wanted(NamedTuple):
    """One file: where it is to be, what is known of it, and how its bytes are found."""

    target: str
    source: str
    commit: str
    size: int
    digest: str
    version: str
    resolve: Resolve


Moved = Callable[[State, int], None]
"""Told the state of this file, and how many of its bytes that is about."""


def is_here(wanted: Wanted) -> bool:
    """Whether the very file is there, whole."""
    record = read_record(wanted.target)
    try:
        size = os.stat(wanted.target).st_size
    except OSError:
        return False
    if record is None or size != wanted.size:
        return False
    return (
        record.digest == wanted.digest if wanted.digest else bool(wanted.version) and record.version == wanted.version
    )


def obtain(wanted: Wanted, moved: Moved, way: Way, *, force: bool = False) -> bool:
    """Have the file at its place; whether bytes were fetched for it by this process."""
    if force:
        forget(wanted.target)
    try:
        return _obtain(wanted, moved, way)
    except OSError as error:
        hint = "what is here is kept: make room, then pull again" if error.errno == 28 else None
        raise LlmxError(f"{shown(error.filename or wanted.target)}: {error.strerror}", hint=hint) from None


def _obtain(wanted: Wanted, moved: Moved, way: Way) -> bool:
    with Partial(wanted.target) as partial:
        while not partial.acquire():
            moved("Downloading", fetched_by_another(wanted.target)[0])
            time.sleep(_LOOK_AGAIN)
        if is_here(wanted):
            partial.discard()
            return False
        tell = Tell(lambda done: moved("Downloading", done), lambda done: moved("Verifying", done))
        remote, digest = download(partial, wanted.resolve, tell, way)
        moved("Verifying", remote.size)
        write_record(wanted.target, Record(wanted.source, wanted.commit, digest, remote.size, remote.version))
        partial.complete()
    return True


def link(wanted: Wanted, existing: str) -> None:
    """Use a file of another tool's under the name that it has here."""
    os.makedirs(os.path.dirname(wanted.target), exist_ok=True)
    forget(wanted.target)
    write_record(wanted.target, Record(wanted.source, wanted.commit, wanted.digest, wanted.size, wanted.version))
    os.symlink(existing, wanted.target)


def forget(target: str) -> None:
    """Remove what is at a place of the store, its record with it."""
    for path in (target, target + RECORD):
        if os.path.lexists(path):
            os.unlink(path)
