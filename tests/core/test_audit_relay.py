"""Inner runs hand their lines over; whatever else comes through the pipe does no harm."""

import json
import os

import pytest

from llmx.core.audit import AuditLog
from llmx.core.audit_relay import LONGEST, MOST_BYTES, MOST_LINES, Relay, RelayedLog, packet

OUTER, INNER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def log(home):
    return AuditLog({"HOME": str(home)})


@pytest.fixture
def relay(log):
    made = Relay(log, OUTER)
    yield made
    made.close()


def lines(log):
    with open(log.path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def inner(relay):
    return RelayedLog(f"/proc/self/fd/{relay.writer}")


def test_a_line_arrives_with_the_run_it_was_said_in(log, relay):
    said = inner(relay)
    assert said.write("start", INNER, argv=["ls"], cwd="/x")
    assert said.write("end", INNER, exit_code=0)
    relay.move()
    start, end = lines(log)
    assert {k: start[k] for k in ("event", "run_id", "outer", "argv")} == {
        "event": "start",
        "run_id": INNER,
        "outer": OUTER,
        "argv": ["ls"],
    }
    assert (end["event"], end["outer"], end["exit_code"]) == ("end", OUTER, 0)


def test_lines_of_many_writers_stay_whole(log, relay):
    writers = [inner(relay) for _ in range(8)]
    for number in range(3):
        for writer in writers:
            assert writer.write("start", INNER, argv=["x" * 900, str(number)])
        relay.move()
    assert len(lines(log)) == 24


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[]",
        b"1",
        b"{}",
        b'{"event":"start"}',
        b'{"event":"start","run_id":7}',
        b'{"event":"start","run_id":"short"}',
        b'{"event":"start","run_id":"../../etc/passwd"}',
        b'{"event":"wipe","run_id":"fedcba9876543210"}',
        b"\xff\xfe",
        b"[" * 4000,
        b'{"event":"end","run_id":"fedcba9876543210","exit_code":1e999}',
        b'{"event":"end","run_id":"fedcba9876543210","duration_s":NaN}',
    ],
)
def test_what_is_no_line_is_left_out(log, relay, data):
    if data:
        os.write(relay.writer, data)
    relay.move()
    inner(relay).write("end", INNER)
    relay.move()
    assert [line["event"] for line in lines(log)] == ["end"]


def test_nobody_inside_can_speak_for_the_outer_run(log, relay):
    inner(relay).write("end", INNER, outer="0000000000000000", time="1999-01-01T00:00:00.000Z", status="ok")
    relay.move()
    (line,) = lines(log)
    assert line["outer"] == OUTER
    assert not line["time"].startswith("1999")


def test_only_what_a_run_tells_of_itself_is_taken(log, relay):
    os.write(relay.writer, b'{"event":"end","run_id":"fedcba9876543210","self":1,"path":"x","level":2,"exit_code":3}')
    relay.move()
    (line,) = lines(log)
    assert line["exit_code"] == 3
    assert not {"self", "path", "level"} & line.keys()


def test_a_flood_ends(log, relay):
    said = inner(relay)
    for _ in range(MOST_LINES // 10 + 20):
        for _ in range(10):
            said.write("end", INNER)
        relay.move()
    assert len(lines(log)) == MOST_LINES


def test_a_flood_of_long_lines_ends_before_the_log_is_rotated(log, relay):
    for _ in range(MOST_BYTES // LONGEST + 8):
        os.write(relay.writer, packet({"event": "end", "run_id": INNER, "argv": ["x" * 200] * 18}).ljust(LONGEST))
        relay.move()
    assert MOST_BYTES - LONGEST <= len(lines(log)) * LONGEST <= MOST_BYTES


@pytest.mark.parametrize("depth", [3, 300, 900, 1900])
def test_what_is_nested_deeper_than_a_run_tells_is_left_out(log, relay, depth):
    nested = b"[" * depth + b"]" * depth
    os.write(relay.writer, b'{"event":"start","run_id":"fedcba9876543210","pid":7,"argv":' + nested + b"}")
    relay.move()
    assert all(line["pid"] == 7 and "argv" not in line for line in lines(log))


def test_a_long_command_line_is_cut_and_says_so():
    data = packet({"event": "start", "run_id": INNER, "argv": ["x" * 300] * 100, "cwd": "/somewhere"})
    assert len(data) <= LONGEST
    assert json.loads(data)["argv"][-1] == "…"
    assert json.loads(data)["cwd"] == "/somewhere"
    assert json.loads(packet({"argv": ["y" * 9000]}))["argv"] == ["…"]


def test_a_full_pipe_and_an_outer_run_that_is_gone_are_told(log):
    relay = Relay(log, OUTER)
    said = inner(relay)
    while said.write("start", INNER, argv=["x" * 3000]):
        pass
    assert said.problem
    relay.close()
    gone = RelayedLog("/proc/self/fd/9999")
    assert gone.problem
    assert not gone.write("start", INNER)


def test_it_ends_when_all_writers_have(log, relay):
    relay.started()
    relay.move()
    assert relay.interest() == []
    assert relay.is_settled()
