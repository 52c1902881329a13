"""``llmx template new``: begin a template of one's own."""

from typing import Annotated

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.blocking import run
from llmx.core.jsonline import dumps
from llmx.core.llm_config import LLMConfig
from llmx.core.settings import Settings
from llmx.core.settings.keys import defaults
from llmx.core.settings.sources import shown
from llmx.templates.cases import cases_of, client_for, record
from llmx.templates.creating import create, place_of, starter
from llmx.templates.loading import load_template

app = typer.Typer(add_completion=False)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, or a path such as ./NAME.")],
    output: OutputOption = Output.text,
) -> None:
    """Begin a template of your own: a folder that runs at once, with a golden case.

    A name makes it one of yours, which `llmx template list` shows; a path makes it there.
    """
    folder = place_of(name)
    create(folder, starter(folder.name))
    template = load_template(folder, "user")
    plain, mock = Settings(defaults(), [], []), LLMConfig(backend="mock")
    for case in cases_of(template):
        run(lambda case=case: record(template, case, lambda *files: client_for(plain, mock, *files)))  # type: ignore[misc]  # runs at once
    if output == Output.json:
        print(dumps({"id": folder.name, "folder": str(folder)}))
        return
    print(f"{shown(str(folder))}\n")
    print(f"run it:   llmx template exec {name} --backend mock --param text='one two three'")
    print(f"test it:  llmx template test {name}")
