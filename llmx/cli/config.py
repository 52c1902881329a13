"""``llmx config``: read and change llmx's own settings."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import Annotated, Any, Literal

import typer

from llmx import paths
from llmx.cli.notes import note
from llmx.cli.output import Output
from llmx.core.plugins import load
from llmx.core.settings import Places
from llmx.core.settings.faults import faults_in_file, faults_in_variables, together
from llmx.core.settings.keys import BY_NAME, Setting
from llmx.core.settings.merge import Merged, merge
from llmx.core.settings.profiles import profiles as all_profiles
from llmx.core.settings.sources import near_key, shown
from llmx.core.settings.trust import is_trusted
from llmx.core.settings.writing import example, nested, written
from llmx.errors import ConfigError, UsageError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Read and change llmx's own settings.")


OutputOption = Annotated[Output | None, typer.Option("--output", help="text or json.")]
FileOption = Annotated[str | None, typer.Option("--config", metavar="FILE", help="Read this settings file too.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="Start from this profile.")]


@app.command()
def init(
    force: Annotated[bool, typer.Option("--force", help="Replace the file; llmx undo brings it back.")] = False,
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", help="With what coding agents are told: seed.")
    ] = "",
) -> None:
    """Write the user's settings file, with every key in it as a comment."""
    file = user_file()
    text = example() + (load("llmx.core.source.presets:preset")(preset) if preset else "")
    if load("llmx.core.settings.user_file:start")(file, text, force=force):
        note("`llmx undo` brings back what it was")
    print(shown(file))


