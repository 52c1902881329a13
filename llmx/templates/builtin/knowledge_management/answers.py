"""What is said of a collection: what it holds, what was found in it, and an answer whose quotes were looked up."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from llmx.errors import InconclusiveError
from llmx.knowledge import Passage, Place, place_at
from llmx.knowledge.quotes import Quotable
from llmx.knowledge.sqlite import SqliteStore
from llmx.templates.citing import Source, block, check_citations, numbered, reference, references
from llmx.templates.phases import Context
from llmx.templates.reports.inert import inert


def told(number: int, passage: Passage) -> dict[str, Any]:
    """A passage as JSON; ``first`` to ``last`` are the lines that hold the words, ``text`` is all of it."""
    return {
        "number": number,
        "document": passage.document,
        "title": passage.title,
        "first": passage.cited.first,
        "last": passage.cited.last,
        "quote": passage.quote,
        "score": passage.score,
        "text": passage.text,
        "text_first": passage.lines.first,
        "place": place_at(passage.places, passage.cited.first),
        "places": [list(each) for each in passage.places],
    }


def listed(context: Context, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The documents of the collection."""
    with closing(SqliteStore()) as store:
        documents = [each._asdict() for each in store.documents(context.parameters["collection"])]
    for each in documents:
        del each["stamp"]
        for name in ("added_at", "updated_at"):
            each[name] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(each[name]))
    lines = [f"- {inert(each['id'])}: {inert(each['title'])}, {each['lines']} lines" for each in documents]
    result = {**facts, "documents": documents, "text": "\n".join(lines)}
    _add(context, "list", result)
    return result


def changed(made: Mapping[str, Any]) -> str:
    """In words what was written."""
    if "deleted" in made:
        return f"{len(made['deleted'])} deleted"
    counts = Counter(each["change"] for each in made["documents"])
    lines = [", ".join(f"{counts[change]} {change}" for change in ("added", "changed", "unchanged") if counts[change])]
    return "\n".join(
        [*lines, *(f"- gone from the disk, and still here: {inert(each)}" for each in made.get("gone", ()))]
    )


def answered(context: Context, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The passages, and what of the model's answer stands in them; raises ``InconclusiveError`` where nothing does."""
    given, passages = context.parameters, context.results["search"]["passages"]
    result: dict[str, Any] = {**facts, "query": given["query"], "passages": passages, "answer": None}
    if not given["answer"]:
        result["text"] = "\n\n".join(_shown(each) for each in passages)
    else:
        sources = {each["number"]: _source(each) for each in passages}
        said = (context.results["ask"] or {"statements": []})["statements"]
        citing = check_citations(said, sources)
        context.checks.verified, context.checks.unverified = citing.verified, len(citing.bogus)
        result |= {"answer": citing.statements, "citations": citing.summary}
        result["text"] = _text(citing.statements, with_citations=given["include_citations"])
    _add(context, "answer", result)
    if given["answer"] and not result["answer"]:
        context.results["finish"] = result
        hint = "answer=false shows the passages that were found" if passages else "ask with words of the documents"
        raise InconclusiveError(_why_not(passages, said), hint=hint)
    return result


def _why_not(passages: list[dict[str, Any]], said: list[dict[str, Any]]) -> str:
    if not passages:
        return "no document holds any of the words, so the model was not asked"
    if not said:
        return "the model found no answer in the passages"
    return f"nothing of the answer stands in the passages: {len(said)} statements were taken out"


def _text(statements: list[dict[str, Any]], *, with_citations: bool) -> str:
    marks, notes = numbered(statements)
    if not with_citations:
        return " ".join(inert(each["text"]) for each in statements)
    told = " ".join(f"{inert(each['text'])} {mark}" for each, mark in zip(statements, marks, strict=True))
    return "\n\n".join([told, "  \n".join(references(notes))])


def _source(passage: Mapping[str, Any]) -> Source:
    places = [Place(*each) for each in passage["places"]]
    return Source(passage["document"], Quotable(passage["text"]), passage["text_first"], places)


def _shown(passage: Mapping[str, Any]) -> str:
    """Where it stands, and its words as they are, in a block that is no markup."""
    where = reference(passage["document"], passage["first"], passage["last"], passage["place"])
    return f"{where}\n\n{block(passage['quote'])}"


def _add(context: Context, name: str, result: Mapping[str, Any]) -> None:
    if context.parameters["output_format"] == "json":
        context.add(f"{name}.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n", "application/json")
    else:
        context.add(f"{name}.md", f"{result['text']}\n", "text/markdown")
