"""``llmx template batch``: one template over many inputs."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from llmx.cli.model_client import NOBODY, Asker
from llmx.cli.model_options import ModelOptions, all_but, asks_a_model
from llmx.cli.notes import note
from llmx.cli.template_info import NameArgument
from llmx.cli.template_options import HowOptions, runs_a_template
from llmx.core.blocking import run
from llmx.core.client import LLMClient
from llmx.core.jsonline import dumps
from llmx.errors import NotFoundError, UsageError
from llmx.templates.batch import Batch, read_inputs, worst
from llmx.templates.running import config_for
from llmx.templates.same_work import model_of
from llmx.templates.sources import find

app = typer.Typer(add_completion=False)


@app.command()
@asks_a_model(all_but("top_p", "max_tokens", "timeout"))
@runs_a_template(("fail_on", "min_coverage", "seed"))
def batch(
    ctx: typer.Context,
    name: NameArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A JSON object of parameters a line; - is stdin.")],
    *,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, metavar="N", help="Inputs at once.")] = 4,
    resume: Annotated[str, typer.Option("--resume", metavar="ID", help="Go on with a batch that was broken off.")] = "",
    how: HowOptions,
    given: ModelOptions,
) -> None:
    """Run a template on each line of FILE. Results are JSON Lines in the order of the inputs; the worst gives the code.

    Worst are failures, then findings (1), then what is inconclusive (3). All inputs are checked before any is sent.
    """
    template = find(name)
    judged = replace(how.options(template), jobs=1, run="", extra={})
    inputs = read_inputs(template, _text(file), file)
    config = given.config if given.replay else config_for(template, given.config)
    asked = Asker(ctx, given, NOBODY._replace(template=template.id)).client(config)
    made = Batch(template, inputs, judged, resume=resume, model=model_of(asked.wanted))
    note(f"batch {made.id}: {made.left} of {len(inputs)} inputs to do; broken off, it goes on with --resume {made.id}")
    codes: list[int] = run(lambda: _told(made, asked, jobs))
    note(f"batch {made.id}: " + ", ".join(f"{count} x exit {code}" for code, count in sorted(Counter(codes).items())))
    if code := worst(codes):
        raise typer.Exit(code)


async def _told(made: Batch, asked: LLMClient, jobs: int) -> list[int]:
    codes = []
    async with asked:
        async for envelope in made.results(asked, jobs):
            print(dumps(envelope), flush=True)
            codes.append(_code(envelope))
    return codes


def _code(envelope: dict[str, Any]) -> int:
    return int(envelope["exit_code"])


def _text(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', error)}") from None
