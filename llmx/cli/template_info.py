"""``llmx template info``: what a template does and takes."""

import json
from typing import Annotated

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.templates.catalog import facts
from llmx.templates.sources import find

app = typer.Typer(add_completion=False)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A template's id (`llmx template list`), folder or file.")
]


@app.command()
def info(
    name: NameArgument,
    show_schema: Annotated[bool, typer.Option("--show-schema", help="The JSON Schema of its parameters too.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Show what a template does and takes."""
    template = find(name)
    if output == Output.json:
        print(dumps(facts(template)))
        return
    print(f"{shown(template.id)} {shown(template.version)}  ({shown(template.category)}, {shown(template.source)})")
    print(f"{shown(template.description)}\n")
    for each in template.parameters:
        default = "required" if each.is_required else f"default {dumps(each.default)}"
        print(f"  {shown(each.name):<18} {each.kind:<8} {default}\n      {shown(each.description)}")
    if show_schema:
        print(json.dumps(template.schema, indent=2))
