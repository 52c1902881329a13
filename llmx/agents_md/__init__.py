"""AGENTS.md: written from what a repository is, kept current between two marks, and who really loads which.

All that is outside of the marks is people's, and stays byte for byte.
"""

from pathlib import Path

NAME = "AGENTS.md"
BLOCK = "project"
"""The name of the marked section."""


def repository(place: Path) -> Path:
    """The folder that is the root of what ``place`` belongs to: of its Git repository, else ``place`` itself."""
    folder = place.resolve()
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)


def chain(folder: Path) -> list[Path]:
    """The AGENTS.md files that hold in ``folder``, the nearest first, up to the root of the repository."""
    root = repository(folder)
    inner = folder.resolve()
    folders = [above for above in (inner, *inner.parents) if above.is_relative_to(root)]
    return [above / NAME for above in folders if (above / NAME).is_file()]
