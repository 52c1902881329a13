"""Kill llm-exec at random moments, and look for what is left of the run."""

import contextlib
import os
import random
import secrets
import signal
import time
from pathlib import Path
from typing import Any

from tests.exec.everyday.conftest import LLM_EXEC, SHELL

PATIENCE = 5.0
COMMAND = """
(setsid sleep 60.{token} </dev/null >/dev/null 2>&1 &)
mkfifo /tmp/pipe.{token}; echo x > /tmp/file.{token}; echo x > /dev/shm/file.{token}
sleep 0.02; git --no-optional-locks status >/dev/null; exec sleep 60.{token}
"""
SHARED = [Path(folder) for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run")]


def processes(words):
    """Pids of the living processes with one of ``words`` on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if any(word.encode() in line for word in words):
            found.append(int(entry.name))
    return found


def wait_for_the_end_of(words):
    """What still runs after all patience, with its state and its command line's end; it is killed now."""
    deadline = time.monotonic() + PATIENCE
    while (left := processes(words)) and time.monotonic() < deadline:
        time.sleep(0.005)
    told = {}
    for pid in left:
        with contextlib.suppress(OSError):
            told[pid] = Path(f"/proc/{pid}/stat").read_text()[:40], Path(f"/proc/{pid}/cmdline").read_bytes()[-60:]
            os.kill(pid, signal.SIGKILL)
    return told


def files(project, token):
    """Every file in the HOME, and those in shared folders that are of this run."""
    log = project.place.log
    found = {path for path in project.home.rglob("*") if path != log}
    return found | {path for folder in SHARED for path in folder.glob(f"*{token}*")}


class Kills:
    """What became of so many killed runs.

    ``started``: those whose command was there already. ``seconds``: from each kill to the end of all of its processes.
    ``left``: processes and files that did not go.
    """

    def __init__(self) -> None:
        self.started = 0
        self.seconds: list[float] = []
        self.left: list[Any] = []


def kill_while_bubblewrap_prepares(project, times, *options, seed=7):
    """Kill so many runs within 6 ms of the first sight of bubblewrap: what it has begun is tied to nothing yet."""
    moment = random.Random(seed)
    kills = Kills()
    for _ in range(times):
        token = str(int(secrets.token_hex(4), 16))
        words = [*SHELL, f"setsid sleep 60.{token} & sleep 60.{token}"]
        process = project.place.start(program=[*LLM_EXEC, "--json", *options, "--", *words], cwd=project.work)
        deadline = time.monotonic() + PATIENCE
        while not _is_bubblewrap_below(process.pid):
            assert time.monotonic() < deadline, "bubblewrap did not start"
        time.sleep(moment.uniform(0, 0.006))
        process.kill()
        project.place.finish(process)
        kills.left += wait_for_the_end_of([token, f"llm-exec-watch {process.pid}\x00"]).items()
    return kills


def _is_bubblewrap_below(pid):
    """Whether a child of ``pid``, or of its guard, is bubblewrap."""
    below = [pid]
    for each in below:
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{each}/exe").endswith("/bwrap"):
                return True
            below += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
    return False


def kill_at_random_moments(project, times, seed=7):
    """Kill so many runs in a project, each at a moment of its life."""
    project.run("git status >/dev/null")  # whatever is kept from run to run is there
    began = time.monotonic()
    project.run("true")
    longest = 2 * (time.monotonic() - began) + 0.05
    moment = random.Random(seed)
    project.write("tmp/here", "")  # where llm-exec's own temporary files would lie
    kills, before = Kills(), files(project, "none")
    for _ in range(times):
        token = str(int(secrets.token_hex(4), 16))
        command = [*LLM_EXEC, "--json", "--", *SHELL, COMMAND.format(token=token)]
        process = project.place.start(program=command, cwd=project.work, env={"TMPDIR": str(project.home / "tmp")})
        time.sleep(moment.uniform(0, longest))
        kills.started += bool(processes([f"sleep\x0060.{token}"]))  # the program itself, whose words a NUL parts
        process.kill()
        killed = time.monotonic()
        project.place.finish(process)
        watcher = f"llm-exec-watch {process.pid}\x00"
        kills.left += wait_for_the_end_of([token, str(project.home), watcher]).items()
        kills.seconds.append(time.monotonic() - killed)
        kills.left += files(project, token) ^ before
    for place in ("/proc/self/mounts", "/proc/net/unix"):
        kills.left += [line for line in Path(place).read_text().splitlines() if str(project.home) in line]
    return kills
