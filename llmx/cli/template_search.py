"""``llmx template search``: find a template by words."""

from typing import Annotated

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.template_list import CategoryOption, show
from llmx.templates.catalog import search as found

app = typer.Typer(add_completion=False)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="All of them must occur.")],
    category: CategoryOption = "",
    output: OutputOption = Output.text,
) -> None:
    """Find templates by words in their ids, descriptions and tags."""
    rows, notices = found(" ".join(words), category)
    if not rows:
        note("no template has all of these words: fewer may find one, and llmx template list shows all")
    show(rows, notices, output)
