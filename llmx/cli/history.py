"""``llmx history``: the edits that llmx made of files that people own."""

import time

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core import edits
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown

app = typer.Typer(add_completion=False)


@app.command()
def history(output: OutputOption = Output.text) -> None:
    """List the edits llmx made of your files, the last one first; `llmx undo ID` takes one back."""
    tell(edits.history(), output)


def tell(made: list[edits.Edit], output: Output) -> None:
    """Print edits."""
    if output == Output.json:
        print(dumps([record(edit) for edit in made]))
        return
    for edit in made:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(edit.time))
        print(f"{edit.id:>4}  {when}  {shown(edit.title)}{'  (undone)' if edit.is_undone else ''}")
        for file in edit.files:
            print(f"{'':24}{shown(str(file))}")
    if not made:
        note("llmx has made no such edit")


def record(edit: edits.Edit) -> dict[str, object]:
    """An edit as a program reads it; ``time`` is UTC."""
    return {
        "id": edit.id,
        "title": edit.title,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(edit.time)),
        "files": [str(file) for file in edit.files],
        "undoes": edit.undoes,
        "undone": edit.is_undone,
    }
