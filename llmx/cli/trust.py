"""``llmx trust``: let a project's ``llmx.toml`` set what only its reader may allow, and its templates run."""

import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from llmx.cli.config import OutputOption, chosen, print_json
from llmx.cli.notes import note
from llmx.core.plugins import load
from llmx.core.settings import Places
from llmx.core.settings.layers import Entry, parse_layer
from llmx.core.settings.sources import shown
from llmx.core.settings.trust import TEMPLATE, ProjectFile, is_trusted, open_project, trusted
from llmx.core.settings.trust import revoke as revoke_record
from llmx.core.settings.trust import trust as record
from llmx.errors import NotFoundError


class TrustGroup(TyperGroup):
    """`llmx trust PATH` and `llmx trust` stand for `llmx trust add PATH`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - its class is private to Typer
        is_own = args and (args[0] in self.commands or args[0] in ("--help", "-h"))
        return super().parse_args(ctx, args if is_own else ["add", *args])


HELP = "Trust the nearest llmx.toml, or PATH, as it stands now: it may then set endpoints, key references and all else."
PathArgument = Annotated[
    str, typer.Argument(metavar="[PATH]", help="A llmx.toml or its folder, or a template's folder; else the nearest.")
]


app = typer.Typer(cls=TrustGroup, subcommand_metavar="[PATH | list | revoke]", add_completion=False, help=HELP)


@app.command(hidden=True)
def add(ctx: typer.Context, path: PathArgument = "", output: OutputOption = None) -> None:
    """Trust a project file as it stands now."""
    file = open_project(place(path))
    if os.path.isdir(file.path):
        _add_template(file, as_json=chosen(ctx, "output", output) == "json")
        return
    gained = [entry for entry in parse_layer("project", file.path, file.data).entries if is_whole(entry)]
    tables = load("llmx.core.source:tables_in")(file.path, file.data)
    entry = record(file.path, sha256=file.sha256)
    if chosen(ctx, "output", output) == "json":
        print_json({**entry._asdict(), "allows": [*(gain.name for gain in gained), *tables]})
        return
    print(f"{shown(entry.path)} is trusted until it changes (sha256:{entry.sha256})")
    for gain in gained:
        print(f"  line {gain.source.line}: {gain.name} = {gain.written!r}")
    for name, line in tables.items():
        print(f"  line {line}: [{name}], what coding agents are told")


def _add_template(folder: ProjectFile, *, as_json: bool) -> None:
    """Trust a template as it stands now: what its code does, llmx does."""
    entry = record(folder.path, sha256=folder.sha256)
    files = [line.split("  ", 1)[1] for line in folder.data.decode(errors="replace").splitlines()]
    if as_json:
        print_json({**entry._asdict(), "allows": files})
        return
    print(f"{shown(entry.path)} is trusted until it changes (sha256:{entry.sha256})")
    for file in files:
        print(f"  {shown(file)}")


@app.command("list")
def list_(ctx: typer.Context, output: OutputOption = None) -> None:
    """List what is trusted, and whether it still stands as it was read."""
    rows = [{**entry._asdict(), "state": state(entry.path)} for entry in trusted()]
    if chosen(ctx, "output", output) == "json":
        print_json(rows)
        return
    for row in rows:
        print(f"{row['state']:<8} {row['since']}  {shown(row['path'])}")
    if not rows:
        note("nothing is trusted; llmx trust, in a project's folder, trusts its llmx.toml as it stands")


@app.command()
def revoke(ctx: typer.Context, path: PathArgument = "", output: OutputOption = None) -> None:
    """Trust a project file no longer; it need not exist any more."""
    file = place(path)
    if not revoke_record(file):
        raise NotFoundError(f"{shown(file)} was not trusted", hint="llmx trust list shows what is")
    if chosen(ctx, "output", output) == "json":
        print_json({"path": file, "revoked": True})
    else:
        note(f"{shown(file)} is trusted no more")


def place(path: str) -> str:
    """The project file meant; raises ``NotFoundError`` where none stands in this folder or above."""
    if path:
        is_project = os.path.isdir(path) and not os.path.isfile(os.path.join(path, TEMPLATE))
        return os.path.join(path, "llmx.toml") if is_project else path
    found = Places(os.environ, os.getcwd()).projects
    if not found:
        raise NotFoundError("there is no llmx.toml in this folder or above it", hint="llmx trust PATH")
    return found[0]


def is_whole(entry: Entry) -> bool:
    """Whether trust gives the entry its say; raises ``ConfigError`` where its value does not fit."""
    entry.read()
    return entry.setting.scope != "inert"


def state(path: str) -> str:
    """Whether a recorded file still is what was recorded: trusted, changed or gone."""
    if is_trusted(path, {**os.environ, "LLMX_TRUST": ""}):
        return "trusted"
    return "changed" if os.path.lexists(path) else "gone"
