"""A sample of a process tree counts all of it: threads' children, the reaped, the many; and nothing twice."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import cast

import pytest

from llmx.core.plugins import load
from llmx.core.process import sample, tree
from llmx.core.process.supervise import Ending, Supervisor

SAMPLERS = ["llmx.core.process.sample:Sampler", "llmx.core.process.portable:Sampler"]
BOTH = pytest.mark.parametrize("sampler", SAMPLERS, ids=["proc", "psutil"])

START = """
import os, time
def rest():  # whoever forgets to end it: it ends, and never goes on with the program
    time.sleep(20)
    os._exit(0)
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""
READY = "\nprint('ready', flush=True)\nrest()\n"


class Watched:
    """What a sampler asks of a supervisor: whom the run does not own, and what has been reaped."""

    def __init__(self) -> None:
        self.ending = Ending()
        self.strangers = frozenset(tree.children(os.getpid()))
        self.spared = list


@pytest.fixture
def watched() -> Watched:
    return Watched()


def open_sampler(target: str, watched: Watched) -> "sample.TreeSampler":
    return cast("sample.TreeSampler", load(target)(cast(Supervisor, watched)))


@pytest.fixture
def start() -> "Iterator[type[Program]]":
    yield Program
    while Program.running:
        Program.running.pop().end()


class Program:
    """A Python program that has said it is ready; ended with everything in its process group."""

    running: "list[Program]" = []  # noqa: RUF012

    def __init__(self, source: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", START + source + READY], stdout=subprocess.PIPE, start_new_session=True
        )
        self.is_ended = False
        self.running.append(self)
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def end(self) -> None:
        if self.is_ended:  # its number may be another's by now
            return
        self.is_ended = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@BOTH
def test_cpu_of_children_that_their_parent_has_reaped_counts(
    sampler: str, watched: Watched, start: type[Program]
) -> None:
    start(
        """
for _ in range(10):
    if os.fork() == 0: burn(0.03); os._exit(0)
    os.wait()
"""
    )
    assert 0.28 <= open_sampler(sampler, watched).take().cpu_s < 1.5


@BOTH
def test_every_living_process_of_the_tree_counts_once_and_zombies_do_not(
    sampler: str, watched: Watched, start: type[Program]
) -> None:
    start(
        """
reader, writer = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        if os.fork() == 0: os.write(writer, b"."); rest()
        rest()
zombie = os.fork()
if zombie == 0: os._exit(0)
os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
for _ in range(3): os.read(reader, 1)
"""
    )
    taken = open_sampler(sampler, watched).take()
    assert taken.processes == 7
    assert len(taken.pids) == 8


@BOTH
def test_memory_is_the_sum_over_the_tree(sampler: str, watched: Watched, start: type[Program]) -> None:
    start(
        """
reader, writer = os.pipe()
for _ in range(2):
    if os.fork() == 0: held = bytearray(30 << 20); os.write(writer, b"."); rest()
for _ in range(2): os.read(reader, 1)
"""
    )
    assert 60 << 20 <= open_sampler(sampler, watched).take().rss_bytes < 150 << 20


@BOTH
def test_children_that_were_there_before_the_run_and_theirs_are_left_out(sampler: str, start: type[Program]) -> None:
    start("if os.fork() == 0: rest(); os._exit(0)\n")
    watched = Watched()
    assert open_sampler(sampler, watched).take().pids == []


@BOTH
def test_cpu_never_goes_backwards_when_a_process_ends_unseen(
    sampler: str, watched: Watched, start: type[Program]
) -> None:
    program = start("burn(0.1)\n")
    sampled = open_sampler(sampler, watched)
    before = sampled.take().cpu_s
    program.end()
    after = sampled.take()
    assert before >= 0.05
    assert after.cpu_s == before
    assert (after.processes, after.rss_bytes, after.pids) == (0, 0, [])


@BOTH
def test_what_the_supervisor_has_reaped_counts(sampler: str, watched: Watched) -> None:
    watched.ending.usage.user = 1.25
    watched.ending.usage.system = 0.5
    assert open_sampler(sampler, watched).take().cpu_s == 1.75


