"""What code does in a research: gather, choose passages, look up every quote, and write it down."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from llmx.errors import InconclusiveError, UsageError
from llmx.knowledge import Chunk, Entry, Place, Query
from llmx.knowledge.chunks import chunked
from llmx.knowledge.quotes import Quotable
from llmx.knowledge.sqlite import SqliteStore
from llmx.templates.builtin.research_assistant.gathering import gathered, is_url
from llmx.templates.builtin.research_assistant.reporting import add_artifacts, as_markdown
from llmx.templates.citing import Source, check_citations
from llmx.templates.dividing import ask_in_parts
from llmx.templates.phases import Context

_RUN = "run"
"""The collection of this run, in a database of its own."""


async def gather(context: Context) -> dict[str, Any]:
    """The sources, read; what could not be is told in the coverage."""
    given = context.parameters
    if not given["sources"] and not given["search_tool"]:
        raise UsageError(
            "there is nothing to research in: no sources are given, and no search tool",
            hint="--param sources=FILE,FOLDER,URL or --param search_tool=SERVER (llmx mcp list)",
        )
    return await gathered(context)


def ingest(context: Context) -> dict[str, Any]:
    """The passages that fit the topic best, and at least one of each source, in questions of a bounded size."""
    chunks, told = passages_of(context)
    if context.parameters["collection"]:
        _keep(context.parameters["collection"], context.results["gather"]["sources"], chunks)
    return told


def passages_of(context: Context) -> tuple[dict[int, list[Chunk]], dict[str, Any]]:
    """All that the sources are cut into, and what of it is chosen; nothing is kept."""
    sources, given = context.results["gather"]["sources"], context.parameters
    chunks = {each["number"]: chunked(each["text"], is_markdown=each["kind"] == "markdown") for each in sources}
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore(f"{folder}/knowledge.db")) as store:
        for each in sources:
            store.put(_RUN, _entry(each, str(each["number"])), chunks[each["number"]])
        found = store.search(_RUN, Query(given["topic"]), given["max_passages"])
    context.metrics.rag_queries += 1
    passages = [{"source": int(each.document), "line": each.lines.first, "text": each.text} for each in found]
    chosen = _chosen(passages, sources, chunks, given["max_passages"])
    total = sum(len(each) for each in chunks.values())
    questions = [{"passages": batch} for batch in _batches(chosen, given["chunk_bytes"])]
    return chunks, {"questions": questions, "passages": {"used": len(chosen), "of": total}}


def _entry(source: Mapping[str, Any], id_: str) -> Entry:
    places = tuple(Place(*each) for each in source["places"])
    return Entry(id_, source["text"], source["title"], source["name"], source["kind"], places)


def _keep(collection: str, sources: Sequence[Mapping[str, Any]], chunks: Mapping[int, Any]) -> None:
    with closing(SqliteStore()) as store:
        for each in sources:
            id_ = each["name"] if is_url(each["name"]) else os.path.abspath(each["name"])
            store.put(collection, _entry(each, id_)._replace(source=id_), chunks[each["number"]])


def _chosen(
    found: Sequence[dict[str, Any]], sources: Sequence[Mapping[str, Any]], chunks: Mapping[int, Any], most: int
) -> list[dict[str, Any]]:
    """The best of each source, the beginning of one in which nothing was found, then the best of all; by place."""
    chosen = []
    for source in sources:
        own = [each for each in found if each["source"] == source["number"]]
        if own:
            chosen.append(own[0])
        elif chunks[source["number"]]:
            first = chunks[source["number"]][0]
            text = source["text"][first.start : first.end]
            chosen.append({"source": source["number"], "line": first.lines.first, "text": text})
    rest = [each for each in found if each not in chosen]
    chosen += rest[: max(0, most - len(chosen))]
    return sorted(chosen, key=lambda each: (each["source"], each["line"]))


def _batches(passages: Sequence[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """All passages, in batches of about ``size`` bytes."""
    batch: list[dict[str, Any]] = []
    used = 0
    for passage in passages:
        length = len(passage["text"].encode())
        if batch and used + length > size:
            yield batch
            batch, used = [], 0
        batch.append(passage)
        used += length
    if batch:
        yield batch


async def synthesize(context: Context, item: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What the model says from a batch of passages."""
    answers = await ask_in_parts(context, "synthesize", item["passages"], f"synthesize-{number}")
    return {"sections": [section for answer in answers for section in answer["sections"]]}


def validate(context: Context) -> dict[str, Any]:
    """The sections with the citations that hold; what was taken out is counted and told."""
    sources = {
        each["number"]: Source(each["name"], Quotable(each["text"]), 1, [Place(*place) for place in each["places"]])
        for each in context.results["gather"]["sources"]
    }
    sections = merged(context.results["synthesize"])
    said = [{**each, "section": at} for at, section in enumerate(sections) for each in section["statements"]]
    citing = check_citations(said, sources)
    context.checks.verified, context.checks.unverified = citing.verified, len(citing.bogus)
    for at, section in enumerate(sections):
        kept = [each for each in citing.statements if each["section"] == at]
        section["statements"] = [{"text": each["text"], "citations": each["citations"]} for each in kept]
    return {"sections": [each for each in sections if each["statements"]], **citing.summary}


def merged(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The sections of all answers, those with one heading together."""
    sections: dict[str, dict[str, Any]] = {}
    for answer in answers:
        for section in answer["sections"]:
            known = sections.setdefault(
                section["heading"].strip().casefold(), {"heading": section["heading"].strip(), "statements": []}
            )
            known["statements"] += section["statements"]
    return [each for each in sections.values() if each["statements"]]


def report(context: Context) -> dict[str, Any]:
    """The synthesis and its artifacts; raises ``InconclusiveError`` where nothing is left to tell."""
    given, results = context.parameters, context.results
    validation = results["validate"]
    sections = validation["sections"] if validation else merged(results["synthesize"])
    cited = [each["source"] for section in sections for one in section["statements"] for each in one["citations"]]
    result: dict[str, Any] = {
        "topic": given["topic"],
        "sections": sections,
        "sources": [
            {
                **{name: each[name] for name in ("number", "name", "title", "kind", "digest", "notes")},
                "citations": cited.count(each["number"]),
            }
            for each in results["gather"]["sources"]
        ],
        "search": results["gather"]["search"],
        "passages": results["ingest"]["passages"],
        "validation": {name: value for name, value in validation.items() if name != "sections"} if validation else None,
    }
    result["text"] = as_markdown(result, with_citations=given["include_citations"])
    add_artifacts(context, result)
    if not sections:
        context.results["report"] = result
        raise InconclusiveError(_why_not(results), hint="the validation in the result says what was taken out")
    return result


def _why_not(results: Mapping[str, Any]) -> str:
    said = sum(len(section["statements"]) for answer in results["synthesize"] for section in answer["sections"])
    if not said:
        return "the model found nothing about the topic in the sources"
    return f"nothing that the model said stands in the sources: {said} statements were taken out"
