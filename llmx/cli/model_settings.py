"""What the commands of ``llmx model`` that look after files need to know: the settings in force, and the folders."""

import os

import typer

from llmx.cli.notes import note
from llmx.core.settings import Settings, active
from llmx.models.places import Places, places


def settings_of(ctx: typer.Context) -> Settings:
    """The settings in force here, with what is to be said about them told."""
    root = ctx.find_root().params
    settings = active(os.environ, os.getcwd(), file=root.get("config"), profile=root.get("profile"))
    for text in settings.notices:
        note(text)
    return settings


def places_of(ctx: typer.Context) -> Places:
    """The folders that models lie in."""
    return places(settings_of(ctx).values)
