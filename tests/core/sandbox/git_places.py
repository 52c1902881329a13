"""A real repository with a hook and settings of the user's, and what a run in it changed."""

import os
import subprocess
import time
from pathlib import Path

from llmx.core.sandbox.sensitive import CLOCK_OF_FILES, Sensitive

HOOK = b"#!/bin/sh\nexit 0\n"
IDENTITY = ("-c", "user.name=N", "-c", "user.email=n@example.org", "-c", "protocol.file.allow=always")


class Project:
    """``root``: a repository with one commit; ``run`` does things between the two looks and gives the report."""

    def __init__(self, root):
        self.root = Path(root)
        self.git_dirs = []
        self.root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.write("AGENTS.md", "be kind\n")
        self.commit("first")
        self.write(".git/hooks/pre-push", HOOK, 0o755)
        self.git("config", "alias.st", "status")

    def git(self, *words, cwd=None):
        done = subprocess.run(
            ["git", *IDENTITY, *words], cwd=cwd or self.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def write(self, name, text, mode=0o644):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)
        return file

    def read(self, name):
        return (self.root / name).read_bytes()

    def look(self, **options):
        now = time.time_ns()  # files may have this clock's time, which is ahead of the other's
        while time.clock_gettime_ns(CLOCK_OF_FILES) <= now:  # so that what a test has just made is older than the run
            os.sched_yield()
        return Sensitive(str(self.root), self.git_dirs, **options)

    def run(self, *actions, **options):
        """The report about ``actions``: functions, or words for git."""
        sensitive = self.look(**options)
        for action in actions:
            if callable(action):
                action()
            else:
                self.git(*action.split())
        return sensitive.compare()

    def state(self):
        """Everything in the git folder that runs programs."""
        hooks = {file.name: (file.read_bytes(), file.stat().st_mode) for file in (self.root / ".git/hooks").iterdir()}
        return {name: one for name, one in hooks.items() if not name.endswith(".sample")}, self.read(".git/config")


def changes(report):
    """Path -> what is said about it."""
    return {entry["path"]: entry["change"] + (" put back" if entry.get("put_back") else "") for entry in report.changed}


def kept(report, path):
    """The bytes of what was taken away from ``path``."""
    (entry,) = [entry for entry in report.changed if entry["path"] == path]
    assert os.path.dirname(entry["kept"]).startswith(os.environ["HOME"])
    return Path(entry["kept"]).read_bytes()
