"""``llmx prompt``: prompts by name, filled in for a client."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from llmx.cli.mcp import ProjectOption, pairs
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.edits import Set, Unset
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.settings.faults import together
from llmx.core.source import project_source, user_source
from llmx.core.source.writing import file_of, write
from llmx.errors import ConfigError, NotFoundError, UsageError, nearest
from llmx.prompts import Prompt
from llmx.prompts.library import file_of as prompt_file
from llmx.prompts.library import files, find, members, prompts
from llmx.prompts.reading import read_prompt
from llmx.prompts.rendering import missing, rendered, shown_text

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Keep prompts, and offer them in coding agents.")


class Kind(StrEnum):
    """What a prompt becomes in a client."""

    subagent = "subagent"
    command = "command"
    skill = "skill"


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A prompt from `llmx prompt list`.")]
ClientOption = Annotated[str, typer.Option("--client", metavar="NAME", help="As this client gets it.")]
ExecOption = Annotated[bool, typer.Option("--exec/--no-exec", help="With how to run commands through llm-exec.")]
KindOption = Annotated[Kind | None, typer.Option("--kind", help="What it becomes; else what its file says.")]


@app.command("list")
def list_(output: OutputOption = Output.text) -> None:
    """List the prompts, yours and those that llmx brings; * marks those that clients are told."""
    found, faults = prompts()
    used = named()
    if output == Output.json:
        print(dumps([facts(prompt) | {"used": prompt.name in used} for prompt in found]))
    else:
        for prompt in found:
            mark = "*" if prompt.name in used else " "
            print(f"{mark} {prompt.name:<20} {prompt.kind:<9} {prompt.source:<9} {prompt.description}")
    for error in faults:
        note(f"left out: {error.message.splitlines()[-1].strip()}; `llmx prompt check` says more")


@app.command()
def show(
    name: NameArgument, client: ClientOption = "", with_exec: ExecOption = True, output: OutputOption = Output.text
) -> None:
    """Show a prompt as an agent reads it; words without a default stay as they are written."""
    prompt = find(name)
    tell(prompt, shown_text(prompt, known(client), with_exec=with_exec), output)


@app.command()
def render(
    name: NameArgument,
    *,
    var: Annotated[list[str] | None, typer.Option("--var", metavar="K=V", help="A word of the prompt.")] = None,
    client: ClientOption = "",
    with_exec: ExecOption = True,
    output: OutputOption = Output.text,
) -> None:
    """Print a prompt with its words filled in; exit 2 where one is missing."""
    prompt = find(name)
    tell(prompt, rendered(prompt, pairs(var, "--var"), known(client), with_exec=with_exec), output)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and dashes.")],
    *,
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="When to use it.")] = "",
    kind: Annotated[Kind, typer.Option("--kind", help="What it becomes in a client.")] = Kind.subagent,
    register: Annotated[bool, typer.Option("--register/--no-register", help="Name it in your settings file.")] = True,
    output: OutputOption = Output.text,
) -> None:
    """Begin a prompt of your own, and name it in your settings file, from which clients get it.

    Then: edit the file, `llmx prompt check NAME`, `llmx client apply`.
    """
    description = description or f"Use when {name.replace('-', ' ')} is asked for."
    file = load("llmx.prompts.scaffold:begin")(name, kind.value, description, register=register)
    print(dumps({"name": name, "file": str(file)}) if output == Output.json else file)


@app.command()
def check(
    which: Annotated[list[str] | None, typer.Argument(metavar="[NAME|FILE…]", help="These; else all.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Check prompts; all that is wrong is named with its line, and is exit 2."""
    wanted = [place(word) for word in which] if which else list(files().values())
    faults = []
    for file in wanted:
        try:
            members(read_prompt(file))
        except ConfigError as error:
            faults.append(error)
    if faults:
        raise together(faults)
    if output == Output.json:
        print(dumps({"valid": True, "files": [str(file) for file in wanted]}))
        return
    for file in wanted:
        print(f"{file}: valid")


@app.command()
def enable(name: NameArgument, kind: KindOption = None, project: ProjectOption = False) -> None:
    """Name a prompt in your settings file, or the project's, so that clients get it."""
    prompt = find(name)
    scope = "project" if project else "user"
    if project and prompt.source == "user":
        note(f"{name} is a file of yours: others who use this project do not have it")
    file = file_of(scope, os.environ, os.getcwd())
    entry = Set(("prompts", name, "kind"), kind.value if kind else prompt.kind)
    write(file, [entry], title=f"llmx prompt enable {name}", env=os.environ)
    if lacking := missing(prompt, {}):
        given = ", ".join(f'{word} = "…"' for word in lacking)
        note(f"it needs a value for {', '.join(lacking)}: write variables = {{ {given} }} under [prompts.{name}]")
    note(f"{name} is named in {file}; `llmx client apply` tells the clients")


@app.command()
def disable(name: NameArgument, project: ProjectOption = False) -> None:
    """Take a prompt out of your settings file, or the project's; its own file stays."""
    file = file_of("project" if project else "user", os.environ, os.getcwd())
    used = of_project() if project else user_source().prompts
    if name not in used:
        near = nearest(name, used)
        raise NotFoundError(f"{file} names no prompt {name!r}", hint=f"did you mean {near}?" if near else None)
    write(file, [Unset(("prompts", name))], title=f"llmx prompt disable {name}", env=os.environ)
    note(f"{name} is gone from {file}; `llmx client apply` takes it from the clients")


def known(client: str) -> str:
    """The name of a client, or none; raises ``UsageError``."""
    names = list(load("llmx.clients.registry:names")())
    if client and client not in names:
        near = nearest(client, names)
        raise UsageError(
            f"there is no client {client!r}", hint=f"did you mean {near}?" if near else f"one of: {', '.join(names)}"
        )
    return client


def place(word: str) -> Path:
    """The file that is meant: by its path, or of the prompt of that name."""
    file = Path(word)
    return file if file.suffix == ".md" or os.sep in word else prompt_file(word)


def named() -> set[str]:
    """The prompts that the user's source names, and a trusted project's."""
    return {*user_source().prompts, *of_project()}


def of_project() -> dict[str, Any]:
    """Those of the project, where it is trusted."""
    notices: list[str] = []
    found = project_source(os.environ, os.getcwd(), notices)
    for text in notices:
        note(text)
    return dict(found.prompts) if found else {}


def facts(prompt: Prompt) -> dict[str, Any]:
    """A prompt as a program reads it, without its text."""
    return {
        "name": prompt.name,
        "description": prompt.description,
        "kind": prompt.kind,
        "source": prompt.source,
        "file": str(prompt.file),
        "variables": {name: one._asdict() for name, one in prompt.variables.items()},
        "team": list(prompt.team),
    }


def tell(prompt: Prompt, text: str, output: Output) -> None:
    """Print the text, for programs with what is known of the prompt."""
    print(dumps(facts(prompt) | {"text": text}) if output == Output.json else text, end="\n" * (output == Output.json))
