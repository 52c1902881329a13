"""Functions that ``test_bounded.py`` has called in a process of its own."""

import ctypes
import os
import socket


def echo(request, data):
    """What was asked, and what the input holds."""
    return [request, data.read().decode()]


def eat(_request, _data):
    """More memory than there may be."""
    return len(bytearray(8 << 30))


def spin(_request, _data):
    """No end."""
    while True:
        pass


def crash(_request, _data):
    """What a faulty library does."""
    ctypes.string_at(0)


def talk(request, _data):
    """A long answer, and noise on stdout."""
    print("noise")
    return "x" * request


def reach(request, _data):
    """Try everything that only an attacker would; what was reached."""
    secret, port = request
    ways = {
        "read": lambda: os.open(secret, os.O_RDONLY),
        "list": lambda: os.listdir(os.path.dirname(secret)),
        "write": lambda: os.open(f"{secret}.new", os.O_WRONLY | os.O_CREAT),
        "remove": lambda: os.unlink(secret),
        "execute": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "connect": lambda: socket.create_connection(("127.0.0.1", port), timeout=5),
    }
    return [name for name, way in ways.items() if _succeeds(way)] + sorted(set(os.environ) & {"OPENAI_API_KEY", "HOME"})


def _succeeds(way):
    try:
        way()
    except OSError:
        return False
    return True
