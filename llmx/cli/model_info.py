"""``llmx model info``: what a GGUF file's header says, and whether the model fits this machine."""

import os
from typing import Annotated, Any

import typer

from llmx.cli.model_settings import places_of
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.gguf.memory import DEFAULT_CONTEXT, MB, largest_context, need
from llmx.core.gguf.model_facts import ModelFacts
from llmx.core.jsonline import dumps
from llmx.core.process.headroom import headroom
from llmx.core.settings.sources import shown
from llmx.models.hub import Hub, endpoint, token
from llmx.models.inspection import inspect

app = typer.Typer(add_completion=False)


@app.command()
def info(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="FILE|REF", help="A .gguf file, an id, hf:org/repo:Q4_K_M.")],
    *,
    context: Annotated[
        int | None, typer.Option("--context", min=1, metavar="TOKENS", help="Tell of a context of so many tokens.")
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Show what a model is and whether it fits this machine; its weights are not read, and not fetched either.

    For example: llmx model info hf:Qwen/Qwen3-4B-GGUF:Q4_K_M
    """
    found = inspect(model, Hub(endpoint(os.environ), token(os.environ)), places_of(ctx))
    facts = found.facts
    if found.note:
        note(found.note)
    fit = fit_of(facts, context or min(facts.context or DEFAULT_CONTEXT, DEFAULT_CONTEXT))
    if output == Output.json:
        print(dumps({**as_dict(facts, fit), "digest": found.digest or None, "is_here": found.is_here}))
    else:
        rows = [*lines(facts, fit), *([("digest", found.digest)] if found.digest else [])]
        print("\n".join(f"{name:<15}{shown(value)}" for name, value in rows))
        if not found.is_here:
            note(f"it is not on this machine yet: llmx model pull {shown(model)}")


def fit_of(facts: ModelFacts, context: int) -> dict[str, Any]:
    """Whether the model fits, with that context and at all."""
    needed, room = need(facts, context), headroom()
    return {
        "fits": needed.total <= room.bytes,
        "context": context,
        "required_mb": needed.total // MB,
        "weights_mb": needed.weights // MB,
        "cache_mb": needed.cache // MB,
        "available_mb": room.bytes // MB,
        "available_by": room.source,
        "largest_context": largest_context(facts, room.bytes),
    }


def as_dict(facts: ModelFacts, fit: dict[str, Any]) -> dict[str, Any]:
    """For programs."""
    plain = {name: value for name, value in facts._asdict().items() if name not in ("shape", "chat_template")}
    shape = {name: value for name, value in facts.shape._asdict().items() if name != "kv_heads"}
    return {**plain, **shape, "has_chat_template": bool(facts.chat_template), "fit": fit}


def lines(facts: ModelFacts, fit: dict[str, Any]) -> list[tuple[str, str]]:
    """For people: a name and its value a line."""
    parts = f" in {facts.parts} parts" if facts.parts > 1 else ""
    needed = f"{fit['required_mb']} MB with a context of {fit['context']} tokens, {fit['available_mb']} MB available"
    most = f"; the largest context that fits is {fit['largest_context']}" if fit["largest_context"] else ""
    return [
        ("name", facts.name or "not said"),
        ("architecture", facts.architecture),
        ("parameters", scaled(facts.parameters)),
        ("quantization", facts.quantization or "unknown"),
        ("size", f"{facts.size / MB:.1f} MB{parts}"),
        ("context", f"{facts.context} tokens" if facts.context else "not said"),
        ("tokenizer", f"{facts.tokenizer or 'none'}, {facts.shape.vocabulary} tokens"),
        ("chat template", "yes" if facts.chat_template else "no"),
        ("license", facts.license or "not said"),
        ("fits", f"{'yes' if fit['fits'] else 'no'}: it needs {needed}{'' if fit['fits'] else most}"),
    ]


def scaled(count: int) -> str:
    """Such as 7.6 B, 494 M."""
    for size, letter in ((10**9, "B"), (10**6, "M")):
        if count >= size:
            return f"{count / size:.3g} {letter}"
    return str(count)
