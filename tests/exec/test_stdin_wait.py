"""A command that waits for input which nobody will send is found and ended; one that was spoken to never is."""

import contextlib
import os
import socket
import sys
import time
from pathlib import Path

import pytest

QUICKLY = {"LLMX_EXEC__STDIN_WAIT": "0.2"}
READ_FOREVER = "import os; os.read(0, 1)"


def python(script):
    return [sys.executable, "-S", "-E", "-c", script]


@contextlib.contextmanager
def ends(kind):
    """The command's stdin and our end of it, both open."""
    theirs, ours = os.pipe() if kind == "pipe" else (end.detach() for end in socket.socketpair())
    yield theirs, ours
    os.close(theirs)
    os.close(ours)


@pytest.fixture(params=["pipe", "socket"])
def line(request):
    """The command's stdin, and a function to send to it."""
    with ends(request.param) as (theirs, ours):
        yield theirs, lambda data: os.write(ours, data)


@pytest.fixture
def let_it_look(place, until):
    """Wait until the command is up, and llm-exec, which sleeps between two looks at it, has had five of them."""

    def sleeps(process):
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

    def wait(process):
        until(lambda: (place.folder / "up").exists() or process.poll() is not None)
        with contextlib.suppress(OSError, IndexError):  # it has ended meanwhile
            before = sleeps(process)
            until(lambda: sleeps(process) > before + 5)

    return wait


@pytest.fixture
def speak_to(place, let_it_look):
    """Start something with a pipe or a socket as stdin, let llm-exec look at it, and send a byte; how it ended.

    ``make`` gives its words for the seconds after which it would be ended, and creates ``up`` before it reads. Where a
    busy machine has let that time go by before the byte was sent, it was ended rightly, and there is more time.
    """

    def speak(make, *options, kind):
        for wait in (0.2, 1.0, 5.0):
            (place.folder / "up").unlink(missing_ok=True)
            with ends(kind) as (theirs, ours):
                environment = {"LLMX_EXEC__STDIN_WAIT": str(wait)}
                process = place.start(*options, "--", *make(wait), stdin=theirs, env=environment)
                let_it_look(process)
                os.write(ours, b"x")
                is_in_time = time.time() - (place.folder / "up").stat().st_mtime < wait
                ran = place.finish(process)
            if is_in_time:
                break
        return ran

    return speak


WAITING = {
    "read": python(READ_FOREVER),
    "cat": ["cat"],
    "shell": ["sh", "-c", "read line"],
    "duplicate": ["sh", "-c", "exec 5<&0 </dev/null; cat <&5"],
    "grandchild": ["sh", "-c", "echo begun; (cat; true); true"],
    "orphan": ["sh", "-c", "(cat <&3 &) 3<&0; sleep 60"],
}


@pytest.mark.parametrize("command", WAITING)
def test_a_command_that_waits_for_a_first_byte_is_ended_as_stalled(either_place, line, command):
    ran = either_place.run("--json", "--", *WAITING[command], stdin=line[0], env=QUICKLY)
    result = ran.result
    assert (ran.code, result["status"], result["blocked_on"]) == (124, "stalled", "stdin")
    assert "--stdin none" in result["hints"][0]
    assert either_place.survivors() == {}


def test_it_is_said_on_stderr(place, line):
    ran = place.run("--no-sandbox", "--", "cat", stdin=line[0], env=QUICKLY)
    assert ran.code == 124
    first, second = ran.err.decode().splitlines()
    assert first == "llm-exec: stalled: it waited 0.2 s for a first byte on stdin"
    assert second.startswith("llm-exec: hint: ")
    assert "--stdin none" in second


# Says that it runs, reads one byte, says so, and has a child wait for the next: that may take as long as it likes.
SPOKEN_TO = """
import os, time
open("up", "w").close()
os.write(1, os.read(0, 1))
if os.fork() == 0:
    os.read(0, 1)
time.sleep({})
"""


