"""The file behind a path: links followed, and why it cannot be written if it cannot."""

import errno
import os
from pathlib import Path

from llmx.errors import ConfigError

STORES = {
    "/nix/store/": ("the Nix store", "change it where it is made, in your home-manager or NixOS configuration"),
    "/gnu/store/": ("the Guix store", "change it where it is made, in your Guix home configuration"),
}
LARGEST = 64 << 20
"""Bytes of a file that is read for an edit; no settings file comes near."""


def target(file: Path) -> Path:
    """The file that ``file`` leads to, links followed: that one is edited, and the links stay."""
    return Path(os.path.realpath(os.path.expanduser(file)))


def content(file: Path) -> bytes | None:
    """The bytes in ``file``, or ``None`` where there is no file."""
    try:
        if not file.is_file() and file.exists():
            raise ConfigError(f"{file} is not a file")
        if file.exists() and file.stat().st_size > LARGEST:
            raise ConfigError(f"{file} is larger than {LARGEST >> 20} MB, which no settings file is")
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unwritable(file, error) from None


def check_writable(named: Path, file: Path) -> None:
    """Raise where ``file``, which the user knows as ``named``, cannot be replaced, and say what to do instead."""
    shown = f"{named}" if named == file else f"{named} (a link to {file})"
    for prefix, (store, hint) in STORES.items():
        if f"{file}".startswith(prefix):
            raise ConfigError(f"{shown} lies in {store}, which is read-only", source=str(file), hint=hint)
    if file.exists() and not os.access(file, os.W_OK):
        raise ConfigError(f"{shown} is read-only", source=str(file), hint=_way_out(file))
    folder = next(parent for parent in file.parents if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(
            f"{shown} cannot be replaced: its folder {folder} is read-only",
            source=str(file),
            hint=_way_out(folder),
        )


def _way_out(place: Path) -> str:
    """What to type so that ``place`` can be written."""
    owner = os.stat(place).st_uid
    if owner == os.geteuid():
        return f"make it writable: chmod u+w '{place}'"
    return f"it belongs to user {owner}: ask them, or use sudo"


def unwritable(file: Path, error: OSError) -> ConfigError:
    """What a failed read or write means for the user."""
    hints = {
        errno.ENOSPC: "make room on the disk; nothing was changed",
        errno.EDQUOT: "your disk quota is used up; nothing was changed",
        errno.EBUSY: "it is mounted by itself, into a container perhaps; mount its folder instead. Nothing was changed",
        errno.EROFS: "the file system is mounted read-only",
        errno.EACCES: "check who owns it and its mode",
        errno.EPERM: "check who owns it and its mode",
        errno.ELOOP: "its links lead in a circle",
    }
    hint = hints.get(error.errno or 0, "nothing was changed")
    return ConfigError(f"{file}: {error.strerror}", source=str(file), hint=hint)
