"""``llmx usage``: what models were asked, and what it cost."""

from typing import Annotated

import typer

from llmx.cli.output import Output, OutputOption
from llmx.cli.runs import seconds
from llmx.cli.runs_shown import visible
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.usage.ledger import Ledger
from llmx.core.usage.report import BYS, By, Row, report
from llmx.errors import UsageError, nearest

app = typer.Typer(add_completion=False)


@app.command()
def usage(
    by: Annotated[
        str, typer.Option("--by", metavar="NAMES", help=f"Rows by one or more of {', '.join(BYS)}.")
    ] = "day,model",
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only of the last 90s, 1h, 2d.")] = None,
    *,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="All counters in Prometheus' text format.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Show calls of models, their tokens and costs. A cost that nobody knows is -, never 0."""
    groups = _groups(by)
    ledger = Ledger()
    ledger.price()
    if prometheus:
        print(load("llmx.core.usage.prometheus:exposition")(ledger.connection), end="")
        return
    rows = report(ledger.connection, groups, seconds("--since", since))
    if output == Output.json:
        print("[" + ",\n".join(dumps(row.as_dict(groups)) for row in rows) + "]")
        return
    print(f"{'calls':>6} {'failed':>6} {'cached':>6} {'prompt':>10} {'answer':>10} {'cost':>12}  {' · '.join(groups)}")
    for row in rows:
        print(_line(row))
    _tell_unknown(rows)


def _groups(by: str) -> list[By]:
    words = [word.strip() for word in by.split(",") if word.strip()]
    for word in words:
        if word not in BYS:
            near = nearest(word, BYS)
            raise UsageError(
                f"--by: there is no {word!r}", hint=f"did you mean {near}?" if near else f"it can be {', '.join(BYS)}"
            )
    return [each for each in BYS if each in words]


def _line(row: Row) -> str:
    cost = "-" if row.cost is None else f"${row.cost:.6f}"
    group = " · ".join(visible(each) or "-" for each in row.group)
    return (
        f"{row.calls:>6} {row.failed:>6} {row.cached:>6} {row.prompt_tokens:>10} {row.completion_tokens:>10} "
        f"{cost:>12}  {group}"
    )


def _tell_unknown(rows: list[Row]) -> None:
    unpriced, unknown = sum(row.unpriced for row in rows), sum(row.unknown for row in rows)
    if unpriced:
        print(f"the price of {unpriced} calls is not known, and not in these sums")
    if unknown:
        print(f"{unknown} calls did not say how many tokens they used")
