"""The root of the ``llmx`` command tree: its members, the options of every command, and the one place for errors."""

import errno
import gc
import os
import sys
from typing import Annotated, Any, Literal

import typer
from typer.main import get_command

from llmx import __version__
from llmx.cli.lazy import LazyGroup, Member
from llmx.cli.refusal import is_help, is_refusal, refusal, show
from llmx.cli.streams import replace_closed, take_every_character
from llmx.core.plugins import load
from llmx.core.redact import show_defect
from llmx.errors import LlmxError, UsageError

ASK, RUN, AGENTS, SETTINGS, MORE = "Ask", "Run", "Agents", "Settings", "More"
INTERRUPTED = 130
UNWRITABLE = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR),
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
)
"""Why a file cannot be written that is the user's to know, and no defect of ours."""


class Root(LazyGroup):
    """The members of the tree, in the order in which help shows them."""

    members = {  # noqa: RUF012  # see LazyGroup
        "generate": Member("llmx.cli.generate:app", "Ask a model one question.", ASK),
        "chat": Member("llmx.cli.chat:app", "Talk with a model.", ASK),
        "embed": Member("llmx.cli.embed:app", "Turn texts into vectors.", ASK),
        "template": Member("llmx.cli.template:app", "Do work in phases: reviews, chats and your own.", ASK),
        "workflow": Member("llmx.cli.workflow:app", "Run steps that ask models and run commands.", ASK),
        "backend": Member("llmx.cli.backend:app", "Look at what can answer for a model.", ASK),
        "session": Member("llmx.cli.session:app", "Look at conversations that are kept.", ASK),
        "usage": Member("llmx.cli.usage:app", "Show what models were asked, and what it cost.", ASK),
        "keys": Member("llmx.cli.keys:app", "Keep the keys of providers.", ASK),
        "exec": Member("llmx.cli.exec:command", "Run one command within limits; the same as llm-exec.", RUN),
        "runs": Member("llmx.cli.runs:app", "Look at runs, and end or await those that go on.", RUN),
        "model": Member("llmx.cli.model:app", "Get, look at and load models.", RUN),
        "agent": Member("llmx.cli.agent:app", "Keep agents: named records of who answers, and how.", AGENTS),
        "client": Member("llmx.cli.client:app", "Configure coding agents from one source.", AGENTS),
        "agents-md": Member("llmx.cli.agents_md:app", "Write and keep AGENTS.md; see who loads which.", AGENTS),
        "prompt": Member("llmx.cli.prompt:app", "Keep prompts, and offer them in coding agents.", AGENTS),
        "mcp": Member("llmx.cli.mcp:app", "Keep the MCP servers that agents use, and check them.", AGENTS),
        "lsp": Member("llmx.cli.lsp:app", "Keep the language servers that agents use, and check them.", AGENTS),
        "hook": Member("llmx.cli.hook:app", "Turn the hooks of coding agents on, and answer them.", AGENTS),
        "config": Member("llmx.cli.config:app", "Read and change llmx's own settings.", SETTINGS),
        "trust": Member("llmx.cli.trust:app", "Say which projects' settings may do more than tune.", SETTINGS),
        "undo": Member("llmx.cli.undo:app", "Take back the last edit of your files, or a named one.", SETTINGS),
        "history": Member("llmx.cli.history:app", "List the edits llmx has made to your files.", SETTINGS),
        "cache": Member("llmx.cli.cache:app", "Show and clear what is kept to be used again.", MORE),
        "quickstart": Member("llmx.cli.quickstart:app", "See llmx at work, without a network.", MORE),
        "doctor": Member("llmx.cli.doctor:app", "Check this machine for llmx and say what to type.", MORE),
        "selftest": Member("llmx.cli.selftest:app", "Try what this installation can do.", MORE),
        "help": Member("llmx.cli.help:app", "Read a chapter of the guide.", MORE),
        "completion": Member("llmx.cli.completion:app", "Show or install the shell's completion script.", MORE),
        "version": Member("llmx.cli.version:app", "Show the version and what is installed with it.", MORE),
    }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  # Typer's context is private
        """The command, imported, with the options before it as its defaults.

        From here on there is something to collect, but nothing among the imports.
        """
        found = super().resolve_command(ctx, args)
        given = {name: value for name, value in ctx.params.items() if value}
        if given:
            ctx.default_map = {found[0]: _defaults(found[1], given)}
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return found


def _defaults(command: Any, given: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  # a command of Typer's Click
    """What ``given`` means for the command and all below it; an option that it does not have is left alone."""
    below = getattr(command, "commands", {})
    return {**given, **{name: _defaults(member, given) for name, member in below.items()}}


MARKUP: Literal["rich"] | None = "rich" if sys.stdout and sys.stdout.isatty() else None
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
    ctx: typer.Context,
    *,
    output: Annotated[Literal["text", "json"] | None, typer.Option("--output", help="How facts are printed.")] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", envvar=["LLMX_QUIET", "SAH_QUIET"], show_envvar=False, help="Tell no notes on stderr."
        ),
    ] = False,
    trace: Annotated[
        Literal["off", "error", "warn", "info", "debug", "trace"] | None,
        typer.Option("--trace", help="How much of its work llmx tells on stderr."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", metavar="NAME", help="Start from this profile's settings.")
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", "-c", metavar="FILE", help="Read this settings file too.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Run language models, and the coding agents that use them, safely on your own machine.

    The options stand before the command; most commands take those that concern them behind it too.
    """
    if quiet:
        load("llmx.cli.notes:silence")()
    level = trace or os.environ.get("LLMX_TRACE")
    if level:
        load("llmx.cli.trace:begin")(ctx, level)


def open_tree() -> int:
    """Run the command that ``sys.argv`` names and return its exit code; every error is shown here and nowhere else."""
    sys.excepthook = show_defect
    replace_closed()
    take_every_character()
    tree = get_command(app)
    try:
        code = tree(prog_name="llmx", standalone_mode=False)
        sys.stdout.flush()
    except typer.Abort:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _failed(error, tree)
    finally:
        gc.freeze()  # the interpreter looks through everything once more at its end, for 4 ms and no use
    return code if isinstance(code, int) else 0


def _failed(error: Exception, tree: object) -> int:
    """Show what is the user's to know; what is a defect of ours goes on as it is."""
    if is_help(error):
        print(error, file=sys.stderr)
        return UsageError.exit_code
    known = error if isinstance(error, LlmxError) else None
    known = known or (refusal(error, tree, sys.argv[1:]) if is_refusal(error) else _refused(error))
    if known is None or os.environ.get("LLMX_DEBUG"):
        raise error
    show(known, sys.argv[1:])
    return known.exit_code


def _refused(error: Exception) -> LlmxError | None:
    """The error of a file or a stdout that the system does not let us write; None where it is about something else."""
    if isinstance(error, OSError) and error.filename and error.errno in UNWRITABLE:
        said = f"{os.fsdecode(error.filename)}: {error.strerror}"
        return LlmxError(said, hint="llmx doctor shows which folders llmx needs, and how much room there is")
    return _undelivered(error)


def _undelivered(error: Exception) -> LlmxError | None:
    """The error of a stdout that takes no more; None where it is about something else."""
    if not isinstance(error, OSError) or error.filename or error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO):
        return None
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter tries again at its end
    return LlmxError(f"the output was not written: {error.strerror}")
