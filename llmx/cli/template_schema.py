"""``llmx template schema``: what a template takes, for programs."""

import json

import typer

from llmx.cli.template_info import NameArgument
from llmx.templates.sources import find

app = typer.Typer(add_completion=False)


@app.command()
def schema(name: NameArgument) -> None:
    """Print the JSON Schema of a template's parameters, and nothing else."""
    print(json.dumps(find(name).schema, indent=2))
