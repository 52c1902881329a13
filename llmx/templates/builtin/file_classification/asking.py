"""What the model is asked where rules do not decide, and what of its answer counts."""

from typing import Any

from llmx.core.backends.errors import ContextOverflowError
from llmx.templates.builtin.file_classification.deciding import UNDECIDED, Decision
from llmx.templates.builtin.file_classification.presets import categories
from llmx.templates.phases import Context

EXCERPTS = (2000, 400, 0)
"""Characters of a file's beginning that are shown; fewer where the model's context does not hold them."""

_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["category"],
    "properties": {"category": {"type": "string"}},
}


async def ask_about(context: Context, item: dict[str, Any], number: int) -> dict[str, Any]:
    """The model's answer about one file, as it is."""

    async def asked() -> dict[str, Any]:
        for length in EXCERPTS:
            try:
                return await _ask(context, item, length)
            except ContextOverflowError:
                if not length:
                    raise
        raise AssertionError

    answer: dict[str, Any] = await context.once(f"ask.{number}", asked)
    return answer


async def _ask(context: Context, item: dict[str, Any], length: int) -> dict[str, Any]:
    named = categories(context.parameters["category_preset"])
    facts = "\n".join([*item["facts"], *(["It begins:", item["text"][:length]] if item["text"] and length else [])])
    values = {**context.values, "facts": facts, "categories": named}
    prompt, system = context.renderer.file("ask.j2", values), context.renderer.file("system.j2", values)
    answer: dict[str, Any] = await context.ask(prompt, system, schema=_SCHEMA, max_tokens=100)
    return answer


def taken(context: Context, answer: dict[str, Any]) -> Decision | None:
    """What the answer decides, nothing where it is ``none``; None where it names what is no category."""
    named = {each.name for each in categories(context.parameters["category_preset"])}
    word = str(answer["category"]).strip()
    if word in named:
        return Decision(word, "the model", sure=True)
    return UNDECIDED if word.lower() == "none" else None
