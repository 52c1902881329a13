"""Whether an installed package offers something, without `importlib.metadata`, whose import alone costs 10 ms."""

import os
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from llmx.core.plugins import load

METADATA = (".dist-info", ".egg-info")


def entries(group: str) -> Iterable[Any]:
    """The entry points of ``group``, of all installed packages."""
    places = tuple((folder, _stamp(folder)) for folder in dict.fromkeys(sys.path))
    found: Iterable[Any] = load("importlib.metadata:entry_points")(group=group) if _is_offered(group, places) else ()
    return found


@lru_cache(maxsize=16)
def _is_offered(group: str, places: tuple[tuple[str, int], ...]) -> bool:
    """Whether a file of entry points has that heading; True, too, where packages are in what is no folder.

    Looked up once for each state of the ``places``: what is installed changes its folder.
    """
    heading = f"[{group}]".encode()
    return any(
        os.path.isfile(folder) or any(heading in _entry_points(path) for path in _metadata_in(folder or "."))
        for folder, _ in places
    )


def _stamp(folder: str) -> int:
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return 0


def _metadata_in(folder: str) -> list[str]:
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(METADATA)]
    except OSError:
        return []


def _entry_points(folder: str) -> bytes:
    try:
        with open(f"{folder}/entry_points.txt", "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""
