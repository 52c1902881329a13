"""llm-exec as a real process, in a folder and with a HOME of its own, as the session's user or as an ordinary one."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import jsonschema
import pytest

from tests.exec import packed

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMA_FILE = REPOSITORY / "llmx/data/exec-result.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
NASTY = REPOSITORY / "tests/exec/nasty"
LLM_EXEC = [sys.executable, "-m", "llmx", "exec"]
MARK = "NASTY_TREE_MARK"
SETPRIV = "/usr/bin/setpriv"
PATIENCE = 20.0  # seconds; far above what anything here takes, far below the 60 s that what must be ended would run


class Ran:
    """How one llm-exec ended: its exit code and what it wrote."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def result(self):
        """The one JSON object on stdout, checked against the schema."""
        assert self.out.endswith(b"\n"), (self.out, self.err)
        assert self.out.count(b"\n") == 1, self.out
        return checked(self.out)

    def __repr__(self):
        return f"Ran(code={self.code}, out={self.out[:2000]!r}, err={self.err[:2000]!r})"


def checked(text):
    """The result object in ``text``, which must keep to the schema."""
    result = json.loads(text)
    VALIDATOR.validate(result)
    return result


class Place:
    """A private folder (also HOME) in which llm-exec is run by the user ``uid``; what it starts carries a mark."""

    schema = SCHEMA
    tool = (*LLM_EXEC, "--no-sandbox")
    """Most tests are about what llm-exec does by itself; those of the sandbox set ``LLM_EXEC`` here."""

    def __init__(self, folder, uid):
        self.folder = folder
        self.uid = uid
        self.mark = uuid.uuid4().hex
        self.processes = []
        self.log = folder / ".local/share/llm-exec.log"
        kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        self.env = kept | {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
            MARK: self.mark,
        }

    def start(self, *words, program=None, env=None, cwd=None, before=None, **options):
        """llm-exec with ``words`` (or ``program``), running; its streams are pipes unless ``options`` say otherwise."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = list(program or [*self.tool, *words])
        if os.getuid() != self.uid and before:
            options |= {"user": self.uid, "group": self.uid, "extra_groups": []}
        elif os.getuid() != self.uid:  # what Popen itself would do, which copies the tables of all our memory: 13 ms
            command = [SETPRIV, f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--", *command]
        process = subprocess.Popen(
            command,
            **{"start_new_session": True, "preexec_fn": before, **streams, **options},
            env=self.env | (env or {}),
            cwd=cwd or self.folder,
        )
        self.processes.append(process)
        return process

    def run(self, *words, input=None, patience=PATIENCE, **options):
        """Run llm-exec to its end."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        return self.finish(self.start(*words, **options), input, patience)

    def finish(self, process, input=None, patience=PATIENCE):
        """Wait for the end of what ``start`` has started."""
        out, err = process.communicate(input, timeout=patience)
        return Ran(process.returncode, out or b"", err or b"")

    def result(self, name):
        """The result object in a file of the folder."""
        return checked((self.folder / name).read_text())

    def survivors(self):
        """Pid and command line of every living process that carries the mark."""
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes()
        return found

    def close(self):
        """End what is left, remove the folder; what was left, as ``survivors`` tells it."""
        for process in self.processes:
            process.kill()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
            process.wait()
        left = self.survivors()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    def write(self, name, text, mode=0o644):
        """A file in the folder, belonging to the place's user."""
        file = self.folder / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)
        if os.getuid() != self.uid:
            os.chown(file, self.uid, self.uid)
        return file

    def audit(self):
        """The execution log's lines, each of which must be whole."""
        text = self.log.read_text()
        assert text.endswith("\n")
        return [json.loads(line) for line in text[:-1].split("\n")]


@contextlib.contextmanager
def places():
    """Make places for a user id; at the end nothing that was started in them may be left.

    As root in the folder ``homes``, if any is given: no temporary folder hides that.
    """
    made = []

    def make(uid, homes=None):
        apart = homes and os.getuid() == 0
        folder = Path(tempfile.mkdtemp(prefix="home-" if apart else "x", dir=homes if apart else "/tmp"))
        os.chown(folder, uid, uid if uid != os.getuid() else os.getgid())
        packed.give(folder, uid)
        made.append(Place(folder, uid))
        return made[-1]

    yield make
    left: dict[int, bytes] = {}
    for place in made:
        left |= place.close()
    assert not left, "left running"


@pytest.fixture
def make_place():
    """Make places for a user id."""
    with places() as make:
        yield make


@pytest.fixture(scope="module")
def module_place():
    """One place for all tests of a module, which leave it as it is."""
    with places() as make:
        yield make(os.getuid())


@pytest.fixture
def place(make_place):
    """A place of the user who runs the tests."""
    return make_place(os.getuid())


@pytest.fixture
def ordinary_place(make_place, ordinary_user):
    """A place of a user who is not root."""
    return make_place(ordinary_user.pw_uid)


@pytest.fixture(params=["root", "ordinary"] if os.getuid() == 0 else ["ordinary"])
def either_place(request, make_place, ordinary_user):
    """Once as root, where the tests run as root, and once as an ordinary user."""
    return make_place(0 if request.param == "root" else ordinary_user.pw_uid)


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


@pytest.fixture(scope="session", name="checked")
def checked_fixture():
    """Read a result object; it must keep to the schema."""
    return checked


@pytest.fixture
def nasty():
    """The words that run one of the programs in ``nasty/``."""

    def words(name, *arguments):
        return [sys.executable, "-S", "-E", str(NASTY / f"{name}.py"), *map(str, arguments)]

    return words
