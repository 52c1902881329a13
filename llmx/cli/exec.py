"""``llmx exec`` in the tree: the parameters that help and completion show come from the table of options.

What is typed is parsed by ``llmx.exec`` itself, so there is one parser; the front door has usually run the command
before the tree is opened, and what arrives here is ``--help``, ``--schema``, or global options before ``exec``.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from llmx.errors import UsageError
from llmx.exec import main
from llmx.exec.argv import parse
from llmx.exec.options import OPTIONS, Option

USAGE = "[OPTIONS] [--] CMD [ARGS]..."


class ExecCommand(TyperCommand):
    """Shows the table's options, and hands every word to the parser of the front door."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # Typer's context is private
        """Keep the words as they are, unless help is asked for."""
        if parse_is_help(args):
            if os.path.basename(sys.argv[0]).startswith("llm-exec"):
                ctx.parent, ctx.info_name = None, "llm-exec"
            typer.echo(self.get_help(ctx), color=ctx.color)
            ctx.exit()
        ctx.params = {"words": [*before(ctx.default_map or {}), *args]}
        return []

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401  # as above
        """The usage line's end."""
        return [USAGE]


def before(given: Mapping[str, Any]) -> Iterator[str]:
    """The options that stood before ``exec``, in its own words; those behind it come later, and so go first."""
    for name in ("profile", "config"):
        if name in given:
            yield from (f"--{name}", given[name])
    if given.get("quiet"):
        yield "--quiet"
    if given.get("output") == "json":
        yield "--json"


def parse_is_help(words: list[str]) -> bool:
    """Whether ``--help`` stands among the options; words that do not parse are the run's to refuse."""
    try:
        return "help" in parse(words).values
    except UsageError:
        return False


def command(markup: Any) -> ExecCommand:  # noqa: ANN401  # Typer's markup mode is a private literal
    """The command as the tree shows it."""
    return ExecCommand(
        "exec",
        callback=run,
        params=[*(_parameter(option) for option in OPTIONS if option.dest != "help"), _words()],
        help=DESCRIPTION,
        rich_markup_mode=markup,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


DESCRIPTION = """Run one command within limits and come back with one honest result.

The first word that is not an option starts the command; after -- everything is the command's. The exit code is the
command's own; 124 timed out or stalled, 125 llm-exec's own failure, 126 not executable, 127 not found, 128+n a signal.
"""


def run(words: list[str]) -> None:
    """Run, or print the schema of the result: what the run leaves to the tree, help being answered already."""
    code = main(words)
    if code is not None:
        raise typer.Exit(code)
    print((files("llmx") / "data" / "exec-result.schema.json").read_text(), end="")


def _parameter(option: Option) -> TyperOption:
    """The table's row as Typer shows it; ``--json`` takes its value only after ``=``."""
    return TyperOption(
        param_decls=list(option.flags),
        is_flag=option.kind in ("flag", "mode"),
        type=bool if option.kind in ("flag", "mode") else str,
        multiple=option.repeats,
        help=option.help,
        metavar=option.metavar or None,
        rich_help_panel=option.group,
    )


def _words() -> TyperArgument:
    return TyperArgument(param_decls=["words"], nargs=-1, hidden=True, required=False)
