"""What is written to a collection: only what is new or has changed, and what is gone from the disk is named."""

import hashlib
import os
from collections import Counter
from typing import Any

from llmx.documents import Document
from llmx.errors import InconclusiveError, NotFoundError, UsageError
from llmx.knowledge import Chunk, Entry, Store
from llmx.knowledge.chunks import chunked, title_of
from llmx.knowledge.words import clean
from llmx.templates.materials import materials, places_of
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
        raise InconclusiveError("there was nothing to read", hint="the coverage in the result says why")
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
            raise InconclusiveError(f"{path} could not be read", hint="the coverage in the result says why")
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
    changes: list[dict[str, Any]] = []
    async for _, document in materials(paths, context.coverage):
        if id_ and changes:
            raise UsageError("document_id names one document, but there are several", hint="leave document_id out")
        context.took(document.path, document.text)
        changes.append(_put(store, context, _entry(id_ or document.path, document)))
    return changes


async def read_for(store: Store, context: Context, collection: str) -> None:
    """Put the files of a question into a store of its own, by the names that they were given."""
    given = context.parameters
    async for name, document in materials(given["paths"], context.coverage):
        context.took(name, document.text)
        entry = _entry(name, document)
        store.put(collection, entry, _chunks(context, entry))


def _entry(id_: str, document: Document) -> Entry:
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
