"""Processes outside, of the same user, that the attempts aim at."""

import json
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).with_name("victim.py")


class Victim:
    """One of them: its working directory is ~/.ssh, and its memory, environment and command line hold the secret."""

    def __init__(self, place, python, secret):
        program = [python, "-B", "-S", "-E", "-c", PROGRAM.read_text(), secret]
        self.process = place.start(
            program=program, cwd=place.folder / ".ssh", env={"VICTIM_SECRET": secret}, stdin=subprocess.PIPE
        )
        self.pid = self.process.pid
        told = json.loads(self.process.stdout.readline())
        self.addresses, self.length = told["addresses"], told["length"]

    def memory(self):
        """What its memory holds, as it tells it itself."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def state(self):
        """The kernel's letter for its state: R, S, T for stopped, Z for dead."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def end(self):
        self.process.kill()
        self.process.wait()
