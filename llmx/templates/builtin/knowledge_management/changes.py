"""What is written to a collection: only what is new or has changed, and what is gone from the disk is named."""

import hashlib
import os
import stat
from collections import Counter
from pathlib import Path
from typing import Any

from llmx import __version__
from llmx.documents import Document as Read
from llmx.errors import InconclusiveError, NotFoundError, UsageError
from llmx.knowledge import Chunk, Document, Entry, Store
from llmx.knowledge.chunks import chunked, title_of
from llmx.knowledge.words import clean
from llmx.templates.judging import left_out
from llmx.templates.materials import files, materials, places_of, read_file
from llmx.templates.phases import Context

WHOLE_COLLECTION = "*"


async def ingest(store: Store, context: Context) -> dict[str, Any]:
    """Add files, folders or a text; a document that is the same as before is left alone."""
    given = context.parameters
    paths = list(given["paths"])
    if given["content"].strip() and given["source_type"] == "file":
        paths.append(given["content"])
    changes = []
    if given["content"].strip() and given["source_type"] != "file":
        changes.append(_put_text(store, context, given["document_id"]))
    if paths:
        changes += await _put_files(store, context, paths, given["document_id"])
    if not changes:
        raise InconclusiveError("there was nothing to read", hint=left_out(context.coverage))
    counts = Counter(each["change"] for each in changes)
    return {
        "documents": changes,
        **{change: counts[change] for change in ("added", "changed", "unchanged")},
        "gone": _gone(store, given["collection"], paths),
    }


async def update(store: Store, context: Context) -> dict[str, Any]:
    """Replace a document by the content, or by what its file holds now."""
    given = context.parameters
    known = {each.id: each for each in store.documents(given["collection"])}
    id_ = given["document_id"]
    if id_ not in known:
        store.text(given["collection"], id_)  # raises, with the nearest id
    if given["content"].strip() and given["source_type"] != "file":
        changed = _put_text(store, context, id_)
    else:
        path = given["content"].strip() or known[id_].source
        if not path:
            raise UsageError(f"operation=update needs content: {id_} came from no file", hint="--param content=@FILE")
        files = await _put_files(store, context, [path], id_)
        if not files:
            raise InconclusiveError(f"{path} could not be read", hint=left_out(context.coverage))
        changed = files[0]
    return {"documents": [changed]}


async def delete(store: Store, context: Context) -> dict[str, Any]:
    """Remove a document, or with ``*`` the whole collection."""
    collection, id_ = context.parameters["collection"], context.parameters["document_id"]
    if id_ == WHOLE_COLLECTION:
        ids = [each.id for each in store.documents(collection)]
        store.drop(collection)
        return {"deleted": ids, "collection_deleted": True}
    try:
        store.delete(collection, id_)
    except NotFoundError:
        if not os.path.exists(id_) or os.path.abspath(id_) == id_:
            raise
        id_ = os.path.abspath(id_)
        store.delete(collection, id_)
    return {"deleted": [id_], "collection_deleted": False}


def _put_text(store: Store, context: Context, id_: str) -> dict[str, Any]:
    given = context.parameters
    text = clean(given["content"])
    id_ = id_ or f"text-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return _put(store, context, Entry(id_, text, title_of(text) or id_, "", given["source_type"]))


async def _put_files(store: Store, context: Context, paths: list[str], id_: str) -> list[dict[str, Any]]:
    """Each document by itself, so that what is done stays done when it is broken off."""
    known = _known(store, context.parameters["collection"])
    found = files(paths)
    if id_ and len(found) > 1:
        raise UsageError("document_id names one document, but there are several", hint="leave document_id out")
    changes: list[dict[str, Any]] = []
    for file, is_named in found:
        name = id_ or os.path.abspath(file)
        stamp = _stamp(file, context)
        before = known.get(clean(name))
        if before and stamp and before.stamp == stamp:
            context.coverage.append({"path": str(file), "read": True, "reason": ""})
            changes.append({"id": name, "title": before.title, "change": "unchanged", "chunks": before.chunks})
        elif document := await read_file(file, context.coverage, is_named=is_named):
            context.took(document.path, document.text)
            changes.append(_put(store, context, _entry(name, document)._replace(stamp=stamp)))
    return changes


def _known(store: Store, collection: str) -> dict[str, Document]:
    try:
        return {each.id: each for each in store.documents(collection)}
    except NotFoundError:
        return {}


def _stamp(file: Path, context: Context) -> str:
    """What stays the same as long as reading the file again would give the same passages; empty where it is no file."""
    given = context.parameters
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return ""
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""
    return f"{__version__} {given['chunk_size']} {given['chunk_overlap']} {digest} {os.path.abspath(file)}"


async def read_for(store: Store, context: Context, collection: str) -> None:
    """Put the files of a question into a store of its own, by the names that they were given."""
    given = context.parameters
    async for name, document in materials(given["paths"], context.coverage):
        context.took(name, document.text)
        entry = _entry(name, document)
        store.put(collection, entry, _chunks(context, entry))


def _entry(id_: str, document: Read) -> Entry:
    title = document.title or os.path.basename(document.path)
    return Entry(id_, clean(document.text), title, document.path, document.kind, places_of(document))


def _put(store: Store, context: Context, entry: Entry) -> dict[str, Any]:
    chunks = _chunks(context, entry)
    change = store.put(context.parameters["collection"], entry, chunks)
    return {"id": entry.id, "title": entry.title, "change": change, "chunks": len(chunks)}


def _chunks(context: Context, entry: Entry) -> list[Chunk]:
    given = context.parameters
    is_markdown = entry.kind == "markdown"
    return chunked(entry.text, given["chunk_size"], given["chunk_overlap"], is_markdown=is_markdown)


def _gone(store: Store, collection: str, paths: list[str]) -> list[str]:
    """Documents from below the folders whose files are no longer there; they are named, and stay."""
    folders = [f"{os.path.abspath(path)}{os.sep}" for path in paths if os.path.isdir(path)]
    known = [each for each in store.documents(collection) if each.source.startswith(tuple(folders))] if folders else []
    return [each.id for each in known if not os.path.exists(each.source)]
