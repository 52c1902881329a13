"""Whether windows can appear here at all: agents often run without a screen, or with the name of one that is gone."""

import os
import socket
import sys
from collections.abc import Mapping

PATIENCE = 1.0  # seconds in which a display must answer
X_PORT = 6000


def has_display(env: Mapping[str, str]) -> bool:
    """Whether there is a screen that answers: of X or Wayland, or a Mac's own."""
    return is_at_mac(env) or _has_wayland(env) or _has_x(env.get("DISPLAY", ""))


def is_at_mac(env: Mapping[str, str]) -> bool:
    """Whether this is a Mac that one sits at, and not a login from elsewhere."""
    return sys.platform == "darwin" and not env.get("SSH_CONNECTION")


def _has_wayland(env: Mapping[str, str]) -> bool:
    name = env.get("WAYLAND_DISPLAY", "")
    return bool(name) and _answers(socket.AF_UNIX, os.path.join(env.get("XDG_RUNTIME_DIR", ""), name))


def _has_x(name: str) -> bool:
    """``:0``, ``unix:0.1``, ``host:10.0``, or a socket's path, as macOS has it."""
    if name.startswith("/"):
        return _answers(socket.AF_UNIX, name) or _answers(socket.AF_UNIX, name.rpartition(".")[0])
    host, _, rest = name.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isascii() or not number.isdigit():
        return False
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        return _answers(socket.AF_UNIX, path) or (sys.platform == "linux" and _answers(socket.AF_UNIX, f"\0{path}"))
    return _answers(socket.AF_INET, (host, X_PORT + int(number)))


def _answers(family: int, address: str | tuple[str, int]) -> bool:
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, PATIENCE).close()
            return True
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(PATIENCE)
            probe.connect(address)
    except (OSError, ValueError, OverflowError):  # too long a path, a null byte, no such port
        return False
    return True
