"""``llmx model presets``: models by size, and whether they fit this machine."""

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.gguf.presets import PRESETS, Preset, fits
from llmx.core.jsonline import dumps
from llmx.core.process.headroom import headroom

app = typer.Typer(add_completion=False)


@app.command()
def presets(output: OutputOption = Output.text) -> None:
    """List the presets that llmx model load takes, and whether this machine has the memory for each now."""
    available = headroom().bytes
    rows = [as_dict(preset, available) for preset in PRESETS]
    if output == Output.json:
        print(dumps(rows))
        return
    for row in rows:
        size = f"{row['gigabytes']:4.1f} GB" if row["repo"] else "       "
        told = "a file of your own" if not row["repo"] else "fits" if row["fits"] else f"needs {row['memory_gb']} GB"
        print(f"{row['name']:<11} {size}  {told:<18} {row['ref']}".rstrip())


def as_dict(preset: Preset, available: int) -> dict[str, object]:
    """For programs."""
    return {**preset._asdict(), "ref": preset.ref, "fits": not preset.repo or fits(preset, available)}
