"""Where the model host is reached: a socket in a folder that only its user may enter."""

import os
import stat
import tempfile
from collections.abc import Mapping
from hashlib import sha256

from llmx import paths
from llmx.core.settings.sources import shown
from llmx.errors import PolicyError

LONGEST_LINE = 64 << 20
LONGEST_PATH = 100
"""Bytes of a socket's path; the kernel takes 107, macOS 103."""


def folder_of(env: Mapping[str, str] = os.environ) -> str:
    """The folder, made where it is not there; raises ``PolicyError`` where it is not this user's alone."""
    folder = f"{paths.state_dir(env)}/host"
    if len(folder) > LONGEST_PATH - len("/socket"):
        own = sha256(folder.encode()).hexdigest()[:12]
        folder = f"{tempfile.gettempdir()}/llmx-{os.getuid()}-{own}"
    paths.make_private(folder)
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PolicyError(f"{shown(folder)} is not yours alone", hint="remove it: llmx makes it anew")
    return folder


def socket_of(env: Mapping[str, str] = os.environ) -> str:
    """The socket's path."""
    return f"{folder_of(env)}/socket"


def lock_of(env: Mapping[str, str] = os.environ) -> str:
    """The file that the one host holds locked."""
    return f"{folder_of(env)}/lock"


def log_of(env: Mapping[str, str] = os.environ) -> str:
    """What the host itself prints when it fails."""
    return f"{folder_of(env)}/log"
