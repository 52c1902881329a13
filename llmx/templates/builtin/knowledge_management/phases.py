"""The five operations: what is written to a collection, what is found in it, and what of an answer holds."""

import json
from typing import Any

from llmx.errors import UsageError
from llmx.knowledge import Query
from llmx.knowledge.sqlite import SqliteStore
from llmx.templates.builtin.knowledge_management.answers import answered, changed, listed, told
from llmx.templates.builtin.knowledge_management.changes import delete, ingest, update
from llmx.templates.phases import Context

_CHANGES = {"ingest": ingest, "update": update, "delete": delete}
_NEEDS = {
    "query": ("query",),
    "update": ("document_id",),
    "delete": ("document_id",),
}


def check(context: Context) -> None:
    """Raise ``UsageError`` where a parameter is missing that the operation needs, or two do not go together."""
    given = context.parameters
    operation = given["operation"]
    for name in _NEEDS.get(operation, ()):
        if not given[name].strip():
            raise UsageError(f"operation={operation} needs {name}", hint=f"--param {name}=…")
    if operation == "ingest" and not given["paths"] and not given["content"].strip():
        raise UsageError(
            "operation=ingest needs paths or content", hint="--param paths=FOLDER, or --param content=@FILE"
        )
    if given["chunk_overlap"] >= given["chunk_size"]:
        raise UsageError(f"chunk_overlap={given['chunk_overlap']} must be less than chunk_size={given['chunk_size']}")


async def change(context: Context) -> dict[str, Any]:
    """Write to the collection: what became of each document, and of each file that was to be read."""
    store = SqliteStore()
    try:
        made: dict[str, Any] = await _CHANGES[context.parameters["operation"]](store, context)
    finally:
        store.close()
    return {**made, "coverage": context.coverage}


def search(context: Context) -> dict[str, Any]:
    """The passages that fit the question best, with their lines."""
    given = context.parameters
    context.metrics.rag_queries += 1
    store = SqliteStore()
    try:
        found = store.search(given["collection"], Query(given["query"]), given["max_results"])
    finally:
        store.close()
    return {"passages": [told(number, passage) for number, passage in enumerate(found, 1)]}


def finish(context: Context) -> dict[str, Any]:
    """The result of whichever operation it was; a question that got no answer is inconclusive."""
    given, results = context.parameters, context.results
    facts = {"operation": given["operation"], "collection": given["collection"]}
    if given["operation"] == "query":
        return answered(context, facts)
    if given["operation"] == "list":
        return listed(context, facts)
    context.coverage[:] = results["change"]["coverage"]
    result = {**facts, **results["change"], "text": changed(results["change"])}
    del result["coverage"]
    context.add("changes.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n", "application/json")
    return result
