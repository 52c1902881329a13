"""Which project a call is made for: what a project's budget counts."""

import os


def project_of(folder: str) -> str:
    """The project that ``folder`` belongs to: the nearest with a ``.git`` or an ``llmx.toml``; empty without one."""
    while True:
        if os.path.lexists(f"{folder}/.git") or os.path.exists(f"{folder}/llmx.toml"):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
