"""``llmx model bench``: how fast a model reads and answers on this machine."""

import os
from collections.abc import AsyncGenerator
from typing import Annotated, NamedTuple

import typer

from llmx.cli.model_client import calls
from llmx.cli.model_options import BUDGET, ModelOptions, asks_a_model
from llmx.cli.output import Output, OutputOption
from llmx.cli.settings import settings_of
from llmx.core.access import Access, access_for
from llmx.core.backends.opening import open_backend
from llmx.core.bench import Figures, measure
from llmx.core.calls import Calls
from llmx.core.choice import Asked, Choice, Named, named
from llmx.core.events import Answering, Event
from llmx.core.jsonline import dumps
from llmx.core.messages import Request
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.errors import UsageError

app = typer.Typer(add_completion=False)

COLUMNS = (
    ("first_token_s", "s to the first token"),
    ("prompt_tokens_per_second", "prompt tokens a second"),
    ("tokens_per_second", "tokens a second"),
    ("memory_mb", "MB of memory"),
    ("load_s", "s to load and answer once"),
)


@app.command()
@asks_a_model(BUDGET)
def bench(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="REF", help="The model, such as file:/x.gguf or ollama/qwen3.")],
    *,
    vs: Annotated[str, typer.Option("--vs", metavar="REF", help="Another to measure beside it.")] = "",
    words: Annotated[int, typer.Option("--words", min=1, help="How many words the prompt has.")] = 200,
    tokens: Annotated[int, typer.Option("--tokens", min=2, help="How long the answer is.")] = 64,
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Measure a model on this machine: time to the first token, speed and memory, the same way on every backend."""
    values = settings_of(ctx).values
    way = calls(values, given)
    found = [figures_of(chosen(ref), values, way, Size(words, tokens)) for ref in (model, vs) if ref]
    if output == Output.json:
        print(dumps([each._asdict() for each in found]))
        return
    for name, title in (("model", "model"), *COLUMNS):
        print(f"{title:<26}{'  '.join(f'{value_of(each, name):>24}' for each in found)}".rstrip())


class Size(NamedTuple):
    """How long the prompt is, in words, and the answer, in tokens."""

    words: int
    tokens: int


def chosen(ref: str) -> Choice:
    """The backend and the model that a ref means."""
    choice = named(Asked(flags=Named("", ref)))
    if choice is None:
        raise UsageError(f"{shown(ref)} names no model")
    return choice


def figures_of(choice: Choice, values: dict[str, object], way: Calls, size: Size) -> Figures:
    """What is measured of one; its calls are counted and limited like any others."""
    access = access_for(choice.backend, Access(), values)
    backend = open_backend(choice.backend, access, os.environ)
    who = Answering(backend.name, choice.model, backend.is_mock)

    def ask(request: Request) -> AsyncGenerator[Event]:
        return way.stream(backend, who, request, keeps=False)

    figures: Figures = load("llmx.core.blocking:run")(lambda: measure(backend, choice.model, ask, **size._asdict()))
    return figures


def value_of(figures: Figures, name: str) -> str:
    """A figure as people read it."""
    value = getattr(figures, name)
    return "not told" if value is None else shown(str(value).rpartition("/")[2][-24:])
