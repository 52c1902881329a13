"""``llmx model load``: load a model into the model host, which keeps it warm for the commands that follow."""

import os
from functools import partial
from typing import Annotated, Any

import typer

from llmx.cli.loading import Loading
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.settings import settings_of
from llmx.core.backends.endpoints import canonical
from llmx.core.gguf.presets import preset_of
from llmx.core.jsonline import dumps
from llmx.core.plugins import load as load_part
from llmx.core.quantities import parse_duration
from llmx.core.runner import Configuration
from llmx.core.runner.finding import find
from llmx.core.runner.host_client import HostClient
from llmx.core.runner.opening import configuration_of, fitted
from llmx.core.settings.sources import shown
from llmx.errors import NotFoundError, UsageError
from llmx.models.download import Way
from llmx.models.progress import Progress
from llmx.models.pull import Choices, Pulled
from llmx.models.sources import HubSource, UrlSource, parse_source

app = typer.Typer(add_completion=False)


@app.command()
def load(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="[REF]", help="file:/x.gguf, hf:org/repo/x.gguf or a path.")] = "",
    *,
    preset: Annotated[str, typer.Option("--preset", metavar="NAME", help="One of `llmx model presets`.")] = "",
    keep_alive: Annotated[
        str, typer.Option("--keep-alive", metavar="TIME", help="How long it stays after its last use; 0 = for ever.")
    ] = "5m",
    context: Annotated[int | None, typer.Option("--context", min=1, metavar="TOKENS", help="Room for tokens.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="Fetch it first where it is not on this machine.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be loaded, and whether it fits.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Load a model and keep it warm: the first word of each answer that follows comes at once.

    For example: llmx model load file:/models/qwen3-4b-q4_k_m.gguf --keep-alive 1h
    """
    keep_s = seconds(keep_alive)
    ref = ref_of(model, preset)
    if dry_run and preset and not model and (chosen := preset_of(preset)).repo:
        tell({**chosen._asdict(), "ref": chosen.ref}, f"{chosen.ref}, about {chosen.gigabytes} GB", output)
        return
    backend, name = backend_of(ref)
    progress = Loading(os.path.basename(name), is_json=output == Output.json)
    path = found(ctx, backend, name, progress if pull and not dry_run else None)
    backend = "mlx" if os.path.isdir(path) else backend
    plain = configuration_of(backend, path, settings_of(ctx).values, context=context)
    if dry_run:
        whole = fitted(plain)
        tell(whole._asdict(), f"{shown(whole.path)} fits with a context of {whole.context} tokens", output)
        return
    progress.model = os.path.basename(plain.path)
    try:
        facts: dict[str, Any] = load_part("llmx.core.blocking:run")(lambda: loaded(plain, keep_s, progress))
    finally:
        progress.end()
    room = f", a context of {facts['context']} tokens" if facts["context"] else ""
    memory = f"{facts['memory_usage_mb']:.0f} MB{room}"
    result = {"state": "Complete", "model": ref, "path": plain.path, "engine": plain.engine, **facts}
    tell(result, f"{shown(ref)} is loaded: {memory}, {plain.engine}", output)


def found(ctx: typer.Context, backend: str, name: str, progress: Loading | None) -> str:
    """Where the model is, fetched first where there is someone to be told of it; raises ``NotFoundError``."""
    try:
        return find(backend, name)
    except NotFoundError as error:
        source = fetchable(name)
        if source is None:
            raise
        if progress is None:
            error.hint = f"{error.hint}; with --pull it is fetched first"
            raise
    try:
        report = partial(_told, progress)
        pulled: Pulled = load_part("llmx.cli.model_pull:fetch")(ctx, source, Choices(), report, Way())
    finally:
        progress.end()
    for text in pulled.notes:
        note(text)
    return pulled.path


def fetchable(name: str) -> HubSource | UrlSource | None:
    """Where a model could be fetched from; None for what names a place on this machine only."""
    if name.startswith(("/", ".", "~", "file:")):
        return None
    try:
        source = parse_source(name)
    except UsageError:
        return None
    return source if isinstance(source, HubSource | UrlSource) else None


def _told(progress: Loading, event: Progress) -> None:
    if event.state in ("Downloading", "Verifying"):
        progress(event.state, event.percent / 100)


async def loaded(plain: Configuration, keep_s: float, progress: Loading) -> dict[str, Any]:
    """Have the host load it; what it says of the model."""
    host = HostClient()
    await host.start()
    return await host.load(plain, keep_s, progress)


def tell(facts: dict[str, Any], text: str, output: Output) -> None:
    """The result in its form."""
    print(dumps(facts) if output == Output.json else text)


def ref_of(model: str, preset: str) -> str:
    """What is to be loaded; raises ``UsageError`` where that is not said, or said twice."""
    if preset == "local" and model:
        return model
    if bool(model) == bool(preset):
        raise UsageError("say which model: a REF or --preset NAME", hint="llmx model presets lists some")
    if preset == "local":
        raise UsageError("the preset local wants a file", hint="llmx model load --preset local /path/to/model.gguf")
    return preset_of(preset).ref if preset else model


def backend_of(ref: str) -> tuple[str, str]:
    """Which backend runs a ref, and the ref without it."""
    first, slash, rest = ref.partition("/")
    if slash and canonical(first) in ("gguf", "mlx") and not os.path.exists(ref):
        return canonical(first), rest
    return "gguf", ref


def seconds(text: str) -> float:
    """The time that ``--keep-alive`` means."""
    try:
        return parse_duration(text) or float("inf")
    except ValueError as error:
        raise UsageError(
            f"--keep-alive: {error}", hint="for example --keep-alive 5m; 0 = until llmx model unload"
        ) from None
