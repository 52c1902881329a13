"""Where llmx keeps things: the XDG folders, or the platform's own elsewhere.

Plain strings and ``os`` only: every way in needs these before anything else is imported.
"""

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` and `collections.abc` cost 1 to 7 ms, which every way in would pay
    from collections.abc import Mapping

_XDG = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "data": ("XDG_DATA_HOME", ".local/share"),
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}
_MACOS = {
    "config": "Library/Application Support/llmx",
    "data": "Library/Application Support/llmx",
    "cache": "Library/Caches/llmx",
    "state": "Library/Application Support/llmx/state",
}
SYSTEM_CONFIG = "/etc/llmx/config.toml"


def home(env: "Mapping[str, str]" = os.environ) -> str:
    """The user's home folder, also where HOME is not set."""
    return env.get("HOME") or os.path.expanduser("~")


def _base(kind: str, env: "Mapping[str, str]") -> str:
    """An XDG base folder; a relative value is ignored, as the XDG specification asks."""
    variable, fallback = _XDG[kind]
    given = env.get(variable, "")
    return given if given.startswith("/") else f"{home(env)}/{fallback}"


def _folder(kind: str, env: "Mapping[str, str]") -> str:
    if sys.platform == "darwin" and _XDG[kind][0] not in env:
        return f"{home(env)}/{_MACOS[kind]}"
    return f"{_base(kind, env)}/llmx"


def config_dir(env: "Mapping[str, str]" = os.environ) -> str:
    """Settings that a person writes."""
    return _folder("config", env)


def data_dir(env: "Mapping[str, str]" = os.environ) -> str:
    """Models and other things worth keeping."""
    return _folder("data", env)


def cache_dir(env: "Mapping[str, str]" = os.environ) -> str:
    """What may be deleted at any time."""
    return _folder("cache", env)


def state_dir(env: "Mapping[str, str]" = os.environ) -> str:
    """Records of runs, backups, trust."""
    return _folder("state", env)


def audit_log(env: "Mapping[str, str]" = os.environ) -> str:
    """The execution log, where ``tail -f ~/.local/share/llm-exec.log`` has always found it."""
    return f"{_base('data', env)}/llm-exec.log"


def make_private(folder: str) -> str:
    """Make ``folder`` readable by its owner only, parents included as needed; return it.

    One of this user's that others can look into, as an earlier version left it, is closed to them.
    """
    try:
        facts = os.lstat(folder)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:  # by another run, at this very moment
            return folder
        return folder
    is_own_folder = facts.st_mode & 0o170000 == 0o040000 and facts.st_uid == os.geteuid()  # S_IFDIR; no link elsewhere
    if is_own_folder and facts.st_mode & 0o077:
        os.chmod(folder, 0o700)
    return folder


_NAME_ONLY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC | os.O_NOFOLLOW


OTHERWISE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What ``open_exactly`` fails with where the path is not what it was."""


def open_exactly(path: str, folder: int = -1) -> int:
    """A descriptor that names ``path``, absolute or in the open ``folder``, no part of which is a link.

    Raises ``OSError``, also where a folder on the way has been exchanged for a link: whatever may write above it can do
    that between a look at the path and its use.
    """
    *above, name = path.strip("/").split("/")
    place = os.open("/", _NAME_ONLY) if folder < 0 else os.dup(folder)
    try:
        for part in above:
            below = os.open(part, _NAME_ONLY | os.O_DIRECTORY, dir_fd=place)
            os.close(place)
            place = below
        found = os.open(name or ".", _NAME_ONLY, dir_fd=place)
    finally:
        os.close(place)
    if os.fstat(found).st_mode & 0o170000 == 0o120000:  # S_IFLNK
        os.close(found)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return found


PRIVATE = 0o100600
"""The mode of a plain file that its owner alone may read and write."""


def open_private(file: str) -> tuple[int, tuple[int, int]]:
    """A file that nobody else can have written, open for reading, with its device and inode; -1 where it is none."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return -1, (0, 0)
    facts = os.fstat(descriptor)
    if facts.st_mode == PRIVATE and facts.st_uid == os.geteuid() and descriptor > 2:  # not in a closed stream's place
        return descriptor, (facts.st_dev, facts.st_ino)
    os.close(descriptor)
    return -1, (0, 0)


def read_private(file: str, largest: int) -> bytes:
    """The bytes of a small file that nobody else can have written, else nothing."""
    descriptor, _ = open_private(file)
    if descriptor < 0:
        return b""
    try:
        size = os.fstat(descriptor).st_size
        return os.read(descriptor, size) if size <= largest else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def write_private(file: str, data: bytes) -> bool:
    """Put ``data`` at ``file`` whole, for its owner alone; False where its folder is another user's, as under sudo.

    Raises ``OSError`` where it cannot be written.
    """
    folder = os.path.dirname(file)
    if not _is_own(folder):
        return False
    make_private(folder)
    fresh = f"{file}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as opened:
            os.fchmod(descriptor, 0o600)
            opened.write(data)
        os.replace(fresh, file)
    except OSError:
        os.unlink(fresh)
        raise
    return True


def _is_own(folder: str) -> bool:
    """Whether the folder, or where it would be made, is this user's."""
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return os.stat(folder).st_uid == os.geteuid()
