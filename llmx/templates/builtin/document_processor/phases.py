"""What code does with documents: read and cut them, ask about every part, put the answers together, write them down."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from llmx.documents import Document
from llmx.errors import SchemaError
from llmx.templates.builtin.document_processor.answering import answer_about, one_summary
from llmx.templates.builtin.document_processor.extracting import chunks_of, documents, files, require_some, why_not
from llmx.templates.builtin.document_processor.forms import FORMS, file_name
from llmx.templates.builtin.document_processor.questions import TRANSFORMATIONS
from llmx.templates.phases import Context


async def extract(context: Context) -> dict[str, Any]:
    """Every document in parts, in batches that are worked on side by side."""
    given = context.parameters
    paths = files(given["document_paths"])
    named = {str(Path(path)) for path in given["document_paths"]}
    found = await documents(paths, named, side_by_side=given["parallel_processing"])
    require_some(paths, found)
    read: list[dict[str, Any]] = []
    coverage: list[dict[str, Any]] = []
    chunks: list[dict[str, Any]] = []
    for path, each in zip(paths, found, strict=True):
        if isinstance(each, Document):
            chunks += chunks_of(each, len(read), given["chunk_chars"])
            read.append({"index": len(read), "path": path, **_facts(each)})
            context.took(path, each.digest)
            coverage.append({"path": path, "read": True, "reason": ""})
        else:
            reason = why_not(each, is_named=path in named)
            coverage.append({"path": path, "read": False, "reason": reason})
    context.coverage[:] = coverage
    batches = [[chunk] for chunk in chunks] if given["parallel_processing"] else [chunks]
    return {"documents": read, "batches": batches, "coverage": coverage}


async def transform(context: Context, item: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The answer about each part of a batch, or why none of them holds."""
    del number
    told = []
    for chunk in item:
        try:
            name = f"answer-{chunk['document']}-{chunk['part']}"
            told.append({"answer": await context.once(name, partial(answer_about, context, chunk))})
        except SchemaError as error:
            told.append({"failed": error.message})
    return told


async def merge(context: Context, item: dict[str, Any], number: int) -> dict[str, Any]:
    """One answer for a document, from those about its parts."""
    del number
    kind = context.parameters["transformation_type"]
    chunks, told = _of_document(context, item["index"])
    for chunk, each in zip(chunks, told, strict=True):
        if "failed" in each:
            return {"failed": f"{chunk['place']}: {each['failed']}"}
    answers = [each["answer"] for each in told]
    if kind != "summarize" or len(answers) == 1:
        return {"answer": TRANSFORMATIONS[kind].join(answers, chunks)}
    try:
        summaries = [answer["summary"] for answer in answers]
        return {"answer": await context.once(f"summary-{item['index']}", partial(one_summary, context, summaries))}
    except SchemaError as error:
        return {"failed": error.message}


def present(context: Context) -> dict[str, Any]:
    """A file for each document in the form that was asked for, and the manifest of what was read."""
    coverage = {each["path"]: dict(each) for each in context.results["extract"]["coverage"]}
    rows: dict[str, dict[str, Any]] = {
        path: {"path": path, "status": "skipped", "reason": each["reason"]} for path, each in coverage.items()
    }
    manifest = []
    for facts, merged in zip(context.results["extract"]["documents"], context.results["merge"], strict=True):
        path = facts["path"]
        if "failed" in merged:
            coverage[path].update(read=False, reason=merged["failed"])
            rows[path] = {**facts, "status": "failed", "reason": merged["failed"]}
        else:
            rows[path] = {**facts, "status": "done", "file": _written(context, facts, merged), **merged["answer"]}
        manifest.append(_manifest(context, facts, is_done="answer" in merged))
    context.coverage[:] = coverage.values()
    skipped = [each for path, each in coverage.items() if rows[path]["status"] == "skipped"]
    told = {"documents": manifest, "skipped": skipped}
    context.add("coverage.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n", "application/json")
    _require_any(list(rows.values()))
    return {"transformation": context.parameters["transformation_type"], "documents": list(rows.values())}


def _written(context: Context, facts: dict[str, Any], merged: dict[str, Any]) -> str:
    """Make the file of one document; its name."""
    kind, form = context.parameters["transformation_type"], context.parameters["output_format"]
    name = file_name(facts["index"] + 1, facts["path"], form)
    text = FORMS[form].render({**facts, "transformation": kind, **merged["answer"]})
    context.add(name, text, FORMS[form].media_type)
    return name


def _manifest(context: Context, facts: dict[str, Any], *, is_done: bool) -> dict[str, Any]:
    """Which characters of a document were asked about, part by part."""
    chunks, _ = _of_document(context, facts["index"])
    parts = [{key: chunk[key] for key in ("part", "start", "end", "place")} for chunk in chunks]
    known = {key: facts[key] for key in ("path", "digest", "characters")}
    return {**known, "parts": parts, "done": is_done}


def _of_document(context: Context, index: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The parts of a document and what was said of each."""
    chunks = [chunk for batch in context.results["extract"]["batches"] for chunk in batch]
    told = [each for batch in context.results["transform"] for each in batch]
    pairs = [(chunk, each) for chunk, each in zip(chunks, told, strict=True) if chunk["document"] == index]
    return [chunk for chunk, _ in pairs], [each for _, each in pairs]


def _facts(document: Document) -> dict[str, Any]:
    return {
        "kind": document.kind,
        "title": document.title,
        "characters": len(document.text),
        "digest": document.digest,
        "notes": list(document.notes),
    }


def _require_any(rows: list[dict[str, Any]]) -> None:
    """Raise where no document is done because no answer held."""
    failed = [row for row in rows if row["status"] == "failed"]
    if failed and not any(row["status"] == "done" for row in rows):
        raise SchemaError(f"{failed[0]['path']}: {failed[0]['reason']}", hint="another model may do better")
