"""What is stored is bounded by age, size and number, and a run that is alive keeps its own."""

import json
import os
import subprocess
import sys
import time

import pytest

from llmx.core.audit import new_run_id, timestamp
from llmx.core.runs.liveness import since_boot
from llmx.core.runs.places import all_runs, folder_of, make_folder, stored_ids, time_of
from llmx.core.runs.retention import prune, prune_now_and_then
from llmx.core.sandbox.set_aside import SetAside

DAY = 86400.0


@pytest.fixture
def env(home):
    return {"HOME": str(home)}


def store(env, age, size=1000, *, pid=0, over=True):
    """The id of a run that started ``age`` seconds ago and has stored ``size`` bytes."""
    started = time.time() - age
    run_id = new_run_id(started)
    folder = make_folder(env, run_id)
    start = {"time": timestamp(started), "pid": pid, "user": os.getuid(), "boot_s": since_boot()}
    for name, text in {"start.json": json.dumps(start), "stdout.0": "x" * size, "result.json": "{}"}.items():
        if over or name != "result.json":
            (home_file := open(f"{folder}/{name}", "w")).write(text)  # noqa: SIM115
            home_file.close()
    return run_id


def test_an_id_tells_its_time(env):
    assert timestamp(time_of(new_run_id(1_700_000_000.1234))) == timestamp(1_700_000_000.1234)


def test_what_is_older_than_a_week_goes(env):
    old, young = store(env, 7 * DAY + 60), store(env, 7 * DAY - 60)
    pruned = prune(env)
    assert stored_ids(env) == [young]
    assert pruned.runs == 1
    assert pruned.bytes > 1000
    assert not os.path.exists(folder_of(env, old))


def test_the_oldest_go_until_the_rest_fits(env):
    ids = [store(env, 100 - number) for number in range(10)]
    prune(env, most_bytes=5500)
    assert stored_ids(env) == ids[5:]


def test_there_are_never_too_many(env):
    ids = [store(env, 100 - number) for number in range(6)]
    prune(env, most_runs=4)
    assert stored_ids(env) == ids[2:]


def test_a_run_that_is_alive_keeps_its_own(env):
    words = [sys.executable, "-c", "print(flush=True); input()", "llm-exec"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        alive, over = (store(env, 1, pid=process.pid, over=over) for over in (False, True))
        prune(env, days=0, most_bytes=0)
        assert stored_ids(env) == [alive]
        process.communicate(b"\n")
    prune(env, days=0)
    assert stored_ids(env) == []
    assert over != alive


def test_a_folder_that_is_being_made_is_left_alone_and_one_that_never_was_goes(env):
    young, old = new_run_id(time.time()), new_run_id(time.time() - 7200)
    for run_id in (young, old):
        make_folder(env, run_id)
    prune(env, days=0)
    assert stored_ids(env) == [young]


def test_what_is_no_runs_is_not_touched(env, tmp_path):
    store(env, 0)
    (tmp_path / "precious").write_text("x")
    os.symlink(tmp_path, folder_of(env, new_run_id(0.0)))
    os.mkdir(f"{all_runs(env)}/notes")
    prune(env, days=0, most_bytes=0)
    assert (tmp_path / "precious").exists()
    assert os.path.isdir(f"{all_runs(env)}/notes")


def test_the_folders_are_private(env):
    before = os.umask(0)
    try:
        run_id = store(env, 0)
    finally:
        os.umask(before)
    for folder in (all_runs(env), folder_of(env, run_id)):
        assert os.stat(folder).st_mode & 0o777 == 0o700


def test_now_and_then_is_once_a_minute(env):
    prune(env)
    store(env, 0)
    prune(env)
    old = store(env, 8 * DAY)
    prune_now_and_then(env)
    assert old in stored_ids(env)
    os.utime(f"{all_runs(env)}/.pruned", (0, time.time() - 61))
    prune_now_and_then(env)
    assert old not in stored_ids(env)


def set_aside(home, name, age):
    """A folder of things taken out of a repository, among them one that nobody can list."""
    folder = home / ".local/state/llmx/set-aside" / name
    (folder / "hooks/closed").mkdir(parents=True)
    (folder / "hooks/closed/file").write_text("x")
    (folder / "hooks/away").symlink_to(home)
    for closed in (folder / "hooks/closed", folder / "hooks"):
        closed.chmod(0)
    os.utime(folder, (time.time() - age,) * 2)
    return folder


def test_what_was_taken_out_of_repositories_goes_after_a_week_too(env, home):
    old, young = set_aside(home, "old", 7 * DAY + 60), set_aside(home, "young", 7 * DAY - 60)
    prune(env)
    assert (old.exists(), young.exists(), home.exists()) == (False, True, True)


def test_what_a_run_that_goes_on_may_ask_for_stays_even_where_all_is_to_go(env, home):
    old, young = set_aside(home, "old", 7200), set_aside(home, "young", 60)
    prune(env, days=0)
    assert (old.exists(), young.exists()) == (False, True)


def test_the_next_thing_taken_away_makes_room_as_well(env, home):
    old = set_aside(home, "old", 7 * DAY + 60)
    SetAside().keep(b"x", "/some/config")
    assert not old.exists()
    assert len(list(old.parent.iterdir())) == 1
