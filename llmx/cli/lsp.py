"""``llmx lsp``: the language servers that coding agents use."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from llmx.cli.mcp import ProjectOption, seconds, source_of
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.edits import Set, Unset
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.redact import mask_argv
from llmx.core.source import Lsp
from llmx.core.source.language_servers import catalog
from llmx.core.source.writing import file_of, write
from llmx.errors import NotFoundError, nearest

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Keep the language servers that agents use.")

NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME…", help="Language servers from `llmx lsp list`.")]


@app.command("list")
def list_(output: OutputOption = Output.text) -> None:
    """List those of your file and of the project's, and those that llmx knows; ! marks programs that are not here."""
    used = [(scope, name, one) for scope in ("user", "project") for name, one in source_of(scope).lsp.items()]
    names = {name for _, name, _ in used}
    rows = used + [("known", name, one) for name, one in known().items() if name not in names]
    if output == Output.json:
        print(dumps([facts(origin, name, one) for origin, name, one in rows]))
        return
    for origin, name, one in rows:
        state = "off" if origin == "known" or not one.enabled else "on"
        mark = " " if is_here(one) else "!"
        print(f"{mark} {name:<12} {state:<3} {origin:<8} {' '.join(mask_argv(list(one.command), {}))}")


@app.command()
def enable(names: NamesArgument, project: ProjectOption = False) -> None:
    """Name language servers in your settings file, or the project's, so that agents get them."""
    scope = "project" if project else "user"
    declared = source_of(scope).lsp
    for name in names:
        if name not in declared and name not in catalog():
            raise missing(name, [*declared, *catalog()])
    file = written(scope, [Set(("lsp", name, "enabled"), True) for name in names], f"enable {' '.join(names)}")
    absent = [name for name in names if not is_here(source_of(scope).lsp[name])]
    if absent:
        note(f"not installed: {', '.join(source_of(scope).lsp[name].command[0] for name in absent)}")
    note(f"on in {file}: {', '.join(names)}; `llmx client apply` tells the clients")


@app.command()
def disable(names: NamesArgument, project: ProjectOption = False) -> None:
    """Use language servers no more: one that llmx knows leaves the file, one of your own stays there, off."""
    scope = "project" if project else "user"
    declared = source_of(scope).lsp
    for name in names:
        if name not in declared:
            raise missing(name, list(declared))
    entries = [Unset(("lsp", name)) if name in catalog() else Set(("lsp", name, "enabled"), False) for name in names]
    file = written(scope, entries, f"disable {' '.join(names)}")
    note(f"off in {file}: {', '.join(names)}; `llmx client apply` tells the clients")


def written(scope: str, entries: list[Set | Unset], words: str) -> Path:
    """The settings file of that scope, with the entries in it."""
    file = file_of(scope, os.environ, os.getcwd())
    write(file, entries, title=f"llmx lsp {words}", env=os.environ)
    return file


@app.command()
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME…]", help="These; else all that are named.")
    ] = None,
    deadline: Annotated[str, typer.Option("--deadline", metavar="TIME", help="How long each may take.")] = "30s",
    output: OutputOption = Output.text,
) -> None:
    """Really start each and greet it; exit 1 where one does not answer."""
    declared = {**source_of("user").lsp, **source_of("project").lsp}
    for name in names or ():
        if name not in declared and name not in catalog():
            raise missing(name, [*declared, *catalog()])
    wanted = {name: (known() | declared)[name] for name in names} if names else declared
    greet = load("llmx.core.language_servers:greet")
    found = load("llmx.core.blocking:run")(lambda: greet(wanted, deadline=seconds(deadline)))
    if output == Output.json:
        print(dumps([one._asdict() for one in found]))
    for one in found if output == Output.text else ():
        print(f"{one.state:<9} {one.name:<12} {one.reason or ', '.join(one.offers)}")
    if not found:
        note("no settings file names one; `llmx lsp enable NAME` does")
    if any(one.state == "failed" for one in found):
        raise typer.Exit(1)


def known() -> dict[str, Lsp]:
    """Those that llmx knows."""
    return {name: Lsp(tuple(one["command"]), tuple(one["extensions"])) for name, one in catalog().items()}


def is_here(lsp: Lsp) -> bool:
    """Whether its program is on the PATH."""
    return shutil.which(lsp.command[0]) is not None


def facts(origin: str, name: str, lsp: Lsp) -> dict[str, object]:
    """A language server as a program reads it; of its variables, the names."""
    shown = {"command": mask_argv(list(lsp.command), {}), "extensions": list(lsp.extensions), "env": sorted(lsp.env)}
    is_on = origin != "known" and lsp.enabled
    return {"name": name, "from": origin, "enabled": is_on, "installed": is_here(lsp), **shown}


def missing(name: str, names: list[str]) -> NotFoundError:
    """The error for a language server that there is not."""
    near = nearest(name, names)
    return NotFoundError(
        f"there is no language server {name!r}", hint=f"did you mean {near}?" if near else "llmx lsp list"
    )
