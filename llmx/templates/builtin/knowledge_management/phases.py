"""The five operations: what is written to a collection, what is found in it, and what of an answer holds."""

import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from typing import Any

from llmx.errors import UsageError
from llmx.knowledge import Query, Store
from llmx.knowledge.sqlite import SqliteStore
from llmx.templates.builtin.knowledge_management.answers import answered, changed, listed, told
from llmx.templates.builtin.knowledge_management.changes import delete, ingest, read_for, update
from llmx.templates.dividing import ask_in_parts
from llmx.templates.phases import Context

_PASSING = "passing"
"""The collection of a question that has none, in a database that is removed behind it."""

_CHANGES: dict[str, Callable[[Store, Context], Awaitable[dict[str, Any]]]] = {
    "ingest": ingest,
    "update": update,
    "delete": delete,
}
_NEEDS = {
    "query": ("query",),
    "update": ("document_id",),
    "delete": ("document_id",),
}


def check(context: Context) -> None:
    """Raise ``UsageError`` where a parameter is missing that the operation needs, or two do not go together."""
    given = context.parameters
    operation = given["operation"]
    if given["collection"] and operation == "query" and given["paths"]:
        hint = "operation=ingest puts them into the collection; without collection they are read for this question"
        raise UsageError("operation=query takes a collection or paths, not both", hint=hint)
    if not given["collection"] and (operation != "query" or not given["paths"]):
        raise UsageError(f"operation={operation} needs collection", hint="--param collection=NAME")
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
    with closing(SqliteStore()) as store:
        return await _CHANGES[context.parameters["operation"]](store, context)


async def search(context: Context) -> dict[str, Any]:
    """The passages that fit the question best, with their lines; without a collection, those of ``paths``."""
    given = context.parameters
    context.metrics.rag_queries += 1
    with tempfile.TemporaryDirectory() as folder, closing(_store(given, folder)) as store:
        if not given["collection"]:
            await read_for(store, context, _PASSING)
        found = store.search(given["collection"] or _PASSING, Query(given["query"]), given["max_results"])
    passages = [told(number, passage) for number, passage in enumerate(found, 1)]
    if given["collection"]:
        context.took(f"what is found in collection {given['collection']}", json.dumps(passages))
    return {"passages": passages}


def _store(given: Mapping[str, Any], folder: str) -> SqliteStore:
    return SqliteStore() if given["collection"] else SqliteStore(f"{folder}/knowledge.db")


async def ask(context: Context) -> dict[str, Any]:
    """What the model answers from the passages."""
    answers = await ask_in_parts(context, "ask", context.results["search"]["passages"], "ask-1")
    return {"statements": [statement for answer in answers for statement in answer["statements"]]}


def finish(context: Context) -> dict[str, Any]:
    """The result of whichever operation it was; a question that got no answer is inconclusive."""
    given, results = context.parameters, context.results
    facts = {"operation": given["operation"], "collection": given["collection"]}
    if given["operation"] == "query":
        return answered(context, facts)
    if given["operation"] == "list":
        return listed(context, facts)
    result = {**facts, **results["change"], "text": changed(results["change"])}
    context.add("changes.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n", "application/json")
    return result
