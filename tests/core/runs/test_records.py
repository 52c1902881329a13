"""Runs as the log tells of them, whatever stands in it."""

import json
import time

import pytest

from llmx.core.audit import AuditLog, new_run_id
from llmx.core.runs import naming
from llmx.core.runs.figures import figures, percentile
from llmx.core.runs.index import Runs
from llmx.core.runs.records import LOST_CODE
from llmx.errors import NotFoundError, UsageError


@pytest.fixture
def env(home):
    return {"HOME": str(home)}


def read(env):
    return list(Runs(env))


def log(env, *, ended=True, at=None, argv=("true",), **end):
    """Write a run's two lines; its id."""
    run_id = new_run_id(time.time() if at is None else at)
    audit = AuditLog(env)
    audit.write("start", run_id, pid=0, user=0, argv=list(argv), cwd="/", timeout_s=300, sandbox="none")
    if ended:
        audit.write("end", run_id, **{"status": "ok", "exit_code": 0, "duration_s": 1.0, **end})
    return run_id


def test_there_are_none_without_a_log(env):
    assert read(env) == []


def test_two_lines_make_a_run(env):
    run_id = log(env, argv=["/bin/ls", "-l"], status="failed", exit_code=2, duration_s=0.5, cpu_s=0.25)
    (run,) = read(env)
    assert (run.id, run.status, run.exit_code, run.duration) == (run_id, "failed", 2, 0.5)
    assert (run.argv, run.command, run.kind, run.number("cpu_s")) == (["/bin/ls", "-l"], "ls", "command", 0.25)
    assert abs(run.started - time.time()) < 5


def test_a_run_without_an_end_and_without_a_process_is_lost(env):
    log(env, ended=False)
    (run,) = read(env)
    assert (run.status, run.exit_code, run.duration, run.is_over) == ("lost", LOST_CODE, None, True)


HOSTILE = [
    {"argv": 5, "pid": "x", "user": None, "cwd": []},
    {"argv": [1, None, "a"], "pid": 1 << 70, "user": -5, "boot_s": "x", "limits": {"timeout": "x"}},
    {"limits": 5, "outer": "not-an-id", "kind": 7},
    {"time": 5},
    {"time": "yesterday"},
    {},
]


@pytest.mark.parametrize("fields", HOSTILE)
@pytest.mark.parametrize("end", [{}, {"status": 7, "exit_code": "x", "duration_s": 1e999, "cpu_s": True}])
def test_lines_of_wrong_types_are_taken_for_what_they_are(env, home, fields, end):
    log(env)
    run_id = new_run_id(time.time())
    line = {"time": "2026-01-01T00:00:00.000Z", "run_id": run_id}
    with open(home / ".local/share/llm-exec.log", "a") as file:
        file.write(json.dumps({**line, "event": "start", **fields}) + "\n")
        if end:
            file.write(json.dumps({**line, "event": "end", **end}) + "\n")
    runs = [run for run in read(env) if run.id == run_id]
    assert len(runs) == (fields != {"time": 5})
    for run in runs:
        assert all(isinstance(word, str) for word in run.argv)
        assert run.exit_code == LOST_CODE
        assert (run.duration, run.limits) == (None, {})
        assert run.status == ("error" if end else "lost")
        assert figures(runs)


@pytest.mark.parametrize("id", ["../../etc/passwd", "x" * 16 + "/", "u" * 16, ""])
def test_a_line_whose_id_is_none_is_left_out(env, home, id):
    log(env)
    with open(home / ".local/share/llm-exec.log", "a") as file:
        file.write(json.dumps({"time": "2026-01-01T00:00:00.000Z", "event": "start", "run_id": id}) + "\n")
    assert len(read(env)) == 1


def test_a_run_is_named_by_a_beginning_that_only_it_has(env):
    first, second = log(env, at=1e9), log(env, at=1.7e9)
    assert naming.find(env, first).id == first
    assert naming.find(env, first[:8].upper()).id == first
    assert naming.find(env, "last").id == second
    log(env, at=1e9)
    with pytest.raises(UsageError, match=f"several runs: .*{first}"):
        naming.find(env, first[:8])


def test_a_run_that_is_not_there_is_not_found_and_a_near_one_named(env):
    with pytest.raises(NotFoundError, match="no runs yet"):
        naming.find(env, "last")
    run_id = log(env)
    wrong = run_id[:-2] + ("00" if run_id[-2:] != "00" else "11")
    with pytest.raises(NotFoundError) as caught:
        naming.find(env, wrong)
    assert caught.value.hint == f"did you mean {run_id}?"
    for name in ("", "../..", "\x1b[2J"):
        with pytest.raises(NotFoundError) as caught:
            naming.find(env, name)
        assert "\x1b" not in caught.value.message


def test_runs_are_chosen_by_status_word_and_age_the_newest_first(env):
    log(env, argv=["make", "test"], status="failed", exit_code=2, at=time.time() - 3600)
    log(env, argv=["make", "docs"])
    runs = Runs(env)
    assert [run.argv[1] for run in runs.newest()] == ["docs", "test"]
    assert [run.argv[1] for run in runs.newest(status="failed")] == ["test"]
    assert [run.argv[1] for run in runs.newest(command="docs")] == ["docs"]
    assert [run.argv[1] for run in runs.newest(since=60)] == ["docs"]
    assert list(runs.newest(since=-1)) == []  # times are rounded


def test_a_run_that_ends_while_the_log_is_read_is_not_lost(env):
    run_id = log(env, ended=False)
    runs = Runs(env)
    AuditLog(env).write("end", run_id, status="failed", exit_code=3, duration_s=1.0)
    (run,) = runs
    assert (run.status, run.exit_code) == ("failed", 3)


def test_figures_count_failures_and_give_percentiles_by_command(env):
    for number in range(1, 101):
        log(env, argv=["/usr/bin/make"], duration_s=float(number), status="ok" if number % 10 else "failed")
    log(env, argv=["ls"], ended=False)
    make, ls = figures(read(env))
    assert make == ("make", 100, 10, 50.0, 95.0)
    assert ls == ("ls", 1, 1, None, None)


@pytest.mark.parametrize(
    ("values", "percent", "expected"), [([], 50, None), ([1], 95, 1), ([1, 2], 50, 1), ([1, 2], 95, 2)]
)
def test_a_percentile_is_one_of_the_values(values, percent, expected):
    assert percentile(values, percent) == expected
