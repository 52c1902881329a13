"""The execution log by itself: whole lines only, and an honest word when there is none."""

import json
import os
import re

import pytest

from llmx.core.audit import AuditLog, new_run_id, timestamp


@pytest.fixture
def env(home):
    return {"HOME": str(home)}


def test_lines_are_appended_with_time_event_and_id(env):
    log = AuditLog(env)
    assert log.write("start", "id1", argv=["a\nb", "\udcff"], pid=1)
    assert AuditLog(env).write("end", "id1", exit_code=0)
    with open(log.path) as file:
        first, second = map(json.loads, file)
    assert list(first) == ["time", "event", "run_id", "argv", "pid"]
    assert (first["argv"], second["event"], second["run_id"]) == (["a\nb", "\udcff"], "end", "id1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert log.problem == ""


def test_the_folders_on_the_way_are_made_and_the_file_is_private(env):
    log = AuditLog(env)
    assert os.stat(log.path).st_mode & 0o777 == 0o600


def test_a_torn_line_is_closed_first(env):
    log = AuditLog(env)
    with open(log.path, "w") as file:
        file.write('{"torn')
    assert log.write("start", "id1")
    with open(log.path) as file:
        torn, line = file.read().splitlines()
    assert torn == '{"torn'
    assert json.loads(line)["run_id"] == "id1"


def test_a_log_that_cannot_be_opened_says_why_and_writes_nothing(env, home):
    (home / ".local").write_text("")
    log = AuditLog(env)
    assert log.write("start", "id1") is False
    assert log.problem == f"{log.path}: Not a directory"


def test_a_write_that_fails_says_why(env, home):
    (home / ".local/share").mkdir(parents=True)
    (home / ".local/share/llm-exec.log").symlink_to("/dev/full")
    log = AuditLog(env)
    assert log.write("start", "id1") is False
    assert log.problem == f"{log.path}: No space left on device"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1.9999, "1970-01-01T00:00:01.999Z"),
        (1_700_000_000.5, "2023-11-14T22:13:20.500Z"),
    ],
)
def test_times_are_utc_with_milliseconds(seconds, text):
    assert timestamp(seconds) == text


def test_run_ids_sort_by_the_millisecond_and_differ_within_it():
    assert new_run_id(1.0) < new_run_id(1.002) < new_run_id(2.0) < new_run_id(4_000_000_000.0)
    assert len({new_run_id(1.0) for _ in range(1000)}) == 1000
    assert re.fullmatch("[0-9a-hjkmnp-tv-z]{16}", new_run_id(1_700_000_000.0))
