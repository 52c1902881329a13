"""What every test stands on: a HOME of its own, no settings from outside, and an ordinary user to run things as."""

import fcntl
import os
import pwd
import subprocess
import tempfile
from pathlib import Path

import pytest

OUTSIDE = ("XDG_", "LLMX_", "LLM_", "AUTOBOT_")


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A temporary HOME, and nothing of the caller's settings in the environment."""
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(OUTSIDE):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def ordinary_user():
    """The passwd entry of a user who is not root: made once where the tests run as root, else whoever runs them."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    name = "llmx-tests"
    with open(Path(tempfile.gettempdir()) / f"{name}.lock", "w") as lock:  # the suite runs in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return pwd.getpwnam(name)
        except KeyError:
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
            return pwd.getpwnam(name)
