"""Who is let in: the one in the window, of the same user, with the word from the private folder."""

import json
import os
import pty
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from llmx.core.process.supervise import Signals
from llmx.errors import ExecError
from llmx.exec.terminals import opening
from llmx.exec.terminals.choice import Opening
from llmx.exec.terminals.meeting import OLD, PREFIX, Meeting
from tests.exec.conftest import PATIENCE


@pytest.fixture
def folder():
    runtime = Path(tempfile.mkdtemp(dir="/tmp"))  # a socket's path is short
    yield runtime
    shutil.rmtree(runtime)


@pytest.fixture
def meeting(folder):
    made = Meeting({"XDG_RUNTIME_DIR": str(folder)})
    yield made
    made.close()


@pytest.fixture
def terminal():
    master, slave = pty.openpty()
    yield slave
    os.close(slave)
    os.close(master)


def come(meeting, message, descriptors=()):
    """Connect and introduce oneself; who is let in."""
    line = socket.socket(socket.AF_UNIX)
    line.connect(f"{meeting.folder}/socket")
    socket.send_fds(
        line, [message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"], descriptors
    )
    line.shutdown(socket.SHUT_WR)
    guest = meeting.admit()
    line.close()
    if guest:
        guest.line.close()
    return guest


def word(meeting):
    with open(f"{meeting.folder}/word") as file:
        return file.read()


def test_all_of_it_is_private_and_goes_with_it(meeting, folder):
    facts = {name: os.stat(f"{meeting.folder}/{name}").st_mode for name in ("", "word", "socket")}
    assert stat.S_IMODE(facts[""]) == 0o700
    assert stat.S_IMODE(facts["word"]) == 0o600
    assert stat.S_ISSOCK(facts["socket"])
    meeting.close()
    assert not list(folder.iterdir())


def test_a_folder_that_others_may_enter_is_not_used(folder, tmp_path):
    (open_to_all := folder / "runtime").mkdir(mode=0o755)
    (long := tmp_path / ("x" * 70)).mkdir(mode=0o700)
    for given in (str(open_to_all), str(long), "relative", "/nowhere", ""):
        meeting = Meeting({"XDG_RUNTIME_DIR": given, "HOME": str(folder)})
        assert meeting.folder.startswith(f"{folder}/.local/state/llmx/{PREFIX}")
        meeting.close()
        meeting = Meeting({"XDG_RUNTIME_DIR": given, "HOME": str(long)})
        assert meeting.folder.startswith(f"/tmp/{PREFIX}")
        meeting.close()


def test_the_right_word_and_a_terminal_are_let_in(meeting, terminal):
    guest = come(meeting, {"word": word(meeting), "env": {"TERM": "xterm"}}, [terminal])
    assert (guest.env, os.isatty(guest.terminal)) == ({"TERM": "xterm"}, True)
    assert not os.get_inheritable(guest.terminal)
    os.close(guest.terminal)


@pytest.mark.parametrize(
    "message",
    [
        {"word": "guessed", "env": {}},
        {"word": "", "env": {}},
        {"word": None, "env": {}},
        {"env": {}},
        ["word"],
        b"",
        b"\n",
        b"no json\n",
        b'{"word": "' + b"x" * 100_000,
        b'{"word": "\xff"}\n',
    ],
    ids=lambda message: str(message)[:20],
)
def test_nobody_else_is(meeting, terminal, message):
    before = len(os.listdir("/proc/self/fd"))
    assert come(meeting, message, [terminal]) is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_right_word_without_a_terminal_is_told_apart(meeting):
    assert come(meeting, {"word": word(meeting), "env": {}}).terminal == -1
    with open(os.devnull) as file:
        assert come(meeting, {"word": word(meeting), "env": {}}, [file.fileno()]).terminal == -1


def test_another_users_process_is_not_let_in(meeting, terminal, ordinary_user):
    if os.getuid() != 0:
        pytest.skip("only root can be two users; CI runs this as root")
    said = json.dumps({"word": word(meeting), "env": {}}) + "\n"
    for path in (os.path.dirname(meeting.folder), meeting.folder, f"{meeting.folder}/socket"):
        os.chmod(path, 0o777)
    script = (
        "import socket, sys; line = socket.socket(socket.AF_UNIX); line.connect(sys.argv[1])\n"
        "try: line.sendall(sys.argv[2].encode()); print(line.recv(1))\n"
        "except ConnectionError: print('refused')"
    )
    words = [sys.executable, "-IS", "-c", script, f"{meeting.folder}/socket", said]
    user = ordinary_user.pw_uid
    with subprocess.Popen(words, user=user, group=user, extra_groups=[], stdout=subprocess.PIPE) as other:
        deadline = time.monotonic() + PATIENCE
        while other.poll() is None and time.monotonic() < deadline:
            assert meeting.admit() is None
        assert other.stdout
        assert other.stdout.read() in (b"refused\n", b"b''\n")


def test_what_a_killed_llm_exec_left_is_removed_when_it_is_old(folder):
    for name, age in ((f"{PREFIX}old", OLD + 1), (f"{PREFIX}new", 0), ("another", OLD + 1)):
        (folder / name).mkdir(mode=0o700)
        for file in ("socket", "word"):
            (folder / name / file).touch()
        os.utime(folder / name, (time.time() - age, time.time() - age))
    Meeting({"XDG_RUNTIME_DIR": str(folder)}).close()
    assert {entry.name for entry in folder.iterdir()} == {f"{PREFIX}new", "another"}


def seat(folder, **options):
    words = [sys.executable, "-I", opening.SEAT, str(folder)]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=PATIENCE, **options)


