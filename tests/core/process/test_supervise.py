"""The supervisor by itself: watches, verdicts, streams, and an ending that is told once.

Each test is a small program in a process of its own, whose signals and children the supervisor takes over.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]

START = """
import json, os, sys, time
from llmx.core.process import Launch, adopt_orphans, spawn
from llmx.core.process.supervise import NEVER, Signals, Supervisor, Verdict, earlier_children

assert adopt_orphans()
strangers = earlier_children()
signals = Signals()

def supervise(line, **options):
    pid = spawn(Launch("/bin/sh", ["sh", "-c", line], env=os.environ))
    return Supervisor(pid, signals, **{"clock": time.monotonic, "grace": 0.1, "strangers": strangers, **options})

class Watch:
    def __init__(self, due, *verdicts):
        self.due = due
        self.verdicts = list(verdicts)
        self.asked = 0

    def check(self, now):
        assert now >= self.due
        self.asked += 1
        self.due = now + 0.01
        return self.verdicts.pop(0) if self.verdicts else None

def tell(ending, **more):
    verdict = ending.verdict
    print(json.dumps({
        "status": ending.status,
        "cause": verdict and verdict.cause,
        "detail": verdict and verdict.detail,
        "leftovers": [name for _, name in ending.leftovers],
        "survivors": ending.survivors,
        "reaped": ending.usage.reaped,
        "left": open(f"/proc/self/task/{os.getpid()}/children").read().split(),
        **more,
    }))
"""


@pytest.fixture
def told():
    """Run the rest of the program; what it told."""

    def run(program):
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        ran = subprocess.run(
            [sys.executable, "-c", START + program],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env=environment,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


def test_it_ends_with_the_child_and_tells_its_status(told):
    ending = told("tell(supervise('exit 3').run())")
    assert os.waitstatus_to_exitcode(ending["status"]) == 3
    assert (ending["cause"], ending["leftovers"], ending["reaped"], ending["left"]) == (None, [], 1, [])


def test_a_watch_is_asked_when_it_is_due_and_its_verdict_ends_the_run(told):
    ending = told("""
watch = Watch(time.monotonic(), None, None, Verdict("limit", "memory"), Verdict("timeout"))
supervisor = supervise("sleep 60")
supervisor.watches.append(watch)
tell(supervisor.run(), asked=watch.asked)
""")
    assert (ending["cause"], ending["detail"]) == ("limit", "memory")
    assert ending["asked"] == 3
    assert os.WTERMSIG(ending["status"]) == 15
    assert ending["left"] == []


def test_a_verdict_without_grace_kills_at_once(told):
    ending = told("""
supervisor = supervise("trap '' TERM; sleep 60", grace=60)
supervisor.watches.append(Watch(time.monotonic() + 0.05, Verdict("limit", "memory", at_once=True)))
tell(supervisor.run())
""")
    assert os.WTERMSIG(ending["status"]) == 9


def test_only_the_first_verdict_counts(told):
    ending = told("""
supervisor = supervise("sleep 60")
supervisor.stop(Verdict("timeout"), time.monotonic())
supervisor.stop(Verdict("limit", "memory"), time.monotonic())
tell(supervisor.run())
""")
    assert ending["cause"] == "timeout"


def test_a_verdict_after_the_child_has_ended_is_not_one(told):
    ending = told("""
supervisor = supervise("exit 0")
supervisor.before_reaping = lambda: None
ending = supervisor.run()
supervisor.stop(Verdict("timeout"), time.monotonic())
tell(ending)
""")
    assert (ending["cause"], ending["status"]) == (None, 0)


def test_what_the_child_leaves_running_is_named_and_ended(told):
    ending = told("tell(supervise('sleep 60 & sleep 60 & exit 0').run())")
    assert len(ending["leftovers"]) == 2
    assert set(ending["leftovers"]) <= {"sleep", "sh"}  # sh until it has become sleep
    assert (ending["left"], ending["survivors"], ending["reaped"]) == ([], [], 3)


def test_kept_children_are_left_alone(told):
    ending = told("""
