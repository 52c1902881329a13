"""The most that writing asks: as many parts as there may be, and no round passes before the last."""

from llmx.templates.builtin.content_generation.phases import (
    REVIEW_TOKENS,
    improved,
    most_parts,
    reviewed,
    room_of,
    written,
)
from llmx.templates.ceilings import at_most, longest
from llmx.templates.phases import Context

FACTS = "9" * 40
"""What is measured of a text is longer than of an answer that nobody gave: these numbers stand for it."""


async def write(context: Context) -> list[str]:
    """The drafts; each outline is at most the whole plan."""
    plan = next(each for each in context.template.phases if each.id == "plan")
    return await written(context, [longest(plan.max_tokens or 0) + FACTS] * most_parts(context), _words(context))


async def edit(context: Context) -> None:
    """Every round that there may be."""
    words = _words(context)
    parts = [longest(room_of(words)) + FACTS] * most_parts(context)
    reviews = [{"feedback": [longest(REVIEW_TOKENS)]}] * len(parts)
    await reviewed(context, 1, parts, words)
    with at_most():
        for number in range(2, context.parameters["max_iterations"] + 1):
            await improved(context, number - 1, parts, reviews, words)
            await reviewed(context, number, parts, words)


def _words(context: Context) -> int:
    """For each of the most parts so many that no fewer, longer parts have more together."""
    target = context.parameters["target_length"]
    return int(target) // most_parts(context) + 2 if target else 0
