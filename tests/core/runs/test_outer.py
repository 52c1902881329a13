"""What comes from within a sandbox tells of runs in there, and changes no other."""

import os
import subprocess
import sys
import time

import pytest

from llmx.core.audit import AuditLog, new_run_id
from llmx.core.runs.index import Runs
from llmx.core.runs.liveness import since_boot
from llmx.core.runs.records import Run


def the(env, run_id) -> Run:
    """The run of this id, which must be known."""
    run = Runs(env).run(run_id)
    assert run
    return run


@pytest.fixture
def env(home):
    return {"HOME": str(home)}


@pytest.fixture
def write(env):
    return AuditLog(env).write


@pytest.fixture
def llm_exec():
    """A process that looks like an llm-exec and ends when it is written to."""
    words = [sys.executable, "-c", "print(flush=True); input()", "llm-exec"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def outer(write):
    """A run that has begun a second ago, and whose end is not there."""
    run_id = new_run_id(time.time() - 1)
    write("start", run_id, pid=0, argv=["agent"])
    return run_id


def test_a_run_in_there_is_one_of_its_own(env, write, outer):
    inner = new_run_id(time.time())
    write("start", inner, outer=outer, argv=["make"])
    write("end", inner, outer=outer, status="failed", exit_code=2)
    run = the(env, inner)
    assert (run.argv, run.outer, run.status, run.exit_code) == (["make"], outer, "failed", 2)
    assert the(env, outer).status == "lost"


def test_nobody_in_there_speaks_for_another_run(env, write, outer):
    other, third = new_run_id(time.time() - 2), new_run_id(time.time())
    write("start", other, pid=0, argv=["true"])
    write("end", other, status="failed", exit_code=1)
    write("start", third, outer=outer, argv=["third"])
    for run_id in (other, outer, third):
        for stranger in (outer, other):
            if run_id != third or stranger != outer:
                write("start", run_id, outer=stranger, argv=["forged"])
                write("end", run_id, outer=stranger, status="ok", exit_code=0)
    runs = Runs(env)
    assert [(run.argv[0], run.status) for run in runs] == [("true", "failed"), ("agent", "lost"), ("third", "lost")]


def test_a_true_start_that_comes_later_counts(env, write, outer):
    run_id = new_run_id(time.time())
    write("start", run_id, outer=outer, argv=["forged"])
    write("start", run_id, pid=0, argv=["true"])
    assert the(env, run_id).argv == ["true"]


@pytest.mark.parametrize("seconds", [-60, 60, 30e9])
def test_a_run_that_was_not_started_in_there_is_none(env, write, outer, seconds):
    write("start", new_run_id(time.time() + seconds), outer=outer, argv=["forged"])
    assert Runs(env).ids == [outer]


def test_the_last_run_is_none_in_there(env, write, outer):
    write("start", new_run_id(time.time()), outer=outer, argv=["make"])
    last = Runs(env).last()
    assert last
    assert last.id == outer


def test_it_goes_on_as_long_as_the_outer_one(env, write, llm_exec):
    outer, inner = new_run_id(time.time() - 1), new_run_id(time.time())
    facts = {"user": os.getuid(), "boot_s": since_boot()}
    write("start", outer, pid=llm_exec.pid, argv=["agent"], **facts)
    write("start", inner, outer=outer, pid=llm_exec.pid, argv=["make"], **facts)
    run = the(env, inner)
    assert run.status == "running"
    assert run.claim.pid == 0, "numbers in there are not those out here"
    llm_exec.communicate(b"\n")
    assert the(env, inner).status == "lost"


def test_an_outer_run_that_nobody_knows_or_that_is_itself_within_is_over(env, write, outer):
    first, second = new_run_id(time.time()), new_run_id(time.time() + 0.01)
    write("start", first, outer="0" * 16, argv=["x"])
    write("start", second, outer=first, argv=["y"])
    assert {the(env, run_id).status for run_id in (first, second)} == {"lost"}


def test_what_it_says_of_itself_is_not_obeyed(env, write, outer):
    inner = new_run_id(time.time())
    write("start", inner, outer=outer, argv="x", limits={"timeout": "\x1b[2J"}, user="\x1b[2J", kind=["x"])
    write("end", inner, outer=outer, status="\x1b]0;owned\x07", duration_s=10**400, exit_code=-1)
    run = the(env, inner)
    assert (run.status, run.argv, run.limits, run.kind, run.duration) == ("error", [], {}, "command", None)
