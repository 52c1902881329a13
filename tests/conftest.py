"""What every test stands on: a HOME of its own, no settings from outside, and an ordinary user to run things as."""

import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("llmx", deadline=None)  # a busy machine is no wrong answer
hypothesis.settings.load_profile("llmx")

IN_THE_OPEN = ("/srv" if os.getuid() == 0 else tempfile.gettempdir()) + "/llmx-tests-{}-"
"""Folders that no sandbox hides, by the process that has started the tests. A command that starts elsewhere at this
moment may have seen what is in them, so they stay until all tests are over."""

for number in (signal.SIGINT, signal.SIGQUIT):  # a shell has its background jobs ignore them, and those what they start
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

OUTSIDE = ("XDG_", "LLMX_", "LLM_", "AUTOBOT_")


@pytest.fixture(scope="session")
def new_home(tmp_path_factory):
    """Make one empty folder after the other; pytest's own way looks at all there are, thousands, for each."""
    homes = tmp_path_factory.mktemp("homes")
    names = map(str, itertools.count())

    def make():
        folder = homes / next(names)
        folder.mkdir(0o700)
        return folder

    return make


@pytest.fixture(autouse=True)
def home(new_home, monkeypatch):
    """A temporary HOME, and nothing of the caller's settings in the environment."""
    folder = new_home()
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


def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        pattern = Path(IN_THE_OPEN.format(os.getpid()))
        for folder in pattern.parent.glob(f"{pattern.name}*"):
            shutil.rmtree(folder, ignore_errors=True)


def folder_in_the_open():
    """A folder that no sandbox hides, removed when all tests are over."""
    starter = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    prefix = Path(IN_THE_OPEN.format(starter))
    folder = Path(tempfile.mkdtemp(prefix=prefix.name, dir=prefix.parent))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def in_the_open():
    """A folder that no sandbox hides."""
    return folder_in_the_open()
