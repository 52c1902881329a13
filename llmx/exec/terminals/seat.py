"""What sits in the window: it hands the window's terminal to the waiting llm-exec and stays until the run is over.

The terminal starts this file alone, ``python -I seat.py FOLDER``, so nothing of llmx is imported here. It never runs
anything. Where it reaches no one, the folder is what a killed llm-exec has left, and is removed.
"""

import contextlib
import json
import os
import select
import signal
import socket
import stat
import sys
import termios

DESCRIBING = (
    *("TERM", "TERMINFO", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "WINDOWID", "TMUX_PANE"),
    *("WEZTERM_PANE", "KITTY_WINDOW_ID", "VTE_VERSION"),
)
"""Variables that say what this terminal is and can do."""

_PLAIN = b"\x1b[?1049l\x1b[?25h\x1b[0m\r\n"
"""After a program that has not ended by itself: its full screen is left, the cursor is seen, colors are off."""


def main(folder: str) -> int:
    """Sit in the window; the exit code is of no use to anyone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        require_own(folder)
        line = arrive(folder)
    except OSError as error:
        print(f"llm-exec: nobody waits for this window any more: {error}", file=sys.stderr)
        leave_nothing(folder)
        return 1
    if not os.isatty(0):
        return 1
    modes = termios.tcgetattr(0)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGWINCH, lambda *_: None)
    try:
        said = sit(line, reader)
    finally:
        with contextlib.suppress(termios.error):  # closed
            termios.tcsetattr(0, termios.TCSANOW, modes)
    return say_goodbye(said)


def require_own(folder: str) -> None:
    """Leave at once where another user could have put the socket."""
    facts = os.lstat(folder)
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        sys.exit(f"llm-exec: {folder} is not this user's own")


def arrive(folder: str) -> socket.socket:
    """Connect to the llm-exec that waits in ``folder``, and hand it the terminal, if this is one."""
    with open(f"{folder}/word") as file:
        word = file.read()
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.connect(f"{folder}/socket")
    env = {name: os.environ[name] for name in DESCRIBING if name in os.environ}
    socket.send_fds(line, [json.dumps({"word": word, "env": env}).encode() + b"\n"], [0] if os.isatty(0) else [])
    return line


def sit(line: socket.socket, resized: int) -> bytes:
    """Tell of every new size until llm-exec has said its last word; return that, b"" when it just went away."""
    poller = select.poll()
    poller.register(line, select.POLLIN)
    poller.register(resized, select.POLLIN)
    said = b""
    while True:
        ready = [descriptor for descriptor, _ in poller.poll()]
        if resized in ready:
            os.read(resized, 512)
            with contextlib.suppress(OSError):
                line.send(b"s")
        if line.fileno() in ready:
            try:
                more = line.recv(65536)
            except OSError:
                more = b""
            if not more:
                return said
            said += more


def say_goodbye(said: bytes) -> int:
    """Show how it ended, and keep the window until Enter where that is asked for."""
    try:
        last = json.loads(said)
    except ValueError:
        return 1
    if last.get("hold"):
        text = "".join([f"{line}\r\n" for line in last["lines"]])
        with contextlib.suppress(OSError, termios.error):  # closed
            termios.tcflush(0, termios.TCIFLUSH)  # what was typed for the command
            os.write(1, (_PLAIN if last["is_cut"] else b"") + text.encode(errors="replace"))
            os.read(0, 1024)
    return 0


def leave_nothing(folder: str) -> None:
    """Remove the folder of a meeting that nobody came to."""
    for remove, path in ((os.unlink, f"{folder}/socket"), (os.unlink, f"{folder}/word"), (os.rmdir, folder)):
        with contextlib.suppress(OSError):
            remove(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
