"""``llmx model remove``: free the room that a model takes."""

import sys
from typing import Annotated

import typer

from llmx.cli.model_settings import places_of
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.errors import UsageError
from llmx.models.removal import plan_removal
from llmx.models.removal import remove as remove_files

app = typer.Typer(add_completion=False)


@app.command()
def remove(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="ID", help="As llmx model list shows it.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also what another tool fetched.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Remove a model that llmx has fetched; what is another tool's stays, unless --force is given."""
    where = places_of(ctx)
    removal = plan_removal(model, where, force=force)
    if not yes:
        _ask(f"remove {shown(removal.model.path)}, {removal.size / 1e6:.1f} MB?")
    remove_files(removal, where)
    if output == Output.json:
        print(dumps({"id": removal.model.id, "removed": list(removal.paths), "bytes": removal.size}))
    else:
        print(f"removed {shown(removal.model.id)}, {removal.size / 1e6:.1f} MB")


def _ask(question: str) -> None:
    """Go on with a yes only."""
    if not sys.stdin.isatty():
        raise UsageError("without a terminal nobody can be asked", hint="--yes removes it unasked")
    typer.confirm(question, abort=True, err=True)
