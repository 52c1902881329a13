"""Environments that were resolved before: each in its own folder, with what it stands on, so that a hit is sure."""

import _imp
import marshal
import os
import sys
import time

from llmx.paths import cache_dir, read_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Identity = tuple[int, ...]

FILE = "environment.marshal"
HEADER = f"llmx environment 1 {marshal.version} {sys.hexversion:x}\n".encode()
_SUM_KEY = 0x64657073
_LARGEST = 16 << 20


class Environment:
    """What packages bring to a command.

    ``path``: folders for the front of PATH. ``variables``: to set beside it. ``shown``: folders that the command must
    be able to read. ``notes``: what the user should know of it.

    It holds as long as all of ``needed`` exists, everything ``watched`` is as it was, each of ``links`` leads where it
    did, and ``expires`` (seconds since 1970, 0 for never) has not come.
    """

    __slots__ = ("expires", "links", "needed", "notes", "path", "shown", "variables", "watched")

    def __init__(
        self,
        path: list[str],
        variables: dict[str, str],
        *,
        shown: list[str],
        needed: list[str],
        watched: "dict[str, Identity | None] | None" = None,
        links: dict[str, str] | None = None,
        expires: float = 0.0,
        notes: list[str] | None = None,
    ) -> None:
        self.path = path
        self.variables = variables
        self.shown = shown
        self.needed = needed
        self.watched = watched or {}
        self.links = links or {}
        self.expires = expires
        self.notes = notes or []

    def holds(self) -> bool:
        """Whether nothing that it stands on has changed."""
        if self.expires and not self.expires - AN_HOUR <= time.time() < self.expires:
            return False
        if not all([os.path.exists(path) for path in self.needed]):  # noqa: C419  # a list is faster
            return False
        if any([os.path.realpath(link) != target for link, target in self.links.items()]):  # noqa: C419
            return False
        return all([identity(path) == known for path, known in self.watched.items()])  # noqa: C419


AN_HOUR = 3600.0
"""For how long what a moving reference such as a channel's URL has led to counts as the same: Nix's own tarball-ttl."""


def identity(path: str) -> "Identity | None":
    """What changes when a file does, or when an entry of a folder comes or goes; None where there is nothing."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_dev, found.st_ino)


def root_of(env: "Mapping[str, str]", source: str = "") -> str:
    """Where the environments of one source lie, or those of all."""
    return f"{cache_dir(env)}/deps{'/' if source else ''}{source}"


def folder_of(env: "Mapping[str, str]", source: str, key: str) -> str:
    """The folder of the environment with this key."""
    return f"{root_of(env, source)}/{_imp.source_hash(_SUM_KEY, os.fsencode(key)).hex()}"


def _check(key: str) -> bytes:
    """What tells keys apart that share a folder. Keys themselves are not written down: variables may hold secrets."""
    return _imp.source_hash(~_SUM_KEY & 0xFFFFFFFF, os.fsencode(key))


def recall(folder: str, key: str) -> Environment | None:
    """The environment that was kept under ``key``, if it still holds."""
    data = read_private(f"{folder}/{FILE}", _LARGEST)
    start = len(HEADER) + 8
    body = data[start:]
    if data[:start] != HEADER + _imp.source_hash(_SUM_KEY, body):
        return None
    known, fields = marshal.loads(body)  # it was summed, so it is what was written
    if known != _check(key):
        return None
    found = Environment(**fields)
    if not found.holds():
        return None
    if os.access(folder, os.W_OK):
        os.utime(f"{folder}/{FILE}")  # when it was used last
    return found


def keep(folder: str, key: str, environment: Environment) -> None:
    """Write it down whole or not at all."""
    fields = {name: getattr(environment, name) for name in Environment.__slots__}
    body = marshal.dumps((_check(key), fields))
    fresh = f"{folder}/{FILE}.{os.getpid()}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:
        os.fchmod(handle, 0o600)
        file.write(HEADER + _imp.source_hash(_SUM_KEY, body) + body)
    os.replace(fresh, f"{folder}/{FILE}")
