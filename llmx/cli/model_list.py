"""``llmx model list``: what is on this machine, whoever fetched it."""

import time
from typing import Annotated, Any

import typer

from llmx.cli.model_settings import settings_of
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.models.places import places
from llmx.models.shelf import Model
from llmx.models.shelves import models

app = typer.Typer(add_completion=False)


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    backend: Annotated[
        str, typer.Option("--backend", "-b", metavar="NAME", help="Only those of gguf, mlx, ollama.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="With the path of each.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """List the models of this machine: llmx's own, and those of Ollama, LM Studio and huggingface_hub."""
    found = [model for model in models(places(settings_of(ctx).values)) if backend in ("", model.backend)]
    if output == Output.json:
        print(dumps([record(model) for model in found]))
        return
    if not found:
        note("there are no models here yet: llmx model available --recommended")
        return
    width = max(len(shown(model.id)) for model in found)
    print(f"{'id':<{width}}  {'backend':<7} {'size':>9}  {'quant':<8} {'modified':<16}  {'where':<11} loaded")
    for model in found:
        print(row(model, width))
        if verbose:
            print(f"    {shown(model.path)}")


def record(model: Model) -> dict[str, Any]:
    """For programs."""
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(model.modified))
    return {**model._asdict(), "modified": when, "loaded": None}


def row(model: Model, width: int) -> str:
    """For people."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(model.modified))
    size = f"{model.size / 1e6:.1f} MB" if model.size < 1e9 else f"{model.size / 1e9:.2f} GB"
    quantization = shown(model.quantization) or "-"
    return f"{shown(model.id):<{width}}  {model.backend:<7} {size:>9}  {quantization:<8} {when}  {model.where:<11} -"
