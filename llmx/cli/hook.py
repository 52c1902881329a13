"""``llmx hook``: what coding agents call when a session begins, and before they run a command; on or off."""

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from llmx.agents_md import chain
from llmx.cli.mcp import ProjectOption
from llmx.cli.notes import note
from llmx.clients.hook_answers import ANSWERS, answer
from llmx.core.edits import Set
from llmx.core.source.writing import file_of, write
from llmx.errors import UsageError, nearest

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Turn the hooks of coding agents on and off, and answer them."
)


class Hook(StrEnum):
    """What agents are to do by themselves."""

    llm_exec = "llm-exec"
    agents_md = "agents-md"


HookArgument = Annotated[Hook, typer.Argument(metavar="llm-exec|agents-md", help="Run commands so, or load these.")]
ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="Whose form to speak.")]


@app.command()
def enable(hook: HookArgument, project: ProjectOption = False) -> None:
    """Have agents send shell commands through llm-exec, or begin a session with AGENTS.md."""
    switch(hook, project=project, enabled=True)


@app.command()
def disable(hook: HookArgument, project: ProjectOption = False) -> None:
    """Have agents do so no more."""
    switch(hook, project=project, enabled=False)


def switch(hook: Hook, *, project: bool, enabled: bool) -> None:
    """Write it into the settings file, or the project's."""
    file = file_of("project" if project else "user", os.environ, os.getcwd())
    word = "on" if enabled else "off"
    write(file, [Set(("hooks", hook.name), enabled)], title=f"llmx hook {hook.value} {word}", env=os.environ)
    note(f"{hook.value} is {word} in {file}; `llmx client apply` tells the clients")


@app.command(name="session-start")
def session_start(client: ClientArgument = "claude") -> None:
    """Print the AGENTS.md files that hold here, the nearest last; agents call it."""
    _known(client)
    for file in reversed(chain(Path.cwd())):
        print(f"# {file}\n\n{file.read_text(encoding='utf-8', errors='replace').strip()}\n")


@app.command(name="pre-command")
def pre_command(client: ClientArgument = "claude") -> None:
    """Read the agent's event on stdin, and print the command as it goes through llm-exec; agents call it.

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