def test_a_command_that_got_a_byte_before_its_start_may_wait_for_more_as_long_as_it_likes(place, line):
    theirs, send = line
    send(b"x")
    ran = place.run("--json", "--", *python(SPOKEN_TO.format(0.6)), stdin=theirs, env=QUICKLY)
    assert (ran.code, ran.result["status"], ran.result["stdout"]) == (0, "ok", "x")


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_command_that_got_a_byte_may_wait_for_more_as_long_as_it_likes(speak_to, kind):
    ran = speak_to(lambda wait: python(SPOKEN_TO.format(3 * wait)), "--json", kind=kind)
    assert (ran.code, ran.result["status"], ran.result["stdout"]) == (0, "ok", "x")


def test_a_command_that_never_reads_is_left_alone(place, line):
    ran = place.run("--json", "--", "sleep", "0.6", stdin=line[0], env=QUICKLY)
    assert (ran.code, ran.result["status"]) == (0, "ok")


def test_a_command_that_reads_something_else_is_left_alone(place, line):
    script = "import os, threading; r, w = os.pipe(); threading.Timer(0.6, os.write, (w, b'x')).start(); os.read(r, 1)"
    ran = place.run("--json", "--", *python(script), stdin=line[0], env=QUICKLY)
    assert (ran.code, ran.result["status"]) == (0, "ok")


def test_an_end_of_file_is_an_answer(place):
    ran = place.run("--json", "--", "sh", "-c", "cat; sleep 0.6", input=b"", env=QUICKLY)
    assert (ran.code, ran.result["status"]) == (0, "ok")


def test_0_waits_for_ever_and_the_timeout_says_what_it_waited_for(place, line):
    ran = place.run("--json", "--timeout", "0.4", "--", "cat", stdin=line[0], env={"LLMX_EXEC__STDIN_WAIT": "0"})
    assert (ran.code, ran.result["status"], ran.result["blocked_on"]) == (124, "timeout", "stdin")
    assert "--stdin none" in ran.result["hints"][0]


def test_at_a_timeout_nothing_is_claimed_of_a_command_that_does_not_read(place, line):
    ran = place.run("--json", "--timeout", "0.4", "--", "sleep", "60", stdin=line[0])
    assert ran.result["status"] == "timeout"
    assert "blocked_on" not in ran.result


@pytest.mark.parametrize("stdin", ["none", "/dev/zero"])
def test_with_a_stdin_of_its_own_nobody_looks(place, line, stdin):
    ran = place.run("--json", "--stdin", stdin, "--", "sleep", "0.6", stdin=line[0], env=QUICKLY)
    assert ran.result["status"] == "ok"


def test_the_default_is_ten_seconds(place):
    ran = place.run(program=[sys.executable, "-m", "llmx", "config", "get", "exec.stdin_wait"])
    assert ran.out.decode().strip() in ("10", "10.0", "10s"), ran


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_whoever_reads_after_one_that_was_spoken_to_may_wait(speak_to, kind):
    script = "exec 3<&0; touch up; (head -c 1 <&3; cat <&3) & sleep {}"
    ran = speak_to(lambda wait: ["sh", "-c", script.format(3 * wait)], "--json", kind=kind)
    assert ran.result["status"] == "ok"


@pytest.mark.parametrize(
    "call", ["os.read(0, 1)", "socket.socket(fileno=0).recv(1)", "socket.socket(fileno=0).recvmsg(1)"]
)
def test_by_whichever_call_it_reads(speak_to, call):
    script = (
        f"import os, socket, threading; open('up', 'w').close(); {call}; os.write(1, b'x')\n"
        f"threading.Timer({{}}, os._exit, [0]).start(); {call}"
    )
    ran = speak_to(lambda wait: python(script.format(3 * wait)), kind="socket")
    assert (ran.code, ran.out) == (0, b"x")
