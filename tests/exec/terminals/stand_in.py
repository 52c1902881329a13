"""Stands in for a terminal that cannot be had here: it has the window, and everything but the screen.

Called by the name of the terminal's program, it refuses what that does not document, records its words as a line of
JSON in ``$STAND_IN_RECORD``, and runs the command at a terminal of 33 lines and 77 columns. Like the real ones it
returns at once where it only asks a running terminal, and else stays as long as its window.
"""

import fcntl
import json
import os
import pty
import struct
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
documented = __import__("documented")

ASKS = (("wezterm", "cli"), ("kitty", "@"))


def main():
    program, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
    with open(os.environ["STAND_IN_RECORD"], "a") as record:
        record.write(json.dumps([program, *arguments]) + "\n")
    if fails := os.environ.get("STAND_IN_FAILS"):
        sys.exit(f"a warning\n{program}: {fails}")
    try:
        command = documented.command_of(program, arguments)
    except documented.Undocumented as word:
        sys.exit(f"{program}: unexpected argument {word}")
    is_asked = (program, arguments[0]) in ASKS or program == "gnome-terminal"
    if is_asked:
        if os.fork():
            time.sleep(0.05)  # a real one tells the name when the window may be there already
            print(17, flush=True)
            return
        os.setsid()
        for descriptor in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    show(command)


def show(command):
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 33, 77, 0, 0))
        os.execvpe(command[0], command, os.environ | {"TERM": "xterm-256color", "TERM_PROGRAM": "stand-in"})
    try:
        while os.read(master, 65536):
            pass
    except OSError:  # EIO: the window's program has ended
        pass
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
