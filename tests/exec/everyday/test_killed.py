"""SIGKILL of llm-exec at any moment: no process, file, socket or mount of the run is left."""

import contextlib
import os
import random
import secrets
import signal
import time
from pathlib import Path

import pytest

from tests.exec.everyday.conftest import LLM_EXEC, SHELL

MOMENTS = int(os.environ.get("LLMX_TEST_KILLS", "40"))
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


@pytest.mark.timeout(60 + MOMENTS)
def test_nothing_is_left_by_a_sigkill_at_a_random_moment(project):
    project.run("git status >/dev/null")  # whatever is kept from run to run is there
    began = time.monotonic()
    project.run("true")
    longest = 2 * (time.monotonic() - began) + 0.05
    moment = random.Random(7)
    project.write("tmp/here", "")  # where llm-exec's own temporary files would lie
    started, before = 0, files(project, "none")
    for _ in range(MOMENTS):
        token = secrets.token_hex(4)
        command = [*LLM_EXEC, "--json", "--", *SHELL, COMMAND.format(token=int(token, 16))]
        process = project.place.start(program=command, cwd=project.work, env={"TMPDIR": str(project.home / "tmp")})
        time.sleep(moment.uniform(0, longest))
        started += bool(processes([f"60.{int(token, 16)}"]))
        process.kill()
        project.place.finish(process)
        assert not wait_for_the_end_of([str(int(token, 16)), str(project.home)])
        assert files(project, str(int(token, 16))) == before
    assert str(project.home) not in Path("/proc/self/mounts").read_text()
    assert str(project.home) not in Path("/proc/net/unix").read_text()
    assert project.outside("git status --porcelain") == ""
    assert started > MOMENTS / 4, "most were ended before their command had started"