ending = supervise("sleep 60 >/dev/null 2>&1 & exit 0", keep_children=True).run()
tell(ending)
import signal
os.kill(int(open(f"/proc/self/task/{os.getpid()}/children").read()), signal.SIGKILL)
""")
    assert (ending["leftovers"], len(ending["left"])) == ([], 1)


def test_strangers_are_neither_ended_nor_counted_nor_waited_for(told):
    ending = told("""
import signal
quick = os.fork()
if quick == 0:
    os._exit(7)
stranger = os.fork()
if stranger == 0:
    os.execvp("sleep", ["sleep", "60"])
strangers = earlier_children()
ending = supervise("sleep 60 & exit 0", strangers=strangers).run()
tell(ending, alive=os.waitpid(stranger, os.WNOHANG) == (0, 0))
os.kill(stranger, signal.SIGKILL)
""")
    assert (ending["alive"], len(ending["leftovers"]), ending["reaped"]) == (True, 1, 2)


def test_a_zombie_from_before_is_not_the_runs(told):
    ending = told("""
child = os.fork()
if child == 0:
    os._exit(7)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
tell(supervise("exit 0", strangers=earlier_children()).run())
""")
    assert (ending["reaped"], ending["status"]) == (1, 0)


def test_a_stream_is_emptied_after_the_childs_end(told):
    ending = told("""
import select
reader, writer = os.pipe()
os.set_blocking(reader, False)
kept = os.dup(1)
os.dup2(writer, 1)
supervisor = supervise("head -c 60000 /dev/zero")
os.dup2(kept, 1)
os.close(writer)

class Stream:
    size, is_done = 0, False

    def interest(self):
        return [] if self.is_done else [(reader, select.POLLIN)]

    def move(self):  # a little at a time, so that there is something left when the child has ended
        try:
            data = os.read(reader, 1000)
        except BlockingIOError:
            return
        self.size += len(data)
        self.is_done = not data

    def is_settled(self):
        return self.is_done

stream = Stream()
supervisor.streams.append(stream)
tell(supervisor.run(), size=stream.size)
""")
    assert ending["size"] == 60000


def test_a_listener_is_told_once(told):
    ending = told("""
reader, writer = os.pipe()
heard = []
supervisor = supervise("sleep 0.1")
supervisor.listeners[reader] = lambda: heard.append(1)
os.write(writer, b"x")
tell(supervisor.run(), heard=heard)
""")
    assert ending["heard"] == [1]


def test_when_the_loop_itself_fails_everything_is_killed(told):
    ending = told("""
supervisor = supervise("trap '' TERM; sleep 60 & sleep 60")
class Broken:
    due = time.monotonic() + 0.05
    def check(self, now):
        raise ZeroDivisionError
supervisor.watches.append(Broken())
try:
    supervisor.run()
except ZeroDivisionError:
    supervisor.abandon()
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
tell(supervisor.ending)
""")
    assert ending["left"] == []


def test_the_last_look_comes_before_the_child_is_reaped_and_only_once(told):
    ending = told("""
seen = []
supervisor = supervise("exit 0")
supervisor.before_reaping = lambda: seen.append(open(f"/proc/{supervisor.pid}/stat").read().split()[2])
tell(supervisor.run(), seen=seen)
""")
    assert ending["seen"] == ["Z"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process that an ordinary user may not end")
def test_what_this_user_may_not_end_is_named_as_a_survivor(ordinary_user, told, tmp_path):
    pid_file = tmp_path / "pid"
    ending = told(f"""
supervisor = supervise("sleep 60 >/dev/null 2>&1 & echo $! > {pid_file}; exit 0")
os.setresuid({ordinary_user.pw_uid}, {ordinary_user.pw_uid}, 0)
ending = supervisor.run()
os.seteuid(0)
import signal
os.kill(int(open("{pid_file}").read()), signal.SIGKILL)
os.wait()
tell(ending)
""")
    assert ending["status"] == 0
    assert [[int(pid_file.read_text()), "sleep"]] == ending["survivors"]
