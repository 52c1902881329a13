"""Programs that talk while they run: over stdio, and at a terminal."""

import fcntl
import json
import os
import re
import select
import shlex
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from llmx.core.process.tree import children
from tests.exec.everyday.conftest import LLM_EXEC, PYTHON

SERVER = Path(__file__).with_name("language_server.py")
PATIENCE = 20.0


def ask(process, number, method):
    """One request to a language server; its answer."""
    body = json.dumps({"jsonrpc": "2.0", "id": number, "method": method}).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    process.stdin.flush()
    if method == "exit":
        return None
    length = int(process.stdout.readline().split(b":")[1])
    assert process.stdout.readline() == b"\r\n"
    return json.loads(process.stdout.read(length))


def test_a_language_server_over_stdio(project):
    server = project.write("work/server.py", SERVER.read_text())
    process = project.place.start("--", PYTHON, str(server), cwd=project.work, stdin=subprocess.PIPE)
    assert ask(process, 1, "initialize")["result"] == {"capabilities": {}}
    assert ask(process, 2, "shutdown")["id"] == 2
    ask(process, 3, "exit")
    assert process.wait(PATIENCE) == 0


def test_input_comes_through_a_pipe(project):
    ran = project.place.run("--", "tr", "a-z", "A-Z", input=b"words\n" * 20000, cwd=project.work)
    assert ran.out == b"WORDS\n" * 20000


class Screen:
    """A program at a terminal of 24 lines and 100 columns; ``seen`` is what it has written since the last look."""

    def __init__(self, place, command, *, program=None, **options):
        self.ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
        os.fchown(theirs, place.uid, -1)
        self.seen = b""

        def sit_down():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = place.start(
            "--",
            *command,
            program=program,
            env={"TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            before=sit_down,
            start_new_session=False,
            **options,
        )
        os.close(theirs)

    def type(self, text):
        os.write(self.ours, text)

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.ours], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{pattern!r} did not appear in {self.seen!r}"
            self.seen += os.read(self.ours, 65536)
        self.seen = self.seen[found.end() :]
        return found

    def end(self):
        """Its exit code."""
        code = self.process.wait(PATIENCE)
        os.close(self.ours)
        return code


@pytest.fixture
def screen(project):
    return lambda *command: Screen(project.place, command, cwd=project.work)


def test_tput_and_stty_know_the_terminal(screen):
    one = screen("sh", "-c", "tput cols; stty size; test -t 0 && test -t 1 && echo both; tty")
    one.wait_for(rb"100\r\n24 100\r\nboth\r\n/dev/")
    assert one.end() == 0


def test_an_editor(project, screen, needs):
    needs("vi")
    one = screen("vi", "-u", "NONE", "new")
    one.wait_for(rb"~")
    one.type(b"ihello\x1b:wq\r")
    assert one.end() == 0
    assert (project.work / "new").read_text() == "hello\n"


def test_a_prompt_of_python(screen):
    one = screen(PYTHON, "-q", "-i", "-c", "")
    one.wait_for(rb">>> ")
    one.type(b"6 * 7\r")
    one.wait_for(rb"42")
    one.type(b"exit(3)\r")
    assert one.end() == 3


JOB = """import os, signal, time
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"on\\n"))
os.write(1, b"go\\n")
while True: time.sleep(9)
"""


def test_a_shell_with_job_control(project, screen):
    project.write("work/job.py", JOB)
    one = screen("bash", "--norc", "-i")
    one.wait_for(rb"\$ ")
    one.type(f"{PYTHON} -S -E job.py\r".encode())
    one.wait_for(rb"[\r\n]go\r")
    one.type(b"\x1a")
    one.wait_for(rb"Stopped")
    one.type(b"fg\r")
    one.wait_for(rb"[\r\n]on\r")
    one.type(b"\x03")
    one.wait_for(rb"\$ ")
    one.type(b"exit 4\r")
    assert one.end() == 4


def test_ctrl_c_ends_the_command(screen):
    one = screen("sh", "-c", "echo ready; sleep 50")
    one.wait_for(rb"ready")
    one.type(b"\x03")
    assert one.end() == 130


def test_the_size_of_the_window_is_told_when_it_changes(screen):
    one = screen("bash", "-c", "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done")
    one.wait_for(rb"ready")
    fcntl.ioctl(one.ours, termios.TIOCSWINSZ, struct.pack("4H", 30, 120, 0, 0))
    one.wait_for(rb"30 120")
    one.end()


def test_a_question_of_a_person(screen):
    one = screen("bash", "-c", 'read -rsp "word: " word < /dev/tty; echo; echo "got $word"')
    one.wait_for(rb"word: ")
    one.type(b"open\r")
    one.wait_for(rb"got open")
    assert one.end() == 0


COOKED = termios.ECHO | termios.ICANON | termios.ISIG


@pytest.fixture
def killed(project, monkeypatch):
    """A shell script that runs llm-exec at a terminal, where llm-exec is killed once the terminal is raw."""

    def kill(between=lambda modes: None):
        line = shlex.join([*LLM_EXEC, "--", "sh", "-c", "echo ready; exec sleep 60"])
        one = Screen(project.place, [], program=["sh", "-c", f"{line}; echo over; read line"], cwd=project.work)
        one.wait_for(rb"ready")
        assert not termios.tcgetattr(one.ours)[3] & COOKED
        between(one)
        (pid,) = children(one.process.pid)
        os.kill(pid, signal.SIGKILL)
        one.wait_for(rb"over")
        return one

    return kill


def test_a_killed_llm_exec_leaves_the_terminal_as_it_was(project, killed, until):
    one = killed()
    until(lambda: termios.tcgetattr(one.ours)[3] & COOKED == COOKED, "the terminal as it was")
    one.type(b"\n")
    one.end()
    until(lambda: not project.place.survivors(), "the end of the guard")


def test_modes_that_somebody_else_has_set_meanwhile_stay(project, killed, until):
    def set_modes(one):
        modes = termios.tcgetattr(one.ours)
        modes[3] |= termios.ISIG
        termios.tcsetattr(one.ours, termios.TCSANOW, modes)

    one = killed(set_modes)
    until(lambda: not project.place.survivors() or len(project.place.survivors()) == 1, "the end of the guard")
    assert termios.tcgetattr(one.ours)[3] & COOKED == termios.ISIG
    one.type(b"\r\n")
    one.end()
