"""llm-exec rotates its log as the settings say."""

import json
import os

import pytest

from llmx.core.audit_reader import entries

LINE = '{"time":"2026-01-01T00:00:00.000Z","event":"start","run_id":"old"}\n'


@pytest.mark.promise("S0-26")
def test_a_run_puts_a_full_log_aside(place):
    old = LINE.replace("2026", "9999") * ((10 << 20) // len(LINE) + 1)
    place.run("--", "true")
    place.write(place.log, old)
    assert place.run("--", "true").code == 0
    assert (place.log.parent / "llm-exec.log.1").read_text() == old
    assert [line["event"] for line in place.audit()] == ["start", "end"]


@pytest.mark.promise("S0-26")
def test_a_run_puts_an_old_log_aside(place):
    place.run("--", "true")
    place.write(place.log, LINE.replace("2026", "2001"))
    assert place.run("--", "true").code == 0
    assert (place.log.parent / "llm-exec.log.1").exists()
    assert [line["event"] for line in place.audit()] == ["start", "end"]


@pytest.mark.promise("S0-26")
def test_the_settings_say_when_and_how_many(place):
    place.run("--", "true")
    (place.folder / ".config/llmx").mkdir(parents=True)
    place.write(".config/llmx/config.toml", '[logging]\nmax_bytes = "1K"\nkeep = 2\n')
    for _ in range(4):
        assert place.run("--", "true", "x" * 1100).code == 0
    assert sorted(name for name in os.listdir(place.log.parent) if "llm-exec" in name) == [
        *("llm-exec.log", "llm-exec.log.1", "llm-exec.log.2.gz", "llm-exec.log.lock")
    ]


def test_a_command_that_runs_across_a_rotation_has_both_its_lines(place, until):
    process = place.start("--", "sh", "-c", "touch up; read x", stdin=-1)
    until((place.folder / "up").exists)
    with open(place.log, "a") as log:
        log.write(LINE * ((10 << 20) // len(LINE)))
    place.run("--", "true")
    assert place.finish(process).code == 1
    mine = [(entry["run_id"], entry["event"]) for entry in entries(place.env) if entry["run_id"] != "old"]
    first, second = mine[0][0], mine[1][0]
    assert mine == [(first, "start"), (second, "start"), (second, "end"), (first, "end")]
    assert json.loads(place.log.read_text().splitlines()[-1])["run_id"] == first
