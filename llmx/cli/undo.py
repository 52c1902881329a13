"""``llmx undo``: give the files of an edit their bytes from before it."""

import os
from typing import Annotated

import typer

from llmx.cli.history import record
from llmx.cli.output import Output, OutputOption
from llmx.core import edits
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.core.source.writing import keep_trust

app = typer.Typer(add_completion=False)


@app.command()
def undo(
    edit: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="An edit from `llmx history`; else the last.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also where a file was changed since.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Take back an edit that llmx made of your files; it can be undone in turn."""
    done = edits.undo(edit, force=force)
    keep_trust(done, os.environ)
    if output == Output.json:
        print(dumps(record(done)))
        return
    print(f"edit {done.undoes} is undone (as edit {done.id}):")
    for file in done.files:
        print(f"  {shown(str(file))}")
