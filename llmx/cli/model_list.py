"""``llmx model list``: what is on this machine, whoever fetched it."""

import time
from typing import Annotated, Any

import typer

from llmx.cli.model_settings import places_of
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.models.survey import Listed, survey

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
    seen = survey(places_of(ctx), backend)
    for text in seen.notes:
        note(text)
    if output == Output.json:
        print(dumps([record(listed) for listed in seen.models]))
        return
    if not seen.models:
        note("there are no models here yet: llmx model available --recommended")
        return
    width = max(len(shown(listed.model.id)) for listed in seen.models)
    print(f"{'id':<{width}}  {'backend':<7} {'size':>9}  {'quant':<8} {'modified':<16}  {'where':<11} loaded")
    for listed in seen.models:
        print(row(listed, width))
        if verbose:
            print(f"    {shown(listed.model.path)}")


def record(listed: Listed) -> dict[str, Any]:
    """For programs."""
    model = listed.model
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(model.modified))
    return {**model._asdict(), "modified": when, "loaded": listed.loaded}


def row(listed: Listed, width: int) -> str:
    """For people."""
    model = listed.model
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(model.modified))
    size = f"{model.size / 1e6:.1f} MB" if model.size < 1e9 else f"{model.size / 1e9:.2f} GB"
    loaded = "yes" if listed.loaded else "no"
    quantization = shown(model.quantization) or "-"
    facts = f"{model.backend:<7} {size:>9}  {quantization:<8} {when}  {model.where:<11} {loaded}"
    return f"{shown(model.id):<{width}}  {facts}"
