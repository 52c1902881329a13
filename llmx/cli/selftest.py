"""``llmx selftest``: ask what is there, and tell what could not be tried."""

from typing import Annotated

import typer

from llmx.cli.model_client import calls
from llmx.cli.model_options import BUDGET, CASSETTE, ModelOptions, asks_a_model
from llmx.cli.output import Output, OutputOption
from llmx.cli.settings import settings_of
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError, LlmxError, UsageError, nearest

app = typer.Typer(add_completion=False)


@app.command()
@asks_a_model((*CASSETTE, *BUDGET))
def selftest(
    ctx: typer.Context,
    *,
    require: Annotated[
        list[str] | None, typer.Option("--require", metavar="PART", help="Fail, too, where this part cannot be tried.")
    ] = None,
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Ask the mock, Ollama where it is up, and what is configured; exit 1 where a part fails.

    For example: llmx selftest --require ollama
    """
    settings = settings_of(ctx)
    known = load("llmx.conversations.selftest:PARTS")
    for part in require or ():
        if part not in known:
            near = nearest(part, known)
            raise UsageError(f"selftest has no part {part}", hint=f"did you mean {near}?" if near else ", ".join(known))
    trial = load("llmx.conversations.selftest:Trial")(settings, calls(settings.values, given))
    rows = load("llmx.core.blocking:run")(lambda: load("llmx.conversations.selftest:tried")(trial))
    if output == Output.json:
        print(dumps([row._asdict() for row in rows]))
    else:
        for row in rows:
            print(f"{row.status:<8} {row.part:<12} {shown(row.reason)}")
    missed = [row for row in rows if row.status == "skipped" and row.part in (require or ())]
    failed = [row for row in rows if row.status == "failed"]
    if output == Output.json and (failed or missed):
        raise typer.Exit(LlmxError.exit_code if failed else InconclusiveError.exit_code)
    if failed:
        raise LlmxError(f"selftest: {', '.join(row.part for row in failed)} failed", hint="llmx doctor")
    if missed:
        raise InconclusiveError(f"selftest: {missed[0].part} could not be tried: {missed[0].reason}")
