"""The most that a research asks of sources that are files; nothing is fetched, and nothing kept."""

from collections.abc import Mapping
from typing import Any

from llmx.templates.builtin.research_assistant.gathering import gathered, is_url
from llmx.templates.builtin.research_assistant.phases import passages_of
from llmx.templates.dividing import plan_in_parts
from llmx.templates.phases import Context
from llmx.templates.placeholders import PlanEndError


async def gather(context: Context) -> dict[str, Any]:
    """The sources, where none of them is a page."""
    given = context.parameters
    if given["search_tool"] or any(is_url(each) for each in given["sources"]):
        raise PlanEndError("how much web pages hold is not known before they are fetched")
    return await gathered(context)


def ingest(context: Context) -> dict[str, Any]:
    """The questions."""
    _, told = passages_of(context)
    return told


async def synthesize(context: Context, item: Mapping[str, Any], number: int) -> None:
    """Ask about a batch of passages."""
    del number
    await plan_in_parts(context, "synthesize", item["passages"])
