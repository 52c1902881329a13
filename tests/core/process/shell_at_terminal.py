"""An interactive bash at a real pseudo-terminal: what is typed into it, and what appears on its screen."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

PATIENCE = 20.0
REPOSITORY = Path(__file__).resolve().parents[3]
TOOL = f"{sys.executable} {Path(__file__).with_name('at_own_terminal.py')}"


class Shell:
    """Bash; ``seen`` is what it and its programs have written and nobody has waited for yet."""

    def __init__(self, folder):
        self.ours, theirs = os.openpty()
        self.folder = folder
        self.seen = b""
        self.resize(24, 80)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"}
        environment |= {"PYTHONPATH": str(REPOSITORY), "PS1": "$ ", "HISTFILE": ""}

        def sit_down():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            for number in (signal.SIGINT, signal.SIGQUIT):  # a session in the background has them ignored
                signal.signal(number, signal.SIG_DFL)

        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            cwd=folder,
            preexec_fn=sit_down,  # noqa: PLW1509  # it has no threads
        )
        os.close(theirs)
        self.type("bind 'set enable-bracketed-paste off'; echo SET''TLED\n")
        self.wait_for(rb"SETTLED\r\n\$ ")

    def type(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            _, ready, _ = select.select([], [self.ours], [], PATIENCE)
            assert ready, "the terminal takes no more keys"
            data = data[os.write(self.ours, data[:1024]) :]
            self.look()

    def look(self, timeout=0.0):
        """Take what is on the screen now; whether there was anything."""
        ready, _, _ = select.select([self.ours], [], [], timeout)
        if ready:
            self.seen += os.read(self.ours, 65536)
        return bool(ready)

    def wait_for(self, pattern):
        """Read until ``pattern`` is there; forget everything up to its end and return the match."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} did not appear in {self.seen[-2000:]!r}"
            self.look(left)
        self.seen = self.seen[found.end() :]
        return found

    def await_end(self, pid):
        """Read what is written until a child of the shell has ended, and the shell knows."""
        deadline = time.monotonic() + PATIENCE
        while os.path.exists(f"/proc/{pid}"):
            assert time.monotonic() < deadline, f"{pid} goes on; {self.seen[-2000:]!r}"
            self.look(0.02)

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def modes(self):
        return termios.tcgetattr(self.ours)

    def close(self):
        os.close(self.ours)
        self.process.wait(PATIENCE)
