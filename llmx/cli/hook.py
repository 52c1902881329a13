"""``llmx hook``: what coding agents call when a session begins, and before they run a command."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from llmx.agents_md import chain
from llmx.clients.hook_answers import ANSWERS, answer
from llmx.errors import UsageError, nearest

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Answer a coding agent's hook; agents call it, not people."
)
ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="Whose form to speak.")]


@app.command(name="session-start")
def session_start(client: ClientArgument = "claude") -> None:
    """Print the AGENTS.md files that hold here, the nearest last."""
    _known(client)
    for file in reversed(chain(Path.cwd())):
        print(f"# {file}\n\n{file.read_text(encoding='utf-8', errors='replace').strip()}\n")


@app.command(name="pre-command")
def pre_command(client: ClientArgument = "claude") -> None:
    """Read the agent's event on stdin, and print the command as it goes through llm-exec.

    Exit 2 where the agent must not run what it asked about.
    """
    _known(client)
    try:
        event = json.loads(sys.stdin.read())
        said = answer(client, event if isinstance(event, dict) else {})
    except ValueError as error:
        raise UsageError(f"stdin is no event of {client}: {error}", hint="agents call this, not people") from None
    if said and "refused" in said:
        print(said["refused"], file=sys.stderr)
        raise typer.Exit(2)
    if said is not None:
        print(json.dumps(said, ensure_ascii=False))


def _known(client: str) -> None:
    if client not in ANSWERS:
        near = nearest(client, ANSWERS)
        hint = f"did you mean {near}?" if near else f"one of: {', '.join(ANSWERS)}"
        raise UsageError(f"llmx answers no hook of {client!r}", hint=hint)
