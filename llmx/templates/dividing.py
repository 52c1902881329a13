"""Ask about many parts at once, and about fewer at a time where the model's context does not hold them all."""

from collections.abc import Sequence
from typing import Any

from llmx.core.backends.errors import ContextOverflowError
from llmx.templates import Phase
from llmx.templates.ceilings import at_most, likely
from llmx.templates.phases import Context

LEAST_ROOM = 500
"""Tokens of an answer about however few parts; half of the parts get half of the room."""


async def ask_in_parts(context: Context, phase: str, parts: Sequence[Any], name: str) -> list[Any]:
    """The answers of as many questions as it takes, in the order of the parts; none is asked again for ``--resume``.

    The question is ``<phase>.j2`` over ``parts``, with ``system.j2``; schema and length are those of the phase. Raises
    ``ContextOverflowError`` where the context holds not even one part.
    """
    asked = _phase(context, phase)
    return await _in_parts(context, asked, parts, name, asked.max_tokens)


async def plan_in_parts(context: Context, phase: str, parts: Sequence[Any]) -> None:
    """Plan the same: one question is likely, and at most there is one about each part."""
    asked = _phase(context, phase)
    if len(parts) < 2:
        await _ask(context, asked, parts, asked.max_tokens)
        return
    with likely():
        await _ask(context, asked, parts, asked.max_tokens)
    with at_most():
        await _plan_each(context, asked, parts, asked.max_tokens)


def _phase(context: Context, name: str) -> Phase:
    return next(each for each in context.template.phases if each.id == name)


async def _in_parts(context: Context, asked: Phase, parts: Sequence[Any], name: str, room: int | None) -> list[Any]:
    try:
        return [await context.once(name, lambda: _ask(context, asked, parts, room))]
    except ContextOverflowError:  # which was refused, and cost nothing
        if len(parts) < 2:
            raise
    half = len(parts) // 2
    first = await _in_parts(context, asked, parts[:half], f"{name}.1", _half(room))
    return [*first, *await _in_parts(context, asked, parts[half:], f"{name}.2", _half(room))]


async def _plan_each(context: Context, asked: Phase, parts: Sequence[Any], room: int | None) -> None:
    if len(parts) < 2:
        await _ask(context, asked, parts, room)
        return
    half = len(parts) // 2
    await _plan_each(context, asked, parts[:half], _half(room))
    await _plan_each(context, asked, parts[half:], _half(room))


def _half(room: int | None) -> int | None:
    return None if room is None else max(min(room, LEAST_ROOM), room // 2)


async def _ask(context: Context, asked: Phase, parts: Sequence[Any], room: int | None) -> Any:  # noqa: ANN401
    values = {**context.values, "parts": list(parts)}
    prompt = context.renderer.file(f"{asked.id}.j2", values)
    system = context.renderer.file("system.j2", values)
    return await context.ask(prompt, system, schema=asked.schema, max_tokens=room)
