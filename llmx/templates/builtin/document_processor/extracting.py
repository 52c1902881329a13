"""The documents as parts that fit a question each; what cannot be read is named with the reason, the rest goes on."""

import asyncio
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from llmx.documents import Document, DocumentError, read_async
from llmx.errors import InconclusiveError, NotFoundError
from llmx.templates.builtin.document_processor.chunks import is_whole, spans
from llmx.templates.materials import HARMLESS, below
from llmx.templates.phases import PhaseError

LINK = "a link"
READERS = 2
"""How many documents are read at once; each has a process of its own."""


def files(paths: Iterable[str]) -> list[str]:
    """The files themselves and those below folders, each once, in order."""
    return list(dict.fromkeys(str(file) for path in paths for file in below(Path(path))))


async def documents(paths: list[str], named: Collection[str], *, side_by_side: bool) -> list[Document | DocumentError]:
    """Each document, or why there is none, in the order of the paths; a link in a folder may lead anywhere."""
    gate = asyncio.Semaphore(READERS if side_by_side else 1)

    async def one(path: str) -> Document | DocumentError:
        async with gate:
            if os.path.islink(path) and path not in named:
                return DocumentError(LINK, "unsupported")
            try:
                return await read_async(path)
            except DocumentError as error:
                return error

    return list(await asyncio.gather(*map(one, paths)))


def require_some(paths: list[str], found: list[Document | DocumentError]) -> None:
    """Raise where not one of the documents can be read: exit 4 if they are not there, 3 otherwise."""
    faults = [each for each in found if isinstance(each, DocumentError)]
    if len(faults) < len(found):
        return
    if not paths:
        raise NotFoundError("there is no document in the folders", hint="name the files in document_paths")
    others = {1: "", 2: ", and one more cannot be read either"}
    said = faults[0].message + others.get(len(faults), f", and {len(faults) - 1} others cannot be read either")
    kind = NotFoundError if all(fault.reason == "missing" for fault in faults) else InconclusiveError
    raise kind(said, hint=faults[0].hint)


def why_not(error: DocumentError, *, is_named: bool) -> str:
    """The reason as coverage tells it; pictures and empty files in a folder leave nothing uncovered."""
    if error.reason == "empty" or error.message == LINK:
        return "empty" if error.reason == "empty" else LINK
    if not is_named and error.reason in HARMLESS:
        return HARMLESS[error.reason]
    return error.message + (f" ({error.hint})" if error.hint else "")


def chunks_of(document: Document, index: int, size: int) -> list[dict[str, Any]]:
    """The parts of one document; all of it is in them, which is checked and not assumed."""
    cut = spans(document.text, size)
    if not is_whole(cut, len(document.text)):
        raise PhaseError(f"{document.path} was not cut whole")
    return [
        {
            "document": index,
            "name": os.path.basename(document.path),
            "part": number,
            "parts": len(cut),
            "start": span.start,
            "end": span.end,
            "place": document.place(span.start, span.end),
            "text": document.text[span.start : span.end],
        }
        for number, span in enumerate(cut, 1)
        if document.text[span.start : span.end].strip()
    ]
