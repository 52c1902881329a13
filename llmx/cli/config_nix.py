"""``llmx config import`` and ``config export nix``: Nix users' values."""

import os
import tomllib
from pathlib import Path

import typer

from llmx.cli.notes import note
from llmx.core.edits import Change, plan, read
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.core.settings.user_file import check, text_of
from llmx.core.source import read_source
from llmx.core.source.writing import file_of, write
from llmx.errors import ConfigError, NotFoundError
from llmx.nix.exporting import text
from llmx.nix.exporting import values as exported
from llmx.nix.importing import imports
from llmx.nix.reading import values


def take(name: str, *, dry_run: bool, overwrite: bool, as_json: bool) -> None:
    """Take the values of a file into the user's; raises ``ConfigError`` where what comes of it would not be sound."""
    file = file_of("user", os.environ, os.getcwd())
    rows, operations = imports(values(Path(name), os.environ), read(file), overwrite=overwrite)
    if operations:
        after = plan([Change(file, operations)], title="").files
        data = after[0].after if after else None
        try:
            check(str(file), data or b"")
            read_source(str(file), data or b"")
        except ConfigError as error:  # its place is in a file that is not written
            raise ConfigError(f"{shown(name)}: {error.message.partition(': ')[2]}", key=error.key) from None
        if not dry_run:
            write(file, operations, title="llmx config import", env=os.environ)
    if as_json:
        print(dumps([row._asdict() for row in rows]))
    else:
        for row in rows:
            print(f"{row.state:<9} {row.option}{f' -> {row.key}' if row.key else ''}{reason(row.reason)}")
    if not rows:
        note(f"{shown(name)} gives no values: {{ llm = {{ … }}; }}")
    conflicts = sum(row.state == "conflict" for row in rows)
    if conflicts:
        note(f"{conflicts} of them stay as {shown(str(file))} has them; --overwrite lets {shown(name)} win")
        raise typer.Exit(1)


def give(*, as_json: bool) -> None:
    """Print the user's file as values for Nix."""
    file = str(file_of("user", os.environ, os.getcwd()))
    data = text_of(file)
    if data is None:
        raise NotFoundError(f"there is no file {shown(file)}", hint="llmx config init")
    check(file, data)
    read_source(file, data)
    found = exported(tomllib.loads(data.decode()))
    print(dumps({"llm": found}) if as_json else text(found), end="\n" * as_json)


def reason(said: str) -> str:
    """Why, in brackets."""
    return f"  ({said})" if said else ""
