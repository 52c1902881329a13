"""``llmx model pull``: fetch a model, or go on with one that was begun."""

import os
from typing import Annotated, Literal

import typer

from llmx.cli.model_progress import reporter
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.settings import settings_of
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.errors import LlmxError, UsageError
from llmx.models.download import Way
from llmx.models.hub import Hub, endpoint, token
from llmx.models.places import places
from llmx.models.progress import Progress, Report
from llmx.models.pull import Choices, Errand, Pulled, pull_from_hub, pull_from_url, use_file
from llmx.models.quantizations import BITS
from llmx.models.sources import FileSource, HubSource, OllamaSource, Source, UrlSource, parse_source

app = typer.Typer(add_completion=False)


@app.command()
def pull(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="hf:org/repo[:QUANT], ollama/name:tag, https://…")],
    *,
    quantization: Annotated[
        str, typer.Option("--quantization", "-q", metavar="NAME", help="Such as Q4_K_M, which is taken unasked.")
    ] = "",
    file: Annotated[str, typer.Option("--file", metavar="NAME", help="This .gguf file of the repository.")] = "",
    revision: Annotated[str, typer.Option("--revision", metavar="REV", help="A branch, a tag or a commit.")] = "main",
    projector: Annotated[
        bool, typer.Option("--projector/--no-projector", help="With the file that lets a model see, if it has one.")
    ] = True,
    connections: Annotated[int, typer.Option("--connections", min=1, max=16, help="Ranges fetched at once.")] = 4,
    force: Annotated[bool, typer.Option("--force", help="Fetch it again, also what is here already.")] = False,
    progress: Annotated[
        Literal["auto", "bar", "plain", "json", "none"], typer.Option("--progress", help="How it is told on stderr.")
    ] = "auto",
    output: OutputOption = Output.text,
) -> None:
    """Fetch a model; a pull that was ended, by whatever, goes on where it was.

    The path of the model is printed. What Ollama, LM Studio or huggingface_hub have fetched already is used in place.

    For example: llmx model pull hf:Qwen/Qwen3-4B-GGUF:Q4_K_M
    """
    source = parse_source(model)
    if file:
        source = _with_file(source, file)
    if quantization and quantization.upper().removeprefix("UD-") not in BITS:
        raise UsageError(f"there is no quantization {quantization!r}", hint="such as Q4_K_M, Q5_K_M, Q8_0")
    choices = Choices(quantization.upper(), revision, projector, force)
    report, end = reporter(progress, output == Output.json)
    try:
        pulled = fetch(ctx, source, choices, report, Way(connections))
    except LlmxError as error:
        report(Progress("Failed", str(source), text=error.message))
        raise
    finally:
        end()
    _show(pulled, output)


def _with_file(source: Source, file: str) -> Source:
    if not isinstance(source, HubSource) or source.file:
        raise UsageError("--file names a file of a repository of the hub", hint="llmx model pull hf:org/repo --file …")
    return parse_source(f"hf:{source.repo}/{file}")


def fetch(ctx: typer.Context, source: Source, choices: Choices, report: Report, way: Way) -> Pulled:
    """Have the model here; raises ``LlmxError`` where that cannot be."""
    settings = settings_of(ctx)
    errand = Errand(places(settings.values), choices, report, way)
    match source:
        case HubSource():
            return pull_from_hub(source, Hub(endpoint(os.environ), token(os.environ)), errand)
        case UrlSource():
            return pull_from_url(source, errand)
        case FileSource():
            return use_file(source, report)
        case OllamaSource():
            pulled: Pulled = load("llmx.models.ollama_pull:pull_from_ollama")(source, errand.places, report)
            return pulled


def _show(pulled: Pulled, output: Output) -> None:
    for text in pulled.notes:
        note(text)
    if output == Output.json:
        print(dumps({"state": "Complete", "percent": 100.0, **pulled._asdict()}))
        return
    print(pulled.path or pulled.ref)
    note(f"llmx generate -m {pulled.ref} PROMPT")
