"""``llmx completion``: static scripts, written from the tree, that need no Python on TAB."""

import os
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer

from llmx.cli import complete
from llmx.cli.notes import note
from llmx.paths import home

app = typer.Typer(add_completion=False, no_args_is_help=True)


class Shell(StrEnum):
    """The shells there is a script for."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


ShellArgument = Annotated[Shell, typer.Argument(help="bash, zsh or fish.")]

# shell -> the script's name, and where the shell looks for a user's own
PLACES = {
    Shell.bash: ("llmx.bash", "{data}/bash-completion/completions/llmx"),
    Shell.zsh: ("_llmx", "{data}/zsh/site-functions/_llmx"),
    Shell.fish: ("llmx.fish", "{config}/fish/completions/llmx.fish"),
}


@app.command()
def show(shell: ShellArgument) -> None:
    """Print the script."""
    print(script(shell), end="")


@app.command()
def install(shell: ShellArgument) -> None:
    """Write the script to where the shell looks for it."""
    place = PLACES[shell][1].format(
        data=os.environ.get("XDG_DATA_HOME") or f"{home()}/.local/share",
        config=os.environ.get("XDG_CONFIG_HOME") or f"{home()}/.config",
    )
    os.makedirs(os.path.dirname(place), exist_ok=True)
    written = [place]
    if shell is Shell.bash:  # bash looks for a file by the command's name
        written.append(f"{os.path.dirname(place)}/llm-exec")
    for path in written:
        _write(path, script(shell))
        print(path)
    if shell is Shell.zsh:
        note(f"add to ~/.zshrc, before compinit: fpath=({os.path.dirname(place)} $fpath)")


def script(shell: Shell) -> str:
    """The script for ``shell``, as ``completions/`` holds it."""
    return complete.script(PLACES[shell][0])


def _write(path: str, text: str) -> None:
    fresh = f"{path}.new"
    try:
        with open(fresh, "w") as file:
            file.write(text)
        os.replace(fresh, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(fresh)
        raise OSError(error.errno, error.strerror, path) from error
