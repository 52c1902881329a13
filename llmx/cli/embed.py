"""``llmx embed``: texts as vectors."""

from typing import Annotated

import typer

from llmx.cli.model_options import ApiBaseOption, BackendOption, ModelOption, TimeoutOption, client, seconds
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.prompts import text_of
from llmx.core.jsonline import dumps
from llmx.core.llm_config import LLMConfig
from llmx.core.plugins import load
from llmx.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command()
def embed(
    ctx: typer.Context,
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…", help="The texts; - reads stdin, @file a file.")],
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Each line of what is read is a text of its own.")] = False,
    model: ModelOption = None,
    backend: BackendOption = None,
    api_base: ApiBaseOption = None,
    timeout: TimeoutOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Print the vector of each text, one JSON list a line.

    For example: llmx embed --model ollama/nomic-embed-text --lines @texts.txt
    """
    given = [text_of(text) for text in texts]
    wanted = [line for text in given for line in text.splitlines() if line.strip()] if lines else given
    if not wanted or not all(text.strip() for text in wanted):
        raise UsageError("an empty text has no vector", hint="llmx embed TEXT, or llmx embed --lines - < FILE")
    config = LLMConfig(backend=backend, model=model, api_base=api_base, timeout=seconds(timeout))
    asked = client(ctx, config)
    vectors: list[list[float]] = load("llmx.core.blocking:run")(lambda: asked.embed(wanted))
    who = load("llmx.core.blocking:run")(asked.who)
    if who.mock:
        note("a mock made these vectors up; no model was asked")
    if output == Output.json:
        facts = {"backend": who.backend, "model": who.model, "mock": who.mock, "dimensions": len(vectors[0])}
        print(dumps({**facts, "vectors": vectors}))
        return
    for vector in vectors:
        print(dumps(vector))
