"""``llmx model unload``: give a loaded model's memory back."""

from typing import Annotated

import typer

from llmx.cli.model_load import backend_of
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.runner.finding import find
from llmx.core.runner.host_client import HostClient
from llmx.core.settings.sources import shown
from llmx.errors import NotFoundError

app = typer.Typer(add_completion=False)


@app.command()
def unload(
    model: Annotated[str, typer.Argument(metavar="[REF]", help="The model; all of them where none is named.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Unload a model, or all, from the model host; answers under way end."""
    path = find(*backend_of(model)) if model else ""
    found: list[str] = load("llmx.core.blocking:run")(lambda: unloaded(path))
    if not found:
        raise NotFoundError(
            f"{shown(model)} is not loaded" if model else "no model is loaded", hint="llmx model status shows what is"
        )
    if output == Output.json:
        print(dumps({"unloaded": found}))
    else:
        print("\n".join(f"{shown(path)} is unloaded" for path in found))


async def unloaded(path: str) -> list[str]:
    """Which models were; none where there is no host."""
    host = HostClient()
    return await host.unload(path) if await host.is_there() else []
