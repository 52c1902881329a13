"""The most that explaining numbers asks: no text holds before the last try."""

from typing import Any

from llmx.templates.builtin.data_analysis.phases import ANSWER_TOKENS, TRIES, asked_of
from llmx.templates.ceilings import at_most, longest
from llmx.templates.phases import Context

COMPLAINT = "the text has numbers that were not computed: "


async def narrate(context: Context, item: dict[str, Any], number: int) -> None:
    """Ask about one part of the numbers as often as may be."""
    del number
    await asked_of(context, item, "")
    with at_most():
        for _ in range(1, TRIES):
            await asked_of(context, item, COMPLAINT + longest(ANSWER_TOKENS))
