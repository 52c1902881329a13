"""The settings in force for a command."""

import os

import typer

from llmx.cli.notes import note
from llmx.core.settings import Settings, active


def settings_of(ctx: typer.Context) -> Settings:
    """The settings in force here, with what is to be said about them told."""
    root = ctx.find_root().params
    settings = active(os.environ, os.getcwd(), file=root.get("config"), profile=root.get("profile"))
    for text in settings.notices:
        note(text)
    return settings
