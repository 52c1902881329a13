"""``llmx embed``: texts as vectors."""

import sys
from typing import Annotated, Any

import typer

from llmx.cli.model_client import Asker
from llmx.cli.model_options import SAMPLING, ModelOptions, all_but, asks_a_model
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.prompts import text_of
from llmx.core.events import Answering
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.response import Embedded
from llmx.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command()
@asks_a_model(all_but(*SAMPLING, "keep_alive"))
def embed(
    ctx: typer.Context,
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…", help="The texts; - reads stdin, @file a file.")],
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Each line of what is read is a text of its own.")] = False,
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Print the vector of each text, one JSON list a line.

    For example: llmx embed --model ollama/nomic-embed-text --lines @texts.txt
    """
    read = [text_of(text) for text in texts]
    wanted = [line for text in read for line in text.splitlines() if line.strip()] if lines else read
    if not wanted or not all(text.strip() for text in wanted):
        raise UsageError("an empty text has no vector", hint="llmx embed TEXT, or llmx embed --lines - < FILE")
    asked = Asker(ctx, given).client(given.config, is_always_same=True)
    made: Embedded = load("llmx.core.blocking:run")(lambda: asked.embedded(wanted))
    tell(made.who)
    if output == Output.json:
        print(dumps(facts(made)))
        return
    for vector in made.vectors:
        print(dumps(vector))


def facts(made: Embedded) -> dict[str, Any]:
    """Who made the vectors, what they cost, and the vectors."""
    who = made.who
    return {
        "backend": who.backend,
        "model": who.model,
        "mock": who.mock,
        "cached": who.cached,
        "tokens_used": made.usage.prompt_tokens,
        "dimensions": len(made.vectors[0]),
        "vectors": made.vectors,
    }


def tell(who: Answering) -> None:
    """That no model has made the vectors, and whatever else must be known."""
    if who.mock:
        note("a mock made these vectors up; no model was asked")
    for text in who.notices:
        print(f"warning: {text}", file=sys.stderr)
