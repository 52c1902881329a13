"""The most that documents ask: no answer holds before the last try, and every part is asked about in halves as well."""

from math import ceil
from typing import Any

from llmx.templates.builtin.document_processor.answering import TRIES, asked_of, halves_of
from llmx.templates.builtin.document_processor.checks import LEAST_SUMMARY
from llmx.templates.ceilings import at_most
from llmx.templates.phases import Context

COMPLAINT = "." * 300
"""Longer than whatever is said of an answer that does not hold."""

BETWEEN = len("\n\n")


async def transform(context: Context, item: list[dict[str, Any]], number: int) -> None:
    """Ask about each part of a batch."""
    del number
    for chunk in item:
        await asked_of(context, "ask.j2", {"item": chunk, "complaint": ""}, len(chunk["text"]))
        with at_most():
            await _again(context, chunk)


async def _again(context: Context, chunk: dict[str, Any]) -> None:
    """All tries behind the first one, then the same for each half."""
    for _ in range(1, TRIES):
        await asked_of(context, "ask.j2", {"item": chunk, "complaint": COMPLAINT}, len(chunk["text"]))
    for half in halves_of(chunk):
        await asked_of(context, "ask.j2", {"item": half, "complaint": ""}, len(half["text"]))
        await _again(context, half)


async def merge(context: Context, item: dict[str, Any], number: int) -> None:
    """Make one summary of those of all parts, which no round makes shorter."""
    del number
    batches = context.results["extract"]["batches"]
    sizes = [_longest_summary(chunk) for batch in batches for chunk in batch if chunk["document"] == item["index"]]
    if context.parameters["transformation_type"] != "summarize" or len(sizes) < 2:
        return
    await _merged(context, len(sizes) and ceil(sum(sizes) / 4), "")
    count, total = len(sizes), sum(sizes) + BETWEEN * len(sizes)
    with at_most():
        while count > 1:
            count = ceil(count / 2)  # any two that are neighbors fit together
            for complaint in ["", *[COMPLAINT] * (TRIES - 1)]:
                for _ in range(count):
                    await _merged(context, max(LEAST_SUMMARY, ceil(total / count)), complaint)


def _longest_summary(chunk: dict[str, Any]) -> int:
    """Characters that the summary of a part has at most, also where it is put together of those of halves."""
    halves = halves_of(chunk)
    own = max(LEAST_SUMMARY, len(chunk["text"]))
    return max(own, sum(_longest_summary(half) + BETWEEN for half in halves))


async def _merged(context: Context, length: int, complaint: str) -> None:
    """Ask about summaries of so many characters, each of which may have four bytes."""
    await asked_of(context, "merge.j2", {"text": "." * (4 * length), "complaint": complaint}, length)