def test_who_comes_too_late_leaves_nothing(meeting, folder):
    meeting.listener.close()
    done = seat(meeting.folder)
    assert done.returncode == 1
    assert "nobody waits for this window any more" in done.stderr
    assert not list(folder.iterdir())
    assert seat(meeting.folder).returncode == 1


def test_who_is_sent_to_a_folder_of_another_kind_touches_nothing(tmp_path, folder):
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared/word").write_text("x")
    os.symlink(folder, tmp_path / "link")
    for name in ("shared", "link"):
        done = seat(tmp_path / name)
        assert "is not this user's own" in done.stderr
    assert (tmp_path / "shared/word").exists()


@pytest.fixture
def signals():
    handlers = {number: signal.getsignal(number) for number in range(1, 32) if number not in (9, 19)}
    made = Signals()
    yield made
    signal.set_wakeup_fd(-1)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_window_that_never_comes_is_not_awaited_for_ever(meeting, signals, monkeypatch, tmp_path):
    monkeypatch.setattr(opening, "PATIENCE", 0.2)
    silent = Opening("slow", "/bin/sleep", ("sleep", "60"), False)
    with pytest.raises(ExecError, match="slow: no window came within 0 s") as caught:
        opening.open_first(meeting, [silent], dict(os.environ), str(tmp_path), signals)
    assert caught.value.code == "terminal"


def test_a_program_that_cannot_be_started_says_why(meeting, signals, tmp_path):
    (tmp_path / "broken").write_text("#!/nowhere/interpreter\n")
    (tmp_path / "broken").chmod(0o755)
    ways = [
        Opening("first", str(tmp_path / "broken"), ("broken",), False),
        Opening("second", "/bin/sh", ("sh", "-c", "echo first; echo the reason >&2; exit 3"), False),
        Opening("third", "/bin/sh", ("sh", "-c", "exit 3"), False),
        Opening("fourth", "/bin/sh", ("sh", "-c", "kill -9 $$"), False),
    ]
    with pytest.raises(ExecError) as caught:
        opening.open_first(meeting, ways, dict(os.environ), str(tmp_path), signals)
    assert "first: FileNotFoundError" in caught.value.message
    assert "second: the reason; third: it ended with 3; fourth: it ended with signal 9" in caught.value.message


def test_a_signal_ends_the_waiting(meeting, signals, tmp_path):
    silent = Opening("slow", "/bin/sh", ("sh", "-c", f"kill -TERM {os.getpid()}; exec sleep 60"), False)
    with pytest.raises(opening.Interrupted) as caught:
        opening.open_first(meeting, [silent], dict(os.environ), str(tmp_path), signals)
    assert caught.value.args == (signal.SIGTERM,)
