"""The sources: files, folders and pages that were named, and what a search finds, once each and in that order."""

import asyncio
from collections.abc import Sequence
from typing import Any

from llmx.core.plugins import load
from llmx.documents import Document, DocumentError, read_bytes
from llmx.errors import InconclusiveError, LlmxError
from llmx.knowledge.words import clean
from llmx.templates.judging import left_out
from llmx.templates.materials import materials, places_of, why
from llmx.templates.phases import Context

AT_ONCE = 5
"""How many pages are fetched at the same time."""


async def gathered(context: Context) -> dict[str, Any]:
    """The sources with their texts, and what a search found; raises ``InconclusiveError`` where there are none."""
    given = context.parameters
    most = given["max_sources"]
    urls = list(dict.fromkeys(each for each in given["sources"] if is_url(each)))
    paths = [each for each in given["sources"] if not is_url(each)]
    sources = [_source(*each) async for each in materials(paths, context.coverage, most)]
    sources += await _pages(context, urls, most - len(sources))
    found: dict[str, Any] = {"tool": given["search_tool"] or None, "found": 0, "failed": []}
    if given["search_tool"] and len(sources) < most:
        sources += await _searched(context, found, {each["name"] for each in sources}, most - len(sources))
    for each in sources:
        context.took(each["name"], each["text"], "" if is_url(each["name"]) else each["name"])
    if not sources:
        raise InconclusiveError("no source could be read", hint=left_out(context.coverage))
    return {"sources": [{"number": number, **each} for number, each in enumerate(sources, 1)], "search": found}


def is_url(text: str) -> bool:
    """Whether it names a page, and no file."""
    return text.partition("://")[0].isalpha() and "://" in text


async def _pages(context: Context, urls: Sequence[str], most: int) -> list[dict[str, Any]]:
    """The pages that the user has named; what is not read is missing from the coverage."""
    sources = []
    taken = urls[: max(most, 0)]
    for url, (page, reason) in zip(taken, await _fetched(taken, allows_private=True), strict=True):
        context.coverage.append({"path": _shown(url), "read": page is not None, "reason": reason})
        if page:
            sources.append(page)
    for url in urls[len(taken) :]:
        reason = f"there are more than {context.parameters['max_sources']}"
        context.coverage.append({"path": _shown(url), "read": False, "reason": reason})
    return sources


async def _searched(context: Context, found: dict[str, Any], known: set[str], most: int) -> list[dict[str, Any]]:
    """Pages that the search tool names: none of this machine's network, and as many as there is room for."""
    context.metrics.tools_invoked += 1
    search = load("llmx.templates.builtin.research_assistant.searching:search")
    urls = [
        url for url in await search(context.parameters["search_tool"], context.parameters["topic"]) if url not in known
    ]
    found["found"] = len(urls)
    sources: list[dict[str, Any]] = []
    while urls and len(sources) < most:
        batch, urls = urls[: most - len(sources)], urls[most - len(sources) :]
        for url, (page, reason) in zip(batch, await _fetched(batch, allows_private=False), strict=True):
            if page:
                sources.append(page)
                context.coverage.append({"path": page["name"], "read": True, "reason": ""})
            else:
                found["failed"].append({"url": _shown(url), "reason": reason})
    return sources


async def _fetched(urls: Sequence[str], *, allows_private: bool) -> list[tuple[dict[str, Any] | None, str]]:
    """For each URL the source, or why there is none."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(url: str) -> tuple[dict[str, Any] | None, str]:
        async with gate:
            try:
                page = await load("llmx.templates.fetching:fetch")(url, allows_private=allows_private)
                document = await asyncio.to_thread(read_bytes, page.data, page.name)
            except DocumentError as error:
                return None, why(error, page.name)
            except LlmxError as error:
                return None, error.message.removeprefix(_shown(url)).strip(" :")
            return _source(page.url, document), ""

    return await asyncio.gather(*map(one, urls))


def _source(name: str, document: Document) -> dict[str, Any]:
    return {
        "name": name,
        "title": clean(document.title) or name.rstrip("/").rsplit("/", 1)[-1],
        "kind": document.kind,
        "digest": document.digest,
        "notes": list(document.notes),
        "places": [list(each) for each in places_of(document)],
        "text": clean(document.text),
    }


def _shown(url: str) -> str:
    shown: str = load("llmx.templates.fetching:plain")(url)
    return shown
