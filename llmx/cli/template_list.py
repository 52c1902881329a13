"""``llmx template list``: the templates that there are."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.errors import nearest
from llmx.templates.catalog import rows

app = typer.Typer(add_completion=False)

CategoryOption = Annotated[str, typer.Option("--category", metavar="NAME", help="Only those of this category.")]


@app.command("list")
def list_(category: CategoryOption = "", output: OutputOption = Output.text) -> None:
    """List the templates: built in, your own, the project's, and those of installed packages."""
    listed, notices = rows(category)
    if not listed:
        near = nearest(category, {row["category"] for row in rows()[0]})
        hint = f"did you mean {near}?" if near else "llmx template list shows them with their categories"
        note(f"no template is of the category {category}; {hint}")
    show(listed, notices, output)


def show(found: list[dict[str, Any]], notices: Iterable[str], output: Output) -> None:
    """Print rows, and on stderr what is to be said."""
    for text in notices:
        note(text)
    if output == Output.json:
        print(dumps(found))
        return
    width = max([20, *(len(shown(row["id"])) for row in found)])
    for row in found:
        place = f" (in place of {shown(', '.join(row['overrides']))})" if row["overrides"] else ""
        print(f"{shown(row['id']):<{width}} {shown(row['category']):<10} {shown(row['description'])}{place}")