@app.command()
def show(
    ctx: typer.Context,
    section: Annotated[str, typer.Argument(help="A section or a key, such as exec.isolation.")] = "",
    *,
    sources: Annotated[bool, typer.Option("--sources", help="Say where each value comes from.")] = False,
    output: OutputOption = None,
    config: FileOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show the settings in force here."""
    merged = in_force(ctx, config, profile)
    names = [name for name in BY_NAME if not section or f"{name}.".startswith(f"{section.rstrip('.')}.")]
    if not names:
        raise unknown(section)
    if chosen(ctx, "output", output, merged) == "json":
        rows = [fact(merged, name) for name in names]
        print_json(rows if sources else nested((name, merged.values[name]) for name in names))
        return
    for name in names:
        line = f"{name} = {written(BY_NAME[name], merged.values[name]) or '(unset)'}"
        print(f"{line:<48}  # {merged.sources[name]}" if sources else line)


@app.command()
def get(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="A key, such as exec.grace.")],
    output: OutputOption = None,
    config: FileOption = None,
    profile: ProfileOption = None,
) -> None:
    """Print the value of one key; an unset one is an empty line."""
    setting = known(key)
    merged = in_force(ctx, config, profile)
    value = merged.values[setting.name]
    if chosen(ctx, "output", output, merged) == "json":
        print_json(fact(merged, setting.name))
    else:
        print(value if isinstance(value, str) else written(setting, value))


@app.command("set")
def set_(
    key: Annotated[str, typer.Argument(help="A key, such as exec.isolation.timeout.")],
    value: Annotated[str, typer.Argument(help="Its value: 10m, 512M, true, or names with commas between.")],
) -> None:
    """Set a key in the user's file; comments stay."""
    setting = known(key)
    load("llmx.core.settings.user_file:set_key")(user_file(), setting, value)
    tell_who_wins(setting)


@app.command()
def unset(key: Annotated[str, typer.Argument(help="A key, such as exec.isolation.timeout.")]) -> None:
    """Take a key out of the user's file."""
    setting = known(key)
    if load("llmx.core.settings.user_file:unset_key")(user_file(), setting):
        tell_who_wins(setting)
    else:
        note(f"{setting.name} is not in {shown(user_file())}")


@app.command()
def validate(
    ctx: typer.Context,
    file: Annotated[str, typer.Option("--file", metavar="FILE", help="Only this file.")] = "",
    output: OutputOption = None,
    config: FileOption = None,
    profile: ProfileOption = None,
) -> None:
    """Check every settings file and variable; all that is wrong is named with its place, and is exit 2."""
    files = [("file", file)]
    if not file:
        files = [(row["layer"], row["path"]) for row in rows_of(places_of(ctx, config, profile)) if row["exists"]]
    found = [fault for layer, path in files for fault in faults_in_file(layer, path)]
    found += [] if file else faults_in_variables(os.environ)
    if found:
        raise together(found)
    if not file:
        load("llmx.core.settings.model:validated")(in_force(ctx, config, profile).values)
    if chosen(ctx, "output", output) == "json":
        print_json({"valid": True, "files": [path for _, path in files]})
    else:
        for _, path in files:
            print(f"{shown(path)}: valid")
        if not files:
            note("there is no file, so the defaults hold, and they are valid")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a settings file."""
    print_json(load("llmx.core.settings.model:schema")())


@app.command("paths")
def paths_(ctx: typer.Context, output: OutputOption = None, config: FileOption = None) -> None:
    """List the places that settings come from, the strongest first."""
    rows = rows_of(places_of(ctx, config, None))
    if chosen(ctx, "output", output) == "json":
        print_json(rows)
        return
    for row in rows:
        state = "absent" if not row["exists"] else "not trusted" if row["trusted"] is False else "used"
        print(f"{row['layer']:<8} {state:<12} {shown(row['path'])}")


@app.command()
def profiles(ctx: typer.Context, output: OutputOption = None) -> None:
    """List the profiles: named sets of settings that the files go over."""
    if chosen(ctx, "output", output) == "json":
        print_json([row._asdict() for row in all_profiles()])
        return
    for row in all_profiles():
        print(f"{row.name:<12} {row.description}")


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="values.nix, or what Nix made of it: values.json.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come, and write nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let FILE win over what your file says.")] = False,
    output: OutputOption = None,
) -> None:
    """Take the values of Nix users into your file; exit 1 where it says something else already.

    Every option is named, those too that llmx has nothing for.
    """
    as_json = chosen(ctx, "output", output) == "json"
    load("llmx.cli.config_nix:take")(file, dry_run=dry_run, overwrite=overwrite, as_json=as_json)


@app.command()
def export(
    ctx: typer.Context,
    form: Annotated[Literal["nix"], typer.Argument(metavar="FORM", help="nix is the only one.")],
    output: OutputOption = None,
) -> None:
    """Print your file as a set of values for Nix: { llm = { … }; }."""
    del form
    load("llmx.cli.config_nix:give")(as_json=chosen(ctx, "output", output) == "json")


@app.command()
def edit() -> None:
    """Open the user's file in $VISUAL or $EDITOR; what does not fit is not taken over."""
    file = user_file()
    before = load("llmx.core.settings.user_file:text_of")(file)
    words = editor()
    draft = f"{paths.make_private(paths.state_dir())}/draft.toml"
    with open(draft, "wb") as opened:
        opened.write(example().encode() if before is None else before)
    if code := subprocess.run([*words, draft], check=False).returncode:
        os.unlink(draft)
        raise UsageError(f"{words[0]} ended with exit code {code}: {shown(file)} is as it was")
    with open(draft, "rb") as opened:
        after = opened.read()
    take_over(file, draft, before, after)
    os.unlink(draft)


def take_over(file: str, draft: str, before: bytes | None, after: bytes) -> None:
    """Put the edited text in the file's place if it is one that llmx can read and nobody else changed the file."""
    if after == before:
        note("nothing changed")
        return
    try:
        load("llmx.core.settings.user_file:check")(draft, after)
        load("llmx.core.settings.user_file:replace")(file, before, after, "llmx config edit")
    except ConfigError as error:
        error.hint = f"{shown(file)} is as it was; your text is kept at {shown(draft)}"
        raise


def editor() -> list[str]:
    """The words that start the user's editor; raises ``UsageError``."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not words and not sys.stdin.isatty():
        raise UsageError("there is no terminal to edit at", hint="llmx config set KEY VALUE changes one key")
    words = words or [name for name in ("sensible-editor", "nano", "vi") if shutil.which(name)][:1]
    if not words or not shutil.which(words[0]):
        raise UsageError(f"there is no editor {' '.join(words)}".rstrip(), hint="export EDITOR=vi")
    return words


def user_file() -> str:
    """The file that `init`, `set`, `unset` and `edit` write."""
    return f"{paths.config_dir()}/config.toml"


def places_of(ctx: typer.Context, config: str | None, profile: str | None) -> Places:
    """Where this call's settings come from."""
    return Places(os.environ, os.getcwd(), given(ctx, "config", config), given(ctx, "profile", profile))


def in_force(ctx: typer.Context, config: str | None, profile: str | None) -> Merged:
    """The merged settings; what there is to tell goes to stderr."""
    merged = merge(places_of(ctx, config, profile), os.environ)
    for notice in merged.notices:
        note(notice)
    return merged


def tell_who_wins(setting: Setting) -> None:
    """After a change of the user's file: say so when something stronger decides."""
    merged = merge(Places(os.environ, os.getcwd()), os.environ)
    source = merged.sources[setting.name]
    if source.layer not in ("user", "system", "profile", "default"):
        note(f"{setting.name} is {written(setting, merged.values[setting.name])} here: {source} goes first")


def rows_of(places: Places) -> list[dict[str, Any]]:
    """Each place, the strongest first; ``trusted`` is of a project's file."""
    there = {path for path, identity in places.identities if identity is not None}
    config = [("config", places.file)] if places.file else []
    projects = [("project", path) for path in places.projects]
    files = [*config, *projects, ("user", places.user), ("system", places.system)]
    return [
        {
            "layer": layer,
            "path": path,
            "exists": path in there,
            "trusted": is_trusted(path) if layer == "project" else None,
        }
        for layer, path in files
    ]


def fact(merged: Merged, name: str) -> dict[str, Any]:
    """One key with its value and source."""
    return {"key": name, "value": merged.values[name], **merged.sources[name]._asdict()}


def known(key: str) -> Setting:
    """The setting of that name; raises ``UsageError`` with the nearest."""
    setting = BY_NAME.get(key)
    if setting is None:
        raise unknown(key)
    return setting


def unknown(key: str) -> UsageError:
    """The error for a key or section that does not exist, with the nearest that does."""
    near = near_key(key)
    hint = f"did you mean {near}?" if near else "llmx config show lists the keys"
    return UsageError(f"there is no setting {key!r}", hint=hint)


def given(ctx: typer.Context, name: str, value: str | None) -> str | None:
    """An option of the command, or of `llmx` itself where it stands before the command."""
    root = ctx.find_root().params.get(name)
    return value if value is not None else str(root) if root else None


def chosen(ctx: typer.Context, name: str, value: Output | None, merged: Merged | None = None) -> str:
    """The output asked for, else what the settings say where they were read anyway."""
    return given(ctx, name, value) or (str(merged.values["output"]) if merged else "text")


def print_json(value: object) -> None:
    """Print data for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
