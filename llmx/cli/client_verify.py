"""``llmx client verify``: what the real program says it took."""

import os

import typer

from llmx.cli.client import here
from llmx.cli.notes import note
from llmx.cli.output import Output
from llmx.clients.protocol import Scope
from llmx.clients.registry import find
from llmx.clients.verifying import verify as ask
from llmx.core.jsonline import dumps
from llmx.core.source import project_source


def verify(name: str, output: Output) -> None:
    """Print each value beside the program's; exit 1 where they differ. A project's files count where it is trusted."""
    notices: list[str] = []
    is_trusted = project_source(os.environ, os.getcwd(), notices) is not None
    for text in notices:
        note(text)
    scopes: tuple[Scope, ...] = ("user", "project") if is_trusted else ("user",)
    rows = ask(find(name), here(), scopes)
    if output == Output.json:
        print(dumps([row.shown._asdict() | {"agrees": row.agrees} for row in rows]))
    for row in rows if output == Output.text else ():
        print(f"{'agrees' if row.agrees else 'DIFFERS'}  {row.what}: {row.shown.wanted}")
        if not row.agrees:
            print(f"         the program says: {row.shown.found or '(nothing)'}")
    if not rows:
        note("there is nothing in its files to ask about")
    if not all(row.agrees for row in rows):
        raise typer.Exit(1)
