"""``llmx doctor``: what is wrong here, and the command that mends it."""

import os

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.doctor import ISSUES, Result, Status, examine, worst
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown

VARIABLES = {"config": "LLMX_CONFIG", "profile": "LLMX_PROFILE"}
"""The options of `llmx` itself that say where settings come from, and the variables that do."""

app = typer.Typer(add_completion=False)


@app.command()
def doctor(ctx: typer.Context, output: OutputOption = Output.text) -> None:
    """Check this machine for llmx; each finding says what it means and what to type. Exit 1 where one is a failure.

    Nothing is changed, and nothing is asked of another machine.
    """
    given = {variable: ctx.find_root().params.get(name) for name, variable in VARIABLES.items()}
    results = examine({**os.environ, **{variable: value for variable, value in given.items() if value}})
    if output == Output.json:
        print(dumps({"status": worst(results), "checks": [r._asdict() for r in results], "issues": issues(results)}))
    else:
        show(results)
    if worst(results) == "fail":
        raise typer.Exit(1)


def issues(results: list[Result]) -> list[dict[str, object]]:
    """The common troubles, each with the checks that find its causes and how those ended."""
    return [
        {"issue": issue, "checks": list(checks), "status": ended(results, checks)} for issue, checks in ISSUES.items()
    ]


def ended(results: list[Result], checks: tuple[str, ...]) -> Status:
    """How the named checks ended, together."""
    return worst([result for result in results if result.check in checks])


def show(results: list[Result]) -> None:
    """Print a line for each finding, and what to do below those that are not well."""
    for result in results:
        print(f"{result.status:<5} {result.check:<13} {shown(result.found)}")
        if result.status != "ok":
            print(f"{'':<6}{'meaning':<13} {shown(result.meaning)}")
            if result.fix:
                print(f"{'':<6}{'fix':<13} {shown(result.fix)}")
    print("\nthe five common issues, and the checks that look for their causes:")
    for issue, checks in ISSUES.items():
        print(f"{ended(results, checks):<5} {issue:<29} {', '.join(checks)}")
    counts = {status: sum(result.status == status for result in results) for status in ("ok", "warn", "fail")}
    print("\n" + ", ".join(f"{count} {status}" for status, count in counts.items()))
