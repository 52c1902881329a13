"""What a template is told to read: files and folders as documents, and why anything in them is left out."""

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llmx.documents import Document, DocumentError, read_async
from llmx.errors import NotFoundError
from llmx.knowledge import Place
from llmx.templates.folders import SKIPPED

HARMLESS = {"unsupported": "binary", "empty": "empty"}
"""Why a file that nobody named may be left out: pictures and empty files hold nothing to read."""


class Material(NamedTuple):
    """A document, and how its path was written; the document's own is absolute."""

    name: str
    document: Document


async def materials(
    paths: Sequence[str], coverage: list[dict[str, Any]], most: int | None = None
) -> AsyncIterator[Material]:
    """The documents at ``paths`` and below the folders among them, once each.

    What was read and what was not, and why, is added to ``coverage``; what comes after ``most`` documents is not read.
    Raises ``NotFoundError`` for a path that is not there, before anything is read.
    """
    read = 0
    for file, is_named in files(paths):
        if read == most:
            coverage.append({"path": str(file), "read": False, "reason": f"there are more than {most}"})
        elif document := await read_file(file, coverage, is_named=is_named):
            read += 1
            yield Material(str(file), document)


def places_of(document: Document) -> tuple[Place, ...]:
    """The pages, slides or sheets of a document whose lines are not those of a file."""
    named = [part for part in document.parts if part.kind not in ("lines", "section")]
    return tuple(Place(document.line_at(part.start), document.place(part.start, part.end)) for part in named)


def files(paths: Sequence[str]) -> list[tuple[Path, bool]]:
    """Each file at ``paths`` and below them once, and whether it was named itself; raises ``NotFoundError``."""
    found: dict[str, tuple[Path, bool]] = {}
    for path in paths:
        if not os.path.exists(path):
            raise NotFoundError(f"there is nothing at {path}")
        for file in below(Path(path)):
            found.setdefault(os.path.abspath(file), (file, file == Path(path)))
    return list(found.values())


def below(path: Path) -> list[Path]:
    """``path`` where it is a file, else the files below it, but what is hidden or was built.

    A folder that cannot be read is among them: it is not passed over.
    """
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    shut: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=lambda error: shut.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    return [*found, *shut]


async def read_file(file: Path, coverage: list[dict[str, Any]], *, is_named: bool) -> Document | None:
    """The document in a file, None where it cannot be read; ``coverage`` gets which of the two it was, and why."""
    document, reason = None, ""
    place = os.path.abspath(file)
    if file.is_symlink() and not is_named:
        reason = "a link"
    else:
        try:
            document = await read_async(place)
        except DocumentError as error:
            reason = why(error, place)
            reason = reason if is_named else HARMLESS.get("" if os.path.isdir(place) else error.reason, reason)
    coverage.append({"path": str(file), "read": not reason, "reason": reason})
    return document


def why(error: DocumentError, name: str) -> str:
    """Why a document was not read, in one line without its name, with what to install where that is it."""
    said = error.message.removeprefix(name).lstrip(": ")
    return f"{said}: {error.hint}" if error.reason == "reader" and error.hint else said
