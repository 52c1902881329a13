"""The completion scripts: static words, written from the tree, so that TAB starts no Python."""

from llmx.cli import complete_bash, complete_fish, complete_zsh
from llmx.cli.places import places

SCRIPTS = {"llmx.bash": complete_bash.script, "_llmx": complete_zsh.script, "llmx.fish": complete_fish.script}
"""The file's name in ``completions/`` and what writes it."""


def script(name: str) -> str:
    """The text of the completion script that ``completions/`` holds as ``name``."""
    return SCRIPTS[name](places())
