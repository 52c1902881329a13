"""What the attempts aim at, outside the sandbox, and what can be seen of it afterwards."""

import contextlib
import functools
import marshal
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from llmx.core.packing import bare_code
from llmx.core.plugins import HEADER
from tests.conftest import folder_in_the_open
from tests.exec.escapes.victims import Victim

REPOSITORY = Path(__file__).resolve().parents[3]
PYTHON = os.path.realpath(sys.executable)
LLM_EXEC = [sys.executable, "-m", "llmx", "exec"]
AM_ROOT = os.getuid() == 0
TRIAL = """import sys
from tests.exec.escapes.attempts.inside import main
main(sys.argv[1], sys.argv[2], sys.argv[3:])
"""


def _cached(file):
    """What a cache file says; of the pack of modules, to which every run may add, whether all of it is llmx's own."""
    data = file.read_bytes()
    if not file.name.startswith("modules-"):
        return data
    start = len(HEADER)
    if not data.startswith(HEADER):
        return data
    index, _ = marshal.loads(data[int.from_bytes(data[start : start + 8], "big") :])
    foreign = [
        name
        for name, (source, _, _, _, _, at, size, which) in index.items()
        if marshal.loads(data[at : at + size])[which] != _compiled(source)
    ]
    return foreign or b"own"


_compiled = functools.cache(bare_code)