def test_the_portable_sampler_says_so(watched: Watched) -> None:
    assert [open_sampler(target, watched).source for target in SAMPLERS] == ["proc", "psutil"]


def test_the_system_decides_which_sampler_serves(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample.open_sampler(cast(Supervisor, watched)).source == "proc"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert sample.open_sampler(cast(Supervisor, watched)).source == "psutil"


def test_the_portable_sampler_keeps_what_was_orphaned(watched: Watched, start: type[Program]) -> None:
    program = start(
        "reader, writer = os.pipe()\nif os.fork() == 0: os.write(writer, b'.'); rest()\nos.read(reader, 1)\n"
    )
    sampled = open_sampler(SAMPLERS[1], watched)
    assert sampled.take().processes == 2
    program.process.kill()
    program.process.wait()
    assert sampled.take().processes == 1


def test_a_child_forked_by_a_thread_is_found(watched: Watched, start: type[Program]) -> None:
    start(
        """
import _thread
done = _thread.allocate_lock(); done.acquire()
def fork():
    if os.fork() == 0: rest()
    done.release(); rest()
_thread.start_new_thread(fork, ())
done.acquire()
"""
    )
    assert open_sampler(SAMPLERS[0], watched).take().processes == 2


def test_hundreds_of_children_are_all_seen_with_few_descriptors(watched: Watched, start: type[Program]) -> None:
    start("for _ in range(200):\n    if os.fork() == 0: rest(); os._exit(0)\n")
    before = descriptors()
    sampled = open_sampler(SAMPLERS[0], watched)
    assert sampled.take(io=False).processes == 201
    assert sampled.take(io=False).processes == 201
    assert descriptors() - before == 2 * sample.KEPT_OPEN
    sampled.close()
    assert descriptors() == before


def test_descriptors_of_ended_processes_are_closed(watched: Watched, start: type[Program]) -> None:
    before = descriptors()
    program = start("")
    sampled = open_sampler(SAMPLERS[0], watched)
    sampled.take()
    program.end()
    sampled.take()
    assert descriptors() == before


def test_a_number_that_another_process_has_now_is_looked_up_again(watched: Watched, start: type[Program]) -> None:
    ended, living = start(""), start("")
    sampled = sample.Sampler(cast(Supervisor, watched))
    sampled.take()
    stale = sampled._files[ended.process.pid]
    ended.end()
    os.close(sampled._files[living.process.pid][0])
    os.close(sampled._files[living.process.pid][1])
    sampled._files = {living.process.pid: stale}
    assert sampled.take().processes == 1


def test_written_bytes_count_while_a_process_lives_and_after_it_is_reaped(
    watched: Watched, start: type[Program]
) -> None:
    program = start("with open('/dev/null', 'wb') as sink: sink.write(bytes(3_000_000))\n")
    sampled = open_sampler(SAMPLERS[0], watched)
    living = sampled.take().wchar
    program.end()
    ended = sampled.take().wchar
    assert living is not None
    assert ended is not None
    assert 3_000_000 <= living <= ended < 3_010_000


def test_without_looking_at_io_there_are_no_figures_for_it(watched: Watched) -> None:
    taken = open_sampler(SAMPLERS[0], watched).take(io=False)
    assert (taken.read_bytes, taken.write_bytes, taken.wchar) == (None, None, None)


def test_pages_shared_after_a_fork_count_once_by_their_proportion(watched: Watched, start: type[Program]) -> None:
    start("held = bytearray(40 << 20)\nfor _ in range(3):\n    if os.fork() == 0: rest(); os._exit(0)\n")
    taken = open_sampler(SAMPLERS[0], watched).take()
    assert taken.rss_bytes > 160 << 20
    assert 40 << 20 < sample.proportional_bytes(taken.pids, otherwise=0) < 80 << 20


def test_where_no_process_may_be_asked_the_sum_stands() -> None:
    assert sample.proportional_bytes([2**22 + 1], otherwise=12345) == 12345
