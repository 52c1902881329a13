"""The agents that a TAB may complete to."""

import os

from llmx import paths


def ids() -> list[str]:
    """Their ids, by the names of their files."""
    try:
        names = os.listdir(f"{paths.config_dir()}/agents")
    except OSError:
        return []
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))
