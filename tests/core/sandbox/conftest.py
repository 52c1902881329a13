"""A project in the home folder of an ordinary user, and real commands run in it under a plan."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
DRIVER = Path(__file__).with_name("driver.py")
PATIENCE = 30.0  # seconds; far above what anything here takes


class Boxed:
    """How a command under a plan ended: its exit code, what it wrote, and the driver's answer."""

    def __init__(self, code, out, err, answer):
        self.code = code
        self.out = out
        self.err = err
        self.answer = answer

    def __repr__(self):
        return f"Boxed({self.code}, out={self.out!r}, err={self.err!r}, answer={self.answer!r})"


class Project:
    """A folder with ``home`` and in it ``code/project``, of the user ``uid``."""

    def __init__(self, folder, uid):
        self.folder = folder
        self.uid = uid
        self.home = folder / "home"
        self.work = self.home / "code/project"
        kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        self.env = kept | {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
        }
        self.make("home/code/project/file", "here\n")

    def make(self, name, text="", mode=0o644):
        """A file below the folder, with the folders it takes."""
        file = self.folder / name
        missing = [parent for parent in file.parents if not parent.exists()]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        for path in (file, *missing):
            os.chown(path, self.uid, self.uid)
        return file

    def _identity(self):
        return {"user": self.uid, "group": self.uid, "extra_groups": []} if os.getuid() != self.uid else {}

    def outside(self, *words, cwd=None):
        """Run a command as the user, without any sandbox."""
        done = subprocess.run(
            words, cwd=cwd or self.work, env=self.env, capture_output=True, text=True, check=True, **self._identity()
        )
        return done.stdout

    def start(self, *words, cwd=None, env=None, **options):
        """The driver, running ``words`` under the plan that ``options`` ask for."""
        asked = json.dumps({**options, "result": str(self.folder / "answer")})
        self.folder.chmod(0o777)
        return subprocess.Popen(
            [sys.executable, str(DRIVER), str(cwd or self.work), asked, "--", *map(str, words)],
            cwd=self.folder,
            env=self.env | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self._identity(),
        )

    def run(self, *words, **options):
        """Run it to its end."""
        process = self.start(*words, **options)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        answer = self.folder / "answer"
        told = json.loads(answer.read_text()) if answer.exists() else {}
        answer.unlink(missing_ok=True)
        return Boxed(process.returncode, out, err, told)

    def shell(self, script, **options):
        """Run a shell script."""
        return self.run("sh", "-c", script, **options)


@contextlib.contextmanager
def projects():
    """Make projects for a user id, and take them away."""
    made = []

    def make(uid):
        folder = Path(tempfile.mkdtemp(prefix="box", dir="/tmp"))
        os.chown(folder, uid, uid if uid != os.getuid() else os.getgid())
        made.append(folder)
        return Project(folder, uid)

    yield make
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture
def project(ordinary_user):
    """A project of an ordinary user."""
    with projects() as make:
        yield make(ordinary_user.pw_uid)


@pytest.fixture(params=["root", "ordinary"] if os.getuid() == 0 else ["ordinary"])
def either_project(request, ordinary_user):
    """Once as root, where the tests run as root, and once as an ordinary user."""
    with projects() as make:
        yield make(0 if request.param == "root" else ordinary_user.pw_uid)


@pytest.fixture
def until():
    """Poll a condition; its first true value, or a failure after ``PATIENCE``."""

    def wait(condition, what="the condition"):
        deadline = time.monotonic() + PATIENCE
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what} did not come true"
            time.sleep(0.005)
        return value

    return wait
