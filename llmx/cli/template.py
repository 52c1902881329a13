"""``llmx template``: work in phases, with an outcome that a pipeline can trust."""

import json
from typing import Annotated, Any

import typer

from llmx.cli.output import Output, OutputOption
from llmx.cli.runs_shown import visible
from llmx.cli.template_exec import execute
from llmx.core.jsonline import dumps
from llmx.templates import Template
from llmx.templates.sources import BUILT_IN, find, others

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Do work in phases: reviews, chats and your own.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A template's id; `llmx template list`.")]


@app.command("list")
def list_(
    category: Annotated[str, typer.Option("--category", metavar="NAME", help="Only those of this category.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """List the templates."""
    _print([row for row in rows() if not category or row["category"].lower() == category.lower()], output)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="All of them must occur.")],
    category: Annotated[str, typer.Option("--category", metavar="NAME", help="Only those of this category.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Find templates by words in their ids, descriptions and tags."""
    wanted = [word.lower() for word in " ".join(words).split()]
    found = []
    for row in rows():
        text = f"{row['id']} {row['category']} {row['description']} {' '.join(find(row['id']).tags)}".lower()
        if all(word in text for word in wanted) and (not category or row["category"].lower() == category.lower()):
            found.append(row)
    _print(found, output)


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
    print(f"{template.id} {template.version}  ({template.category}, {template.source})")
    print(f"{visible(template.description)}\n")
    for each in template.parameters:
        default = "required" if each.is_required else f"default {dumps(each.default)}"
        print(f"  {each.name:<18} {each.kind:<8} {default}\n      {visible(each.description)}")
    if show_schema:
        print(json.dumps(template.schema, indent=2))


@app.command()
def schema(name: NameArgument) -> None:
    """Print the JSON Schema of a template's parameters, and nothing else."""
    print(json.dumps(find(name).schema, indent=2))


app.command("exec")(execute)


def rows() -> list[dict[str, Any]]:
    """All templates, the built-in ones first, of which no file is read."""
    own = {template.id: template for template in others()}
    built_in = [
        {"id": name, "category": category, "description": description, "source": "built-in"}
        for name, (category, description) in BUILT_IN.items()
        if name not in own
    ]
    rest = [
        {"id": each.id, "category": each.category, "description": each.description, "source": each.source}
        for each in own.values()
    ]
    return [*built_in, *rest]


def facts(template: Template) -> dict[str, Any]:
    """All of a template, for programs."""
    return {
        "id": template.id,
        "version": template.version,
        "category": template.category,
        "description": template.description,
        "tags": list(template.tags),
        "requires": list(template.requires),
        "source": template.source,
        "digest": template.digest,
        "phases": [phase.id for phase in template.phases],
        "parameters": template.schema,
    }


def _print(found: list[dict[str, Any]], output: Output) -> None:
    if output == Output.json:
        print(dumps(found))
        return
    for row in found:
        print(f"{visible(row['id']):<20} {visible(row['category']):<10} {visible(row['description'])}")
