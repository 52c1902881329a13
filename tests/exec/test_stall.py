"""``--stall-timeout`` ends what neither computes nor says anything, and nothing else."""

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import cast

import pytest

from llmx.core.process import tree
from llmx.core.process.supervise import Ending, Supervisor
from llmx.exec.run import Run
from llmx.exec.stall import StallWatch

PYTHON = [sys.executable, "-I", "-S", "-c"]

SPEAKS = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done"
BURNS = "import time\nwhile time.process_time() < 1: pass"
HAS_OTHERS_BURN = """
import os, time
for _ in range(12):
    if os.fork() == 0:
        while time.process_time() < 0.09: pass
        os._exit(0)
    os.wait()
"""


@pytest.mark.parametrize(
    "program",
    [
        "sleep 30",
        "sleep 30 & sleep 30",
        "kill -STOP $$; sleep 30",
        "echo first; sleep 30",
        "mkfifo never; read line <>never",
    ],
)
def test_a_run_that_does_nothing_any_more_is_ended(program, either_place):
    ran = either_place.run("--json", "--stall-timeout", "0.5", "--command", program)
    assert (ran.code, ran.result["status"]) == (124, "stalled")
    assert ran.result["hints"][0].startswith("--stall-timeout 10m lets it be silent for longer")
    assert 0.5 <= ran.result["duration_s"] < 3


@pytest.mark.parametrize(
    "words", [["sh", "-c", SPEAKS], [*PYTHON, BURNS], [*PYTHON, HAS_OTHERS_BURN]], ids=["speaks", "burns", "forks"]
)
@pytest.mark.parametrize("report", [["--json"], ["--quiet"]], ids=["captured", "live"])
def test_a_run_that_speaks_or_computes_goes_on(words, report, either_place):
    ran = either_place.run(*report, "--stall-timeout", "0.6", "--", *words)
    assert ran.code == 0


def test_what_is_written_elsewhere_counts_where_nothing_passes_through_here(place):
    ran = place.run("--stall-timeout", "0.6", "--quiet", "--command", f"{{ {SPEAKS}; }} >file")
    assert ran.code == 0


def test_a_command_that_ignores_the_request_to_end_is_killed_after_the_grace(place):
    program = "trap '' TERM; while :; do sleep 30; done"
    ran = place.run("--json", "--stall-timeout", "0.3", "--grace", "0.3", "--command", program)
    assert (ran.code, ran.result["status"], ran.result["signal"]) == (124, "stalled", "SIGKILL")


def test_output_that_its_reader_leaves_lying_is_no_stall(place):
    """The command waits for the reader of llm-exec's stdout, which takes its time."""
    program = "import os\nfor _ in range(40): os.write(1, bytes(65536))"
    process = place.start("--result", "r.json", "--stall-timeout", "0.3", "--", *PYTHON, program)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.2)
    ran = place.finish(process)
    assert (ran.code, len(ran.out)) == (0, 40 * 65536)


class Kept:
    """A captured stream that has seen ``size`` bytes."""

    def __init__(self):
        self.size = 0


class Stream:
    def __init__(self):
        self.kept = Kept()
        self.settled = True

    def is_settled(self):
        return self.settled


@pytest.fixture
def streams():
    return [Stream(), Stream()]


@pytest.fixture
def watch(streams):
    """A watch over no process at all, with a window of 8 s that began at 100."""
    run = SimpleNamespace(
        request=SimpleNamespace(stall_timeout=8.0), captures=dict(zip(("stdout", "stderr"), streams, strict=True))
    )
    watched = SimpleNamespace(ending=Ending(), strangers=frozenset(tree.children(os.getpid())), spared=list)
    return StallWatch(cast(Run, run), cast(Supervisor, watched), 100.0)


def looks(watch, now):
    """Let the watch look whenever it is due until ``now``; when and whether it ended the run."""
    while watch.due <= now:
        due = watch.due
        if watch.check(due):
            return due
    return None


def test_the_window_is_kept_to_the_moment(watch):
    assert looks(watch, 107.9) is None
    assert looks(watch, 120.0) == 108.0


def test_it_looks_a_few_times_per_window(watch):
    count = 0
    while not watch.check(watch.due):
        count += 1
    assert count == 8


def test_output_begins_the_window_anew(watch, streams):
    assert looks(watch, 105.0) is None
    streams[1].kept.size += 1
    assert looks(watch, 113.5) is None
    assert looks(watch, 120.0) == 114.0


def test_output_under_way_is_activity(watch, streams):
    streams[0].settled = False
    assert looks(watch, 150.0) is None
    streams[0].settled = True
    assert looks(watch, 200.0) == 158.0


def test_time_spent_suspended_does_not_count(watch):
    assert looks(watch, 104.0) is None
    watch.due += 3600.0
    assert looks(watch, 3707.9) is None
    assert looks(watch, 4000.0) == 3708.0
