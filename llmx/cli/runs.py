"""``llmx runs``: what was run, how it ended, what it printed and cost; and the runs that still go on."""

import os
import time
from itertools import islice
from typing import Annotated, Literal

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.runs_alive import logs, stop, wait
from llmx.cli.runs_shown import missing_of, print_run, record, row, row_of_figures
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.quantities import parse_duration
from llmx.core.runs.figures import figures
from llmx.core.runs.index import Runs
from llmx.core.runs.naming import find
from llmx.core.runs.retention import MOST_DAYS, Pruned
from llmx.core.runs.retention import prune as remove_stored
from llmx.core.runs.series import series_of
from llmx.core.runs.svg import draw
from llmx.errors import LlmxError, NotFoundError, UsageError
from llmx.exec.last import result_of
from llmx.exec.result_file import write_file

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at runs, and end or await those that go on.")

Status = Literal[
    "ok",
    "failed",
    "timeout",
    "stalled",
    "limit",
    "denied",
    "signal",
    "interrupted",
    "window_closed",
    "error",
    "running",
    "lost",
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="An id, how one begins, or `last`.")]
SinceOption = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only those of the last 90s, 1h, 2d.")]


def seconds(option: str, text: str | None) -> float | None:
    """The time that an option's value means; None without one."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", hint=f"for example {option} 90s, 1h or 2d") from None


@app.command("list")
def list_(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, the last ones.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    status: Annotated[Status | None, typer.Option("--status", help="Only those that ended so.")] = None,
    command: Annotated[
        str, typer.Option("--command", metavar="WORD", help="Only those with this in their command line.")
    ] = "",
    since: SinceOption = None,
    output: OutputOption = Output.text,
) -> None:
    """List runs, the last one first."""
    runs = Runs(os.environ).newest(status=status or "", command=command, since=seconds("--since", since))
    shown = runs if every else islice(runs, limit)
    if output == Output.json:
        print("[" + ",\n".join(dumps(record(run)) for run in shown) + "]")
        return
    at_all = False
    for run in shown:
        at_all = True
        print(row(run))
    if not at_all:
        note("no run is like that; llmx runs list --all shows all" if status or command or since else "no run yet")


@app.command()
def show(
    name: IdArgument,
    svg: Annotated[str, typer.Option("--svg", metavar="FILE", help="Draw CPU and memory into FILE.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Show all that is known of a run; CPU and memory over time where it was monitored."""
    run = find(os.environ, name)
    result = result_of(run, os.environ)
    if svg:
        if not (series := series_of(result)):
            hint = "llm-exec --monitor samples CPU and memory; a run of less than 0.1 s has no course of them"
            raise NotFoundError(f"run {run.id} has no samples to draw", hint=hint)
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
        try:
            write_file(svg, draw(f"{run.command}, {when}, run {run.id}", series).encode())
        except OSError as error:
            raise LlmxError(f"{svg}: {error.strerror}") from None
    if output == Output.json:
        print(dumps({**result, **record(run), "output_missing_bytes": missing_of(run)}))
        return
    print_run(run, result)


app.command()(logs)
app.command()(stop)
app.command()(wait)


@app.command()
def stats(since: SinceOption = None, output: OutputOption = Output.text) -> None:
    """Count runs and failures by command, and say how long half and 95 of 100 of them took at most."""
    rows = figures(Runs(os.environ).newest(since=seconds("--since", since)))
    if output == Output.json:
        print(dumps([one._asdict() for one in rows]))
        return
    print(f"{'runs':>6} {'failed':>6} {'p50':>9} {'p95':>9}  command")
    for one in rows:
        print(row_of_figures(one))


@app.command()
def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="TIME", help="Instead of 7 days: 12h, 2d.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that is stored, but for runs that go on.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Remove stored output that is old or too large together, and unfinished templates; the log's lines stay."""
    age = seconds("--older-than", older_than)
    days = 0.0 if every else MOST_DAYS if age is None else age / 86400
    pruned: Pruned = remove_stored(os.environ, days=days)
    unasked = age is None and not every
    unfinished: int = load("llmx.templates.kept:forget_old")(*(() if unasked else (days * 86400,)))
    if output == Output.json:
        print(dumps({"runs": pruned.runs, "bytes": pruned.bytes, "unfinished": unfinished}))
    else:
        print(f"removed what {pruned.runs} runs had stored, {pruned.bytes / 1e6:.1f} MB")
        if unfinished:
            print(f"and what {unfinished} unfinished runs and batches of templates had kept")
