"""What the commands of ``llmx model`` that look after files need to know: the settings in force, and the folders."""

import typer

from llmx.cli.settings import settings_of
from llmx.models.places import Places, places


def places_of(ctx: typer.Context) -> Places:
    """The folders that models lie in."""
    return places(settings_of(ctx).values)
