"""Ask about many parts at once, and about fewer at a time where the model's context does not hold them all."""

from collections.abc import Sequence
from typing import Any

from llmx.core.backends.errors import ContextOverflowError
from llmx.templates.phases import Context


async def ask_in_parts(context: Context, phase: str, parts: Sequence[Any], name: str) -> list[Any]:
    """The answers of as many questions as it takes, in the order of the parts; none is asked again for ``--resume``.

    The question is ``<phase>.j2`` over ``parts``, with ``system.j2``; schema and length are those of the phase. Raises
    ``ContextOverflowError`` where the context holds not even one part.
    """
    asked = next(each for each in context.template.phases if each.id == phase)
    values = {**context.values, "parts": list(parts)}

    async def ask() -> Any:  # noqa: ANN401  # what the schema says
        prompt = context.renderer.file(f"{phase}.j2", values)
        system = context.renderer.file("system.j2", values)
        return await context.ask(prompt, system, schema=asked.schema, max_tokens=asked.max_tokens)

    try:
        return [await context.once(name, ask)]
    except ContextOverflowError:
        if len(parts) < 2:
            raise
    half = len(parts) // 2
    first = await ask_in_parts(context, phase, parts[:half], f"{name}.1")
    return [*first, *await ask_in_parts(context, phase, parts[half:], f"{name}.2")]