class Scene:
    """A HOME with a project ``work`` in it and a sibling, and a folder ``elsewhere``, all of one ordinary user."""

    repository = REPOSITORY

    def __init__(self, place):
        self.place = place
        self.token = secrets.token_hex(16)
        self.secret = f"word-{secrets.token_hex(12)}"
        self.env: dict[str, str] = {}
        self.listeners: dict[str, socket.socket] = {}
        self.pipes: dict[str, int] = {}
        self.victims: dict[str, Victim] = {}
        self.descriptors: list[int] = []
        self._arrived: dict[str, bytes] = {}
        self.home = place.folder
        self.work = self.give(self.home / "work", folder=True)
        self.outside = self.give(self.home / "outside", folder=True)
        self.elsewhere = self.give(Path(folder_in_the_open()), folder=True)
        self.run_folder = self._make_run_folder()
        self.address = _own_address()
        self.at: dict[str, Any] = {
            "home": str(self.home),
            "work": str(self.work),
            "outside": str(self.outside),
            "elsewhere": str(self.elsewhere),
            "token": self.token,
            "tester": os.getpid(),
            "ports": {},
        }

    def give(self, path, *, folder=False):
        """Make ``path`` the user's, with every folder above it that is missing."""
        missing = [path] if folder else []
        parents = [parent for parent in path.parents if not parent.exists()]
        for each in [*reversed(parents), *missing]:
            each.mkdir(exist_ok=True)
        for each in [*parents, path]:
            os.chown(each, self.place.uid, self.place.uid if AM_ROOT else -1, follow_symlinks=False)
        return path

    def give_text(self, path, text, mode=0o644):
        """A file of the user's."""
        parents = [parent for parent in path.parents if not parent.exists()]
        for parent in reversed(parents):
            self.give(parent, folder=True)
        path.write_text(text)
        path.chmod(mode)
        return self.give(path)

    def run_as_user(self, *words, cwd=None, **env):
        """Run a program outside, as the user; its output."""
        process = self.place.start(program=list(map(str, words)), cwd=cwd or self.work, env=env)
        ran = self.place.finish(process)
        assert ran.code == 0, ran
        return ran.out.decode()

    def make_repository(self, folder=None):
        """A git repository with one commit."""
        folder = folder or self.work
        script = "git init -q -b main . && git add -A && git commit -q --allow-empty -m first"
        who = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        self.run_as_user("sh", "-c", script, cwd=folder, **who)

    def start_victim(self, name):
        """A process of the same user; the attempts know its pid as ``at.NAME``."""
        if not (self.home / ".ssh/id_ed25519").exists():
            self.give_text(self.home / ".ssh/id_ed25519", self.secret, mode=0o600)
        victim = self.victims[name] = Victim(self.place, PYTHON, self.secret)
        self.at[name] = victim.pid
        if name == "victim":
            self.at |= {"addresses": victim.addresses, "length": victim.length}

    def start_tmux(self):
        """A server of the user's terminal multiplexer, with a socket in HOME."""
        self._tmux = ("tmux", "-S", self.home / "tmux.sock")
        waiting = (PYTHON, "-S", "-c", "input()", f"tmux-{self.token}")
        self.run_as_user(*self._tmux, "-f", os.devnull, "new-session", "-d", *waiting, TERM="xterm")

    def make_setuid_helper(self):
        """A program that says whom it runs as, and runs as root."""
        helper = self.elsewhere / "helper"
        shutil.copy("/usr/bin/id", helper)
        helper.chmod(0o4755 if AM_ROOT else 0o755)
        self.at["helper"] = str(helper)

    def make_caches(self):
        """Whatever llm-exec keeps for its next run, made by a first one."""
        self.place.run("--", "true", cwd=self.work)
        self.place.run(program=[*LLM_EXEC, "--", "true"], cwd=self.work)
        self._caches = self._read_caches()
        self._log = self.place.log.read_bytes()

    def _read_caches(self):
        files = (self.home / ".cache/llmx").rglob("*")
        kept = (self.home / ".cache/llmx/sandbox").as_posix()
        return {file: _cached(file) for file in files if file.is_file() and not file.as_posix().startswith(kept)}

    def inherit(self, **descriptors):
        """Open descriptors that llm-exec gets, and the attempts know as ``at.NAME``."""
        self.descriptors += descriptors.values()
        self.at |= descriptors

    def listen(self, name, family, kind, address):
        """Somebody to hear ``name``; nothing is taken up before it is asked for."""
        one = self.listeners[name] = socket.socket(family, kind)
        one.setblocking(False)
        one.bind(address)
        if kind == socket.SOCK_STREAM:
            one.listen()
        if family == socket.AF_UNIX and address[0] != "\0":
            os.chmod(address, 0o777)
            if AM_ROOT:
                os.chown(address, self.place.uid, self.place.uid)
        elif family != socket.AF_UNIX:
            self.at["ports"][name] = one.getsockname()[1]

    # what is seen afterwards

    def path(self, name):
        """A path by the scene's names: ``home/x``, ``work/x``, ``outside/x``, ``elsewhere/x``."""
        first, _, rest = name.partition("/")
        return {"home": self.home, "work": self.work, "outside": self.outside, "elsewhere": self.elsewhere}[
            first
        ] / rest

    def heard(self, name):
        """Whether the token has arrived at a listener."""
        if name not in self._arrived:
            self._arrived[name] = b"".join(_received(self.listeners[name]))
        return self.token.encode() in self._arrived[name]

    def drained(self, name):
        """The same of a pipe."""
        os.set_blocking(self.pipes[name], False)
        with contextlib.suppress(BlockingIOError):
            return self.token.encode() in os.read(self.pipes[name], 1000)

    def port(self, name):
        return str(self.at["ports"][name])

    def pid(self, name):
        return self.victims[name].pid

    def memory(self, cell):
        return self.victims["victim"].memory()[cell]

    def is_alive(self, name):
        return self.victims[name].state() not in "TtZX"

    def finds(self, word):
        """The living processes that have ``word`` on their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return found

    def log_is_lost(self):
        """Whether the execution log lacks a line that it had."""
        return not self.place.log.exists() or not self.place.log.read_bytes().startswith(self._log)

    def caches_differ(self):
        """Whether one that was there is gone or holds something else; a first run at another level adds its own."""
        now = self._read_caches()
        return any(now.get(file) != text for file, text in self._caches.items())

    def _make_run_folder(self):
        parent = "/run" if AM_ROOT else os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())
        return self.give(Path(tempfile.mkdtemp(prefix="llmx-run-", dir=parent)), folder=True)

    def lay_out(self, group):
        """Put the attempts into the work tree; the words that try them, but for their names."""
        trial = self.give(self.work / ".trial", folder=True)
        copied = trial / "tests/exec/escapes/attempts"
        shutil.copytree(Path(__file__).parent / "attempts", copied, ignore=shutil.ignore_patterns("__pycache__"))
        (trial / "try.py").write_text(TRIAL)
        (trial / "scene.json").write_text("{}")
        for path in (trial, *trial.rglob("*")):
            self.give(path)
        return [PYTHON, "-B", "-S", "-E", str(trial / "try.py"), group, str(trial / "scene.json")]

    def close(self):
        """End and remove what was made outside the place's folder; ``elsewhere`` stays, as others may have seen it."""
        if hasattr(self, "_tmux"):
            self.run_as_user(*self._tmux, "kill-server")
            wait_until(lambda: not self.finds(f"tmux-{self.token}"))
        for victim in self.victims.values():
            victim.end()
        for pid in self.finds(f"daemon-{self.token}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.finds(f"daemon-{self.token}"))
        for one in self.listeners.values():
            one.close()
        for descriptor in (*self.descriptors, *self.pipes.values()):
            os.close(descriptor)
        shutil.rmtree(self.run_folder, ignore_errors=True)
        for folder in ("/tmp", "/var/tmp", "/dev/shm"):
            for name in (self.token, f"{self.token}.sock"):
                Path(folder, name).unlink(missing_ok=True)


def wait_until(condition, patience=20):
    """Poll until it is true."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _received(one):
    """What has arrived at a socket: at most a datagram for each read, a connection for each accept."""
    listening = one.type == socket.SOCK_STREAM and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    one.setblocking(False)
    with contextlib.suppress(BlockingIOError, ConnectionResetError):
        while True:
            if not listening:
                if not (data := one.recv(1000)):
                    return
                yield data
                continue
            connection, _ = one.accept()
            with connection:
                connection.setblocking(False)
                yield from _received(connection)


def _own_address():
    """An address of this machine that is not the loopback's, else that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
        one.connect(("192.0.2.1", 9))  # sends nothing
        return one.getsockname()[0]
    return "127.0.0.1"
