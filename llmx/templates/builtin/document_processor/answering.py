"""Ask about the parts of documents until the answers hold, and make one summary of many."""

from typing import Any

from llmx.core.backends.errors import AnswerSchemaError, ContextOverflowError
from llmx.errors import SchemaError
from llmx.templates.builtin.document_processor.checks import complaint_about_summary
from llmx.templates.builtin.document_processor.chunks import spans
from llmx.templates.builtin.document_processor.questions import TRANSFORMATIONS, Answer
from llmx.templates.phases import Context

TRIES = 2
SMALLEST = 500
"""A part of fewer characters is not halved when it does not fit."""


async def answer_about(context: Context, chunk: dict[str, Any]) -> Answer:
    """The answer about one part; one that does not fit the model's context is asked about in halves."""
    transformation = TRANSFORMATIONS[context.parameters["transformation_type"]]
    text = chunk["text"]
    try:
        return await _checked(context, "ask.j2", {"item": chunk}, text)
    except (ContextOverflowError, AnswerSchemaError) as error:
        is_too_long = isinstance(error, ContextOverflowError) or "cut for its length" in (error.hint or "")
        if not is_too_long or not halves_of(chunk):
            raise
    halves = halves_of(chunk)
    return transformation.join([await answer_about(context, half) for half in halves], halves)


def halves_of(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    """The part in two; nothing where it is too small for that."""
    text = chunk["text"]
    if len(text) < 2 * SMALLEST:
        return []
    return [{**chunk, "text": text[span.start : span.end]} for span in spans(text, (len(text) + 1) // 2)]


async def asked_of(context: Context, file: str, values: dict[str, Any], length: int) -> Answer:
    """One answer about a text of so many characters, whether or not it holds."""
    everything = {**context.values, **values}
    answer: Answer = await context.ask(
        context.renderer.file(file, everything),
        context.renderer.file("system.j2", everything),
        schema=TRANSFORMATIONS[context.parameters["transformation_type"]].schema(context.parameters),
        max_tokens=max(1024, length),
    )
    return answer


async def one_summary(context: Context, summaries: list[str]) -> Answer:
    """One summary of all, by as many rounds as it takes for them to fit a question."""
    while len(summaries) > 1:
        groups = _groups(summaries, max(context.parameters["chunk_chars"], 2 * max(map(len, summaries))))
        summaries = [
            group if count == 1 else (await _checked(context, "merge.j2", {"text": group}, group))["summary"]
            for group, count in groups
        ]
    return {"summary": summaries[0]}


def _groups(summaries: list[str], size: int) -> list[tuple[str, int]]:
    """Neighbors together, as many as fit: their text and their number; at least two go together, so that it ends."""
    groups: list[tuple[str, int]] = []
    for summary in summaries:
        text, count = groups[-1] if groups else ("", 0)
        if count and len(text) + len(summary) <= size:
            groups[-1] = (f"{text}\n\n{summary}", count + 1)
        else:
            groups.append((summary, 1))
    return groups


async def _checked(context: Context, file: str, values: dict[str, Any], text: str) -> Answer:
    """An answer that holds; raises ``SchemaError`` with what is wrong where none does."""
    transformation = TRANSFORMATIONS[context.parameters["transformation_type"]]
    complaint = ""
    for _ in range(TRIES):
        answer = await asked_of(context, file, {**values, "complaint": complaint}, len(text))
        complain = complaint_about_summary if file == "merge.j2" else None
        complaint = complain(answer["summary"], text) if complain else transformation.complain(answer, text)
        if not complaint:
            return answer
    raise SchemaError(complaint)
