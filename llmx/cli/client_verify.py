"""``llmx client verify``: what the real program says it took."""

import typer

from llmx.cli.client import here
from llmx.cli.notes import note
from llmx.cli.output import Output
from llmx.clients.registry import find
from llmx.clients.verifying import verify as ask
from llmx.core.jsonline import dumps


def verify(name: str, output: Output) -> None:
    """Print each value beside the program's; exit 1 where they differ."""
    rows = ask(find(name), here())
    if output == Output.json:
        print(dumps([row._asdict() | {"agrees": row.agrees} for row in rows]))
    for row in rows if output == Output.text else ():
        print(f"{'agrees' if row.agrees else 'DIFFERS'}  {row.what}: {row.wanted}")
        if not row.agrees:
            print(f"         the program says: {row.found or '(nothing)'}")
    if not rows:
        note("there is nothing in its files to ask about")
    if not all(row.agrees for row in rows):
        raise typer.Exit(1)
