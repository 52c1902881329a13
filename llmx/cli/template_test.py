"""``llmx template test``: whether templates still do what they did, from answers that were recorded."""

from pathlib import Path
from typing import Annotated, Any

import typer

from llmx.cli.model_options import ModelOptions, asks_a_model
from llmx.cli.output import Output, OutputOption
from llmx.cli.settings import settings_of
from llmx.core.blocking import run
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError, NotFoundError, UsageError
from llmx.templates import Template
from llmx.templates.cases import Case, Clients, Verdict, cases_of, client_for, exit_code, play, record
from llmx.templates.running import config_for
from llmx.templates.sources import FILE, find, folders

app = typer.Typer(add_completion=False)


@app.command("test")
@asks_a_model(("model", "backend", "api_base"))
def run_cases(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Its id, folder or file; else all of your own.")] = "",
    *,
    case: Annotated[str, typer.Option("--case", metavar="NAME", help="Only this case.")] = "",
    record_: Annotated[
        bool, typer.Option("--record", help="Ask a model, and keep its answers and the results.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="Ask a model and compare; nothing is kept.")] = False,
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Run the golden cases of a template. Exit 0: all are as they were, 1: one differs, 3: one was not tried."""
    if record_ and live:
        raise UsageError("--record and --live are given", hint="leave one of the two out")
    if given != ModelOptions() and not (record_ or live):
        raise UsageError("without --record or --live no model is asked", hint="leave the model out, or add --record")
    settings = settings_of(ctx)

    def clients(template: Template) -> Clients:
        config = config_for(template, given.config) if record_ or live else given.config
        return lambda recorded, replayed: client_for(settings, config, recorded, replayed)

    templates = [find(name)] if name else _own()
    told = [(template, _verdicts(template, case, clients(template), (record_, live))) for template in templates]
    _show(told, output)
    codes = [exit_code(verdicts) for _, verdicts in told]
    if code := 1 if 1 in codes else max(codes):
        raise typer.Exit(code)


def _verdicts(template: Template, only: str, clients: Clients, how: tuple[bool, bool]) -> list[Verdict]:
    chosen = [case for case in cases_of(template) if only in ("", case.name)]
    if only and not chosen:
        names = ", ".join(case.name for case in cases_of(template)) or "none"
        raise NotFoundError(f"{template.id} has no case {only!r}", hint=f"its cases: {names}")
    return [_verdict(template, case, clients, how) for case in chosen]


def _verdict(template: Template, case: Case, clients: Clients, how: tuple[bool, bool]) -> Verdict:
    recording, live = how
    if recording:
        return run(lambda: record(template, case, clients))
    return run(lambda: play(template, case, clients, live=live))


def _own() -> list[Template]:
    """The template of this folder, else all of the user's and the project's."""
    if Path(FILE).is_file():
        return [find("./")]
    found = [find(folder.path.name) for folder in folders() if folder.counts]
    if not found:
        raise InconclusiveError("there is no template of your own here", hint="llmx template new NAME begins one")
    return found


def _show(told: list[tuple[Template, list[Verdict]]], output: Output) -> None:
    if output == Output.json:
        print(dumps([_row(template, verdict) for template, verdicts in told for verdict in verdicts]))
        return
    for template, verdicts in told:
        if not verdicts:
            print(f"inconclusive  {shown(template.id)}: it has no cases")
        for verdict in verdicts:
            print(f"{verdict.status:<12}  {shown(template.id)}: {shown(verdict.case)}")
            for line in verdict.text.splitlines():
                print(f"    {_visible(line)}")


def _row(template: Template, verdict: Verdict) -> dict[str, Any]:
    checks = [check._asdict() for check in verdict.checks]
    return {"template": template.id, **verdict._asdict(), "checks": checks}


def _visible(line: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
