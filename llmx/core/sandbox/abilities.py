"""What this machine can enforce, as it was found out before: one small file on the way of every command."""

import marshal
import os
import time

from llmx.core.process import DEFAULT_PATH, may_gain_rights
from llmx.core.sandbox import Abilities
from llmx.core.sandbox.workspace import is_of_the_system
from llmx.paths import cache_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Key = tuple[str | int, ...]

VERSION = 1
"""Goes up with every change of what the probe tries."""

FIELDS = Abilities.__slots__
_PRIVATE = 0o100600
_LARGEST = 4096
AN_HOUR = 3600


def read_cached(env: "Mapping[str, str]") -> Abilities | None:
    """What the probe has found for this very kernel, bwrap, user and namespace; None where it has to look."""
    try:
        handle = os.open(cache_file(env), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        facts = os.fstat(handle)
        if facts.st_mode != _PRIVATE or facts.st_uid != os.geteuid():  # somebody else may have written it
            return None
        known, values, found_at = marshal.loads(os.read(handle, _LARGEST))
    except (OSError, ValueError, EOFError, TypeError):
        return None
    finally:
        os.close(handle)
    if known != key(env, find_bwrap(env)):
        return None
    found = Abilities(**dict(zip(FIELDS, values, strict=True)))
    if found.problem and not 0 <= time.time() - found_at < AN_HOUR:  # it may have been mended since
        return None
    return found


def cache_file(env: "Mapping[str, str]") -> str:
    """Where the probe keeps its answer."""
    return f"{cache_dir(env)}/sandbox.marshal"


def find_bwrap(env: "Mapping[str, str]") -> str:
    """The bubblewrap on the PATH; "" where there is none.

    It runs outside of every sandbox, so it must lie where no sandbox lets a command write: a virtual environment in the
    work tree stands first on many a PATH.
    """
    for folder in (env.get("PATH") or DEFAULT_PATH).split(":"):
        if folder[:1] == "/" and os.access(f"{folder}/bwrap", os.X_OK):
            found = os.path.realpath(f"{folder}/bwrap")
            if found.endswith("/bwrap") and is_of_the_system(found):
                return found
    return ""


def key(env: "Mapping[str, str]", bwrap: str) -> "Key":
    """All that the probe's answer depends on."""
    try:
        facts = os.stat(bwrap) if bwrap else None
        namespace = os.stat("/proc/self/ns/user").st_ino
    except OSError:
        facts, namespace = None, 0
    identity = (facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size) if facts else ()
    return (VERSION, os.uname().release, os.geteuid(), namespace, may_gain_rights(), bwrap, *identity)
