"""What a template is told to read: files and folders as documents, and why anything in them is left out."""

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from llmx.documents import Document, DocumentError, read_async
from llmx.errors import NotFoundError
from llmx.knowledge import Place
from llmx.templates.builtin.code_review.sources import SKIPPED_FOLDERS

_HARMLESS = {"unsupported": "binary", "empty": "empty", "no_text": "binary"}
"""Why a file that nobody named may be left out: pictures and empty files hold nothing to read."""


async def materials(paths: Sequence[str], coverage: list[dict[str, Any]]) -> AsyncIterator[Document]:
    """The documents at ``paths`` and below the folders among them, once each; the path of each is absolute.

    What was read and what was not, and why, is added to ``coverage``. Raises ``NotFoundError`` for a path that is not
    there, before anything is read.
    """
    for path in paths:
        if not os.path.exists(path):
            raise NotFoundError(f"there is nothing at {path}")
    seen: set[str] = set()
    for path in paths:
        for file in files_below(Path(path)):
            place = os.path.abspath(file)
            if place not in seen:
                seen.add(place)
                document = await _read(Path(place), str(file), coverage, is_named=file == Path(path))
                if document:
                    yield document


def places_of(document: Document) -> tuple[Place, ...]:
    """The pages, slides or sheets of a document whose lines are not those of a file."""
    named = [part for part in document.parts if part.kind not in ("lines", "section")]
    return tuple(Place(document.line_at(part.start), document.place(part.start, part.end)) for part in named)


async def _read(file: Path, shown: str, coverage: list[dict[str, Any]], *, is_named: bool) -> Document | None:
    document, reason = None, ""
    if file.is_symlink() and not is_named:
        reason = "a link"
    else:
        try:
            document = await read_async(file)
        except DocumentError as error:
            reason = (not is_named and _HARMLESS.get(error.reason)) or error.message.removeprefix(f"{file} ")
            if error.hint and error.reason == "reader":
                reason = f"{reason}: {error.hint}"
    coverage.append({"path": shown, "read": not reason, "reason": reason})
    return document


def files_below(path: Path) -> list[Path]:
    """``path`` where it is a file, else the files below it, but what is hidden or was built."""
    if not path.is_dir():
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS and not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    return found
