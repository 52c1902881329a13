"""``llmx agents-md``: the file that tells coding agents about a project."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from llmx.agents_md import NAME, chain, repository
from llmx.agents_md.reader import Place
from llmx.agents_md.readers import READERS
from llmx.agents_md.writing import begin, has_section, needed_updates
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.clients.reading import present, version, where_of
from llmx.core.edits import edit, plan
from llmx.core.jsonline import dumps
from llmx.core.redact import mask_text
from llmx.core.settings import Places
from llmx.core.settings.merge import merge
from llmx.errors import NotFoundError, PolicyError, UsageError, nearest

HELP = "Write and keep AGENTS.md; see who loads which."
app = typer.Typer(no_args_is_help=True, add_completion=False, help=HELP)

FolderArgument = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="A folder of the project; else this one.")]


@app.command()
def init(
    folder: FolderArgument = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace the file; llmx undo brings it back.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Write an AGENTS.md from what the project is: how it is built, tested and checked, by its own files."""
    allow(folder)
    done = begin(existing(folder), force=force)
    file = done.files[0] if done.files else folder.resolve() / NAME
    print(dumps({"file": str(file), "edit": done.id or None}) if output == Output.json else file)
    note(f"what stands between the marks llmx keeps; the rest of {NAME} is yours")


@app.command()
def update(
    folder: FolderArgument = Path(),
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 with a diff if it is old.")] = False,
    add: Annotated[bool, typer.Option("--add", help="Put a section into a file that has none.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Bring the marked sections of the project up to date; all else stays byte for byte."""
    if not check:
        allow(folder)
    changes = needed_updates(existing(folder), add=add)
    planned = plan(changes, title="llmx agents-md update")
    outdated = [str(one.name) for one in planned.files]
    if not check and outdated:
        edit(changes, title="llmx agents-md update")
    if output == Output.json:
        rows = [{"file": str(one.file), "current": str(one.file) not in outdated or not check} for one in changes]
        print(dumps({"files": rows, "changed": outdated} | ({"diff": mask_text(planned.diff(), {})} if check else {})))
    elif check:
        print(mask_text(planned.diff(), {}), end="")
    else:
        for name in outdated:
            print(name)
    if not outdated:
        note("all sections are current")
    if check and outdated:
        raise typer.Exit(1)


@app.command()
def show(
    path: Annotated[Path, typer.Option("--for", metavar="PATH", help="A file or folder; else this folder.")] = Path(),
    client: Annotated[str, typer.Option("--client", metavar="NAME", help="Only this one, here or not.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Show which AGENTS.md files hold for a path, the nearest first, and what each client here really loads."""
    folder = path if path.is_dir() else path.parent
    files = chain(existing(folder))
    rows = [loads(name, title, program, folder) for name, title, program in readers(client)]
    if output == Output.json:
        shown = [{"file": str(file), "section": has_section(file)} for file in files]
        print(dumps({"for": str(path), "folder": str(folder.resolve()), "chain": shown, "clients": rows}))
        return
    root = repository(folder)
    for file in files:
        print(relative(file, root))
    if not files:
        note(f"no {NAME} holds there; llmx agents-md init writes one")
    if not rows:
        note("none of the clients is here; --client NAME tells of one all the same")
    for row in rows:
        print(f"\n{row['name']}{f' {version}' if (version := row['version']) else ''} loads ({row['known']}):")
        for name in row["files"]:
            print(f"  {relative(Path(name), root)}")
        if not row["files"]:
            print("  nothing")
        for warning in row["warnings"]:
            print(f"  ! {warning}")


def readers(client: str) -> list[tuple[str, str, str]]:
    """Name, title and program of the clients that are here, or of the one named."""
    found = present(where_of(os.environ, os.getcwd()))
    titles = {one.client.name: (one.client.title, one.program) for one in found}
    every = {name: titles.get(name, (name, "")) for name in READERS}
    if client:
        if client not in every:
            near = nearest(client, every)
            hint = f"did you mean {near}?" if near else f"one of: {', '.join(every)}"
            raise UsageError(f"it is not known what {client!r} loads", hint=hint)
        return [(client, *every[client])]
    here = {one.client.name for one in found if one.is_there}
    return [(name, title, program) for name, (title, program) in every.items() if name in here or program]


def loads(name: str, title: str, program: str, folder: Path) -> dict[str, Any]:
    """What one client loads that is started in ``folder``."""
    read, known = READERS[name]
    asked = version(program) if name == "claude" and program else ""
    loaded = read(Place(folder, os.environ, asked))
    files = [str(file) for file in loaded.files]
    warnings = list(loaded.warnings)
    return {"name": name, "title": title, "version": asked, "known": known, "files": files, "warnings": warnings}


def existing(folder: Path) -> Path:
    """``folder`` if it is one; raises ``NotFoundError``."""
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}")
    return folder


def relative(file: Path, root: Path) -> str:
    """A file as it is shown: below the root of the repository, or whole."""
    return str(file.relative_to(root) if file.is_relative_to(root) else file)


def allow(folder: Path) -> None:
    """Raise where the settings say that llmx writes no AGENTS.md."""
    merged = merge(Places(os.environ, str(folder.resolve())), os.environ)
    if not merged.values["agents_md.enabled"]:
        source = merged.sources["agents_md.enabled"]
        raise PolicyError(f"llmx writes no {NAME}: agents_md.enabled is false ({source})")
