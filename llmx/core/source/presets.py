"""Ready-made parts of a settings file, by name."""

import os

from llmx.errors import NotFoundError, nearest

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "data", "presets")


def preset(name: str) -> str:
    """The text of a preset, to be put behind what a file has; raises ``NotFoundError``."""
    names = sorted(file.removesuffix(".toml") for file in os.listdir(FOLDER))
    if name not in names:
        near = nearest(name, names)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(names)}"
        raise NotFoundError(f"there is no preset {name!r}", hint=hint)
    with open(os.path.join(FOLDER, f"{name}.toml"), encoding="utf-8") as file:
        return f"\n{file.read()}"
