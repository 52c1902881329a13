"""``llmx template import``: make a template of one's own out of a file of another format."""

from pathlib import Path
from typing import Annotated

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.templates.creating import create, place_of
from llmx.templates.importing import imported
from llmx.templates.loading import load_template

app = typer.Typer(add_completion=False)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .prompt.yml of GitHub Models, or a SKILL.md.")],
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Its id, or a path such as ./NAME.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Make a template of your own out of FILE. To run FILE as it is: llmx template exec FILE."""
    id_, files = imported(file.absolute(), Path(name).name)
    folder = place_of(name or id_)
    create(folder, files)
    load_template(folder)
    if output == Output.json:
        print(dumps({"id": folder.name, "folder": str(folder)}))
        return
    print(f"{shown(str(folder))}\n")
    print(f"run it:   llmx template exec {name or id_} --param …")
    if any(path.startswith("tests/") for path in files):
        print(f"test it:  llmx template test {name or id_} --record")
