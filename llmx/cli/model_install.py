"""``llmx model install``: what to type for a backend; nothing is run."""

from typing import Annotated

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.models.installing import install_commands

app = typer.Typer(add_completion=False)


@app.command()
def install(
    backend: Annotated[str, typer.Argument(metavar="BACKEND", help="ollama, gguf, llama-cpp-python, xllamacpp, mlx.")],
    output: OutputOption = Output.text,
) -> None:
    """Print the commands that install a backend; you read them and run them yourself."""
    commands = install_commands(backend)
    if output == Output.json:
        print(dumps({"backend": backend, "commands": list(commands)}))
        return
    print("\n".join(commands))
    note("nothing was run")
