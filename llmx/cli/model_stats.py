"""``llmx model stats``: what loaded models use and how fast they are."""

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.runner.host_client import HostClient
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError

app = typer.Typer(add_completion=False)


@app.command()
def stats(output: OutputOption = Output.text) -> None:
    """Show the memory, the sessions and the speed of each loaded model; exit 3 where none is."""
    rows = load("llmx.core.blocking:run")(lambda: HostClient().status())
    if not rows:
        raise InconclusiveError("no model is loaded", hint="llmx model load REF loads one")
    if output == Output.json:
        print(dumps({"loaded": True, "models": rows}))
        return
    for row in rows:
        print(
            f"{shown(row['path'])}\n"
            f"  memory    {row['memory_usage_mb']:.0f} MB, the file {row['model_size_mb']:.1f} MB\n"
            f"  sessions  {row['active_sessions']}\n"
            f"  tokens    {row['total_tokens_processed']}, {row['average_tokens_per_second']:.1f} a second"
        )
