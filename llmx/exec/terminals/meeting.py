"""Where llm-exec waits for whoever sits in the window: a private folder with a socket, and a word to prove it by."""

import contextlib
import json
import os
import secrets
import socket
import stat
import struct
import tempfile
import time
from collections.abc import Mapping
from typing import NamedTuple

from llmx.paths import make_private, state_dir

PREFIX = "llm-exec-window-"
SOCKET, WORD = "socket", "word"
LONGEST = 1 << 16  # bytes of the first message
LONGEST_PATH = 70  # bytes of the folder above: a socket's path has at most 103 on a Mac
OLD = 600.0  # seconds after which what a killed llm-exec has left is removed by the next
_PATIENCE = 2.0  # seconds in which who has come says who it is


class Guest(NamedTuple):
    """Who sits in the window: the connection, the window's terminal (-1 for none), the variables that describe it."""

    line: socket.socket
    terminal: int
    env: dict[str, str]


class Meeting:
    """The folder and its socket; ``close`` removes both.

    A folder that only its user may enter keeps other users out. A command in a weaker sandbox can connect to a socket
    it finds, but cannot read the word beside it. The word serves once.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._word = secrets.token_hex(16)
        above = _private_folder(env)
        _sweep(above)
        self.folder = tempfile.mkdtemp(prefix=PREFIX, dir=above)
        try:
            with open(f"{self.folder}/{WORD}", "x", opener=_for_owner) as file:
                file.write(self._word)
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.listener.bind(f"{self.folder}/{SOCKET}")
            self.listener.listen(4)
            self.listener.setblocking(False)
        except BaseException:
            remove(self.folder)
            raise

    def admit(self) -> Guest | None:
        """Whoever has just connected, if it is the one we wait for."""
        try:
            line, _ = self.listener.accept()
        except BlockingIOError:
            return None
        line.settimeout(_PATIENCE)
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            if _user_of(line) in (None, os.geteuid()) and (guest := self._introduced(line)):
                return guest
        line.close()
        return None

    def _introduced(self, line: socket.socket) -> Guest | None:
        data, descriptors, _, _ = socket.recv_fds(line, LONGEST, 4)
        try:
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            while data and not data.endswith(b"\n") and len(data) < LONGEST:
                more = line.recv(LONGEST)
                data += more or b"\n"
            said = json.loads(data)
            if not secrets.compare_digest(str(said["word"]).encode(), self._word.encode()):
                return None
            env = {str(name): str(value) for name, value in dict(said["env"]).items()}
            is_terminal = len(descriptors) == 1 and os.isatty(descriptors[0])
            return Guest(line, descriptors.pop() if is_terminal else -1, env)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def close(self) -> None:
        """Nobody else can come."""
        self.listener.close()
        remove(self.folder)


def remove(folder: str) -> None:
    """Remove a meeting's folder, whatever of it is there."""
    for name in (SOCKET, WORD):
        with contextlib.suppress(OSError):
            os.unlink(f"{folder}/{name}")
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def _private_folder(env: Mapping[str, str]) -> str:
    """Where the folder is made: among what is the user's own, which no sandbox shows, if the path is short enough."""
    own = env.get("XDG_RUNTIME_DIR", "")
    with contextlib.suppress(OSError):
        if own.startswith("/") and _is_short(own) and _is_private(own):
            return own
    state = state_dir(env)
    with contextlib.suppress(OSError):
        if _is_short(state) and _is_private(make_private(state)):
            return state
    return "/tmp"


def _is_short(folder: str) -> bool:
    return len(os.fsencode(folder)) < LONGEST_PATH


def _is_private(folder: str) -> bool:
    facts = os.stat(folder)
    return facts.st_uid == os.geteuid() and not stat.S_IMODE(facts.st_mode) & 0o077


def _sweep(above: str) -> None:
    """Remove what an llm-exec left that was killed while it waited."""
    with contextlib.suppress(OSError), os.scandir(above) as found:
        for entry in found:
            if entry.name.startswith(PREFIX):
                facts = entry.stat(follow_symlinks=False)
                is_ours = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
                if is_ours and time.time() - facts.st_mtime > OLD:
                    remove(entry.path)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _user_of(line: socket.socket) -> int | None:
    """Whose process is at the other end; None where the system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    _, user, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(user)
