"""The settings in force here and now, fast: a few ``stat`` calls and one small cache file on the way of every command.

The files are merged by ``compiled.py``, and only when one of them is not what it was.
"""

import _imp
import marshal
import os
import sys

from llmx import __version__, paths
from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Identity = tuple[int, ...]

PLAIN_VARIABLES = (
    "LLMX_ALLOW_MOCK_FALLBACK",
    "LLMX_CONFIG",
    "LLMX_DEBUG",
    "LLMX_PROFILE",
    "LLMX_QUIET",
    "LLMX_TRACE",
    "LLMX_TRUST",
)
"""The variables of llmx that stand for no key."""

_KEYS = __file__.replace("__init__", "keys")  # another table of keys makes what was compiled with this one stale
_PREFIXES = ("LLMX_", "LLM_", "AUTOBOT_")
HEADER = f"llmx settings 3 {marshal.version} {sys.hexversion:x} {__version__}\n".encode()
SUM_KEY = 0x6C6C6D78
_REGULAR = 0o100000
_LARGEST_CACHE = 1 << 20


class Settings:
    """Values by dotted key, durations in seconds and sizes in bytes, and what the user should be told about them.

    ``loosened`` names what allows more than the places below it: variables, and layers that a caller can choose.
    """

    __slots__ = ("loosened", "notices", "values")

    def __init__(self, values: dict[str, object], notices: list[str], loosened: list[str]) -> None:
        self.values = values
        self.notices = notices
        self.loosened = loosened

    def __getitem__(self, key: str) -> object:
        return self.values[key]


class Places:
    """Where settings may come from in this folder; ``projects`` are the project files that stand there, nearest first.

    ``identities`` has one for every place looked at, absent ones included, and ``stamp`` names all that counts; it
    is empty where nothing but the defaults can be in force.
    """

    __slots__ = ("cache", "file", "identities", "profile", "projects", "stamp", "system", "trust", "trusted", "user")

    def __init__(self, env: "Mapping[str, str]", cwd: str, file: str | None = None, profile: str | None = None) -> None:
        self.system = paths.SYSTEM_CONFIG
        self.user = f"{paths.config_dir(env)}/config.toml"
        self.file = file or env.get("LLMX_CONFIG") or ""
        self.profile = profile or env.get("LLMX_PROFILE") or ""
        self.trust = f"{paths.state_dir(env)}/trust.json"
        self.trusted = env.get("LLMX_TRUST") or ""
        self.cache = f"{paths.cache_dir(env)}/settings.marshal"
        if self.file and not self.file.startswith("/"):
            self.file = f"{cwd}/{self.file}"
        projects = _projects(cwd, paths.home(env))
        self.projects = [path for path, _ in projects]
        self.identities = [(path, _identity(path)) for path in (self.system, self.user)] + projects
        if projects:
            self.identities.append((self.trust, _identity(self.trust)))
        if self.file:
            self.identities.append((self.file, _identity(self.file)))
        nothing = not (self.file or self.profile or any(identity is not None for _, identity in self.identities))
        self.stamp = (
            ""
            if nothing
            else repr((self.identities, self.projects, self.file, self.profile, self.trusted, _identity(_KEYS)))
        )


def active(
    env: "Mapping[str, str]", cwd: str, *, file: str | None = None, profile: str | None = None, lenient: bool = False
) -> Settings:
    """The settings in force in the folder ``cwd`` (absolute); ``file`` and ``profile`` are the options of those names.

    Raises ``ConfigError`` for a file or a variable that says something wrong; ``lenient``: less one for models, such as
    ``LLM_TIMEOUT``, that another tool may use otherwise.
    """
    places = Places(env, cwd, file, profile)
    if places.stamp:
        settings = recall(places) or load("llmx.core.settings.compiled:compile_places")(places)
    else:
        settings = Settings(load("llmx.core.settings.keys:defaults")(), [], [])
    for name in env:
        if name.startswith(_PREFIXES) and name not in PLAIN_VARIABLES:
            load("llmx.core.settings.environment:apply")(settings, env, lenient=lenient)
            break
    return settings


def recall(places: Places) -> Settings | None:
    """What was compiled for these very files, if that is known."""
    blob = known(places.cache).get(places.stamp)
    return Settings(*marshal.loads(blob)) if blob else None  # blob was summed, so it is what was written


def known(cache: str) -> dict[str, bytes]:
    """The compiled settings by stamp; none when anything about the cache file is wrong."""
    data = paths.read_private(cache, _LARGEST_CACHE)
    start = len(HEADER) + 8
    body = data[start:]
    if data[:start] != HEADER + _imp.source_hash(SUM_KEY, body):
        return {}
    entries: dict[str, bytes] = marshal.loads(body)
    return entries


def _identity(path: str) -> "Identity | None":
    """What changes when a file does, or None where there is none; empty where that cannot be seen."""
    try:
        return _facts(os.stat(path))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError:
        return ()


def _facts(found: os.stat_result) -> "Identity":
    """The change time stands first, because it is the one thing that no program can set back."""
    return (
        found.st_ctime_ns,
        found.st_mtime_ns,
        found.st_size,
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_uid,
    )


def _projects(cwd: str, home: str) -> "list[tuple[str, Identity | None]]":
    """Each ``llmx.toml`` from ``cwd`` up to the first regular file of the user's own, and not above the home folder."""
    seen: list[tuple[str, Identity | None]] = []
    home = home.rstrip("/")
    folder = cwd.rstrip("/")
    while True:
        path = f"{folder}/llmx.toml"
        try:
            found = os.lstat(path)
        except (OSError, ValueError):
            pass
        else:
            seen.append((path, _facts(found)))
            if found.st_mode & 0o170000 == _REGULAR and found.st_uid == os.geteuid():
                return seen
        if not folder or folder == home:
            return seen
        folder = folder.rpartition("/")[0]
