"""What a read-only place inside a writable one takes, in bubblewrap's mounts."""

import os

from llmx.core.sandbox.workspace import is_below_any


def hold_parents(places: dict[str, tuple[str, ...]], path: str, writable: list[str]) -> None:
    """Make mounts of the folders between ``path`` and the writable one above it: a mount cannot be renamed.

    Else a command would move the folder away, with the read-only mount in it, and put another one in its place.
    """
    parent = os.path.dirname(path)
    while parent not in writable and is_below_any(parent, writable):
        if places.get(parent, ("--perms",))[0] == "--perms":  # else it is a mount already
            places[parent] = ("--bind", parent, parent)
        parent = os.path.dirname(parent)
