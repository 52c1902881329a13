"""``llmx model status``: which backends on this machine can run models, and what is loaded."""

import os
import time
from typing import Annotated, Any, Literal

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.access import Access
from llmx.core.backends.opening import open_backend
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.runner.host_client import HostClient
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError, LlmxError

app = typer.Typer(add_completion=False)

LOCAL = ("ollama", "gguf", "mlx")
WAIT_S = 1.0


@app.command()
def status(
    require: Annotated[
        Literal["ollama", "gguf", "mlx"] | None,
        typer.Option("--require", metavar="BACKEND", help="Exit 3 where ollama, gguf or mlx cannot be used."),
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Show which backends can run models here, and what is loaded; exit 0 also where none can."""
    found: dict[str, Any] = load("llmx.core.blocking:run")(facts)
    if require and not is_up(found[require]):
        raise InconclusiveError(f"{require}: {found[require]['error']}", hint="llmx model status shows all of them")
    if output == Output.json:
        print(dumps(found))
        return
    for name in LOCAL:
        row = found[name]
        print(f"{name:<7} {'up' if is_up(row) else 'down':<5} {shown(row['error'] or row['reason'])}")
    for row in found["loaded"]:
        print(f"loaded  {shown(row['path'])}, {row['memory_usage_mb']:.0f} MB, {left(row)}")


async def facts() -> dict[str, Any]:
    """What is there of each, and what the model host holds."""
    found: dict[str, Any] = {}
    for name in LOCAL:
        up, reason, models = await look(name)
        state = "running" if name == "ollama" else "ready"
        found[name] = {state: up, "models": models, "reason": reason if up else "", "error": "" if up else reason}
    return {**found, "loaded": await HostClient().status()}


async def look(name: str) -> tuple[bool, str, list[str]]:
    """Whether it can be used, why, and its models."""
    try:
        health = await open_backend(name, Access(), os.environ).health(time.monotonic() + WAIT_S)
    except LlmxError as error:
        return False, error.message, []
    return health.is_up, health.reason, list(health.models)


def is_up(row: dict[str, Any]) -> bool:
    """Whether a row of ``facts`` is of a backend that can be used."""
    return bool(row.get("running") or row.get("ready"))


def left(row: dict[str, Any]) -> str:
    """How long a loaded model stays."""
    if row["active_sessions"]:
        return f"{row['active_sessions']} at work"
    return "kept" if row["keep_alive"] is None else f"kept for {max(0.0, row['keep_alive'] - row['idle_s']):.0f} s more"
