"""The root of the ``llmx`` command tree: its members, the options of every command, and the one place for errors."""

import gc
import os
import sys
from itertools import pairwise
from typing import Annotated, Literal

import typer
from typer.main import get_command

from llmx import __version__
from llmx.cli.lazy import LazyGroup, Member
from llmx.core.jsonline import dumps
from llmx.errors import LlmxError, render

RUN, SETTINGS, MORE = "Run", "Settings", "More"


class Root(LazyGroup):
    """The members of the tree, in the order in which help shows them."""

    members = {  # noqa: RUF012  # see LazyGroup
        "exec": Member("llmx.cli.exec:command", "Run one command within limits; the same as llm-exec.", RUN),
        "config": Member("llmx.cli.config:app", "Read and change llmx's own settings.", SETTINGS),
        "trust": Member("llmx.cli.trust:app", "Say which projects' settings may do more than tune.", SETTINGS),
        "undo": Member("llmx.cli.undo:app", "Take back the last edit of your files, or a named one.", SETTINGS),
        "history": Member("llmx.cli.history:app", "List the edits llmx has made to your files.", SETTINGS),
        "help": Member("llmx.cli.help:app", "Read a chapter of the guide.", MORE),
        "completion": Member("llmx.cli.completion:app", "Show or install the shell's completion script.", MORE),
        "version": Member("llmx.cli.version:app", "Show the version and what is installed with it.", MORE),
    }


MARKUP: Literal["rich"] | None = "rich" if sys.stdout.isatty() else None
"""Rich help for people; plain help, and no Rich import, for pipes and agents."""

app = typer.Typer(
    name="llmx",
    cls=Root,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(value: bool) -> None:
    if value:
        print(f"llmx {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Run language models, and the coding agents that use them, safely on your own machine."""


def open_tree() -> int:
    """Run the command that ``sys.argv`` names; every error of llmx's own is shown here and nowhere else."""
    gc.disable()  # a short-lived process: collecting while importing only costs
    command = get_command(app)
    gc.enable()
    try:
        command(prog_name="llmx")
    except LlmxError as error:
        if os.environ.get("LLMX_DEBUG"):
            raise
        show(error)
        return error.exit_code
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1 if leaving.code else 0
    return 0


def show(error: LlmxError) -> None:
    """The error on stderr, and as JSON on stdout where JSON was asked for."""
    print(render(error), file=sys.stderr)
    if "--output=json" in sys.argv or ("--output", "json") in pairwise(sys.argv):
        print(dumps({"error": {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}}))
