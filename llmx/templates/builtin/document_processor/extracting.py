"""The documents as parts that fit a question each; what cannot be read is named with the reason, the rest goes on."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from llmx.documents import EXTENSIONS, Document, DocumentError, read_async
from llmx.errors import InconclusiveError, NotFoundError
from llmx.templates.builtin.document_processor.chunks import is_whole, spans
from llmx.templates.phases import PhaseError

READERS = 2
"""How many documents are read at once; each has a process of its own."""


def files(paths: Iterable[str]) -> list[str]:
    """The files themselves and those below folders whose names are of documents, each once, in order."""
    found: list[str] = []
    for path in paths:
        found += _below(path) if os.path.isdir(path) else [path]
    return list(dict.fromkeys(found))


def _below(folder: str) -> list[str]:
    names = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    return sorted(name for name in names if Path(name).suffix.lower() in EXTENSIONS)


async def documents(paths: list[str], *, side_by_side: bool) -> list[Document | DocumentError]:
    """Each document, or why there is none, in the order of the paths."""
    gate = asyncio.Semaphore(READERS if side_by_side else 1)

    async def one(path: str) -> Document | DocumentError:
        async with gate:
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
    said = faults[0].message + (f", and {len(faults) - 1} others cannot be read either" if len(faults) > 1 else "")
    kind = NotFoundError if all(fault.reason == "missing" for fault in faults) else InconclusiveError
    raise kind(said, hint=faults[0].hint)


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
