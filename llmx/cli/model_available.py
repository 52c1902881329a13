"""``llmx model available``: models worth a try, and which of them fit this machine."""

from typing import Annotated

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.process.headroom import headroom
from llmx.models.catalog import Offer, offers

app = typer.Typer(add_completion=False)


@app.command()
def available(
    *,
    recommended: Annotated[
        bool, typer.Option("--recommended", help="Only where to begin, and the largest that fits.")
    ] = False,
    output: OutputOption = Output.text,
) -> None:
    """List models worth a try, with their sizes and whether this machine has the memory for them."""
    room = headroom()
    found = offers(room.bytes, recommended=recommended)
    if output == Output.json:
        print(dumps([record(offer) for offer in found]))
        return
    width = max(len(offer.entry.ref) for offer in found)
    for offer in found:
        entry = offer.entry
        fits = "fits, the best here" if offer.is_best else "fits" if offer.fits else "too large"
        parameters = f"{entry.parameters:4.1f} B" if entry.parameters else "     -"
        size = f"{entry.size / 1e9:5.1f} GB  {parameters}"
        print(f"{entry.ref:<{width}} {size}  {fits:<19}  {entry.good_for}")
    note(f"{room.bytes / 1e9:.1f} GB of memory are free here; llmx model pull REF fetches one")


def record(offer: Offer) -> dict[str, object]:
    """For programs."""
    return {**offer.entry._asdict(), "fits": offer.fits, "best": offer.is_best}
