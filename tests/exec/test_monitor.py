"""``--monitor`` shows what the whole tree used, over time, in bounded space."""

import os
import pty
import select
import sys
from typing import cast

import pytest

from llmx.core.process import tree
from llmx.core.process.supervise import Ending, Supervisor
from llmx.exec.monitor import MOST_POINTS, Monitor, Point, Series

PYTHON = [sys.executable, "-I", "-S", "-c"]
MIB = 1 << 20


class Watched:
    """What a monitor asks of a supervisor."""

    def __init__(self) -> None:
        self.ending = Ending()
        self.strangers = frozenset(tree.children(os.getpid()))
        self.spared = list


@pytest.mark.promise("S0-19")
def test_a_child_that_holds_200_mb_is_seen_with_its_series(place):
    result = place.run(
        "--json=full", "--monitor", "--", *PYTHON, "import time; held = bytearray(200 << 20); time.sleep(1)"
    ).result
    assert result["usage"]["peak_rss_bytes"] >= 200 * MIB
    assert result["usage"]["source"] == "rusage+proc"
    assert result["usage"]["processes"] == 1
    assert result["exit_code"] == 0
    monitor = result["monitor"]
    assert monitor["samples"] >= 5
    assert monitor["interval_s"] == 0.1
    series = monitor["series"]
    assert list(series) == ["t_s", "cpu_s", "rss_bytes", "processes", "read_bytes", "write_bytes"]
    assert {len(column) for column in series.values()} == {monitor["samples"]}
    assert series["t_s"] == sorted(series["t_s"])
    assert series["t_s"][0] < 0.1
    assert series["cpu_s"] == sorted(series["cpu_s"])
    assert max(series["rss_bytes"]) >= 200 * MIB


@pytest.mark.promise("S0-20")
def test_two_grandchildren_of_100_mb_count_together(place):
    program = """
import os, time
if os.fork() == 0:
    for _ in range(2):
        if os.fork() == 0: held = bytearray(100 << 20); time.sleep(0.8); os._exit(0)
    os.wait(); os.wait(); os._exit(0)
os.wait()
"""
    usage = place.run("--json", "--monitor", "--", *PYTHON, program).result["usage"]
    assert usage["peak_rss_bytes"] >= 200 * MIB
    assert usage["processes"] == 4


def test_without_monitor_only_the_largest_process_is_known(place):
    result = place.run("--json=full", "--", "true").result
    assert result["monitor"] is None
    assert result["usage"]["processes"] is None
    assert result["usage"]["source"] == "rusage"


def test_a_command_that_is_over_at_once_is_still_one_process(place):
    result = place.run("--json=full", "--monitor", "--", "true").result
    assert result["usage"]["processes"] == 1
    assert result["monitor"]["samples"] >= 1


def test_what_a_daemon_wrote_that_escaped_its_parent_counts(place):
    """Its parent is gone, so only who adopts and reaps it learns what it did."""
    program = f"""
import os
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        with open({str(place.folder / "data")!r}, "wb") as file: file.write(bytes(3_000_000)); os.fsync(file.fileno())
        with open("/proc/self/io") as file: said = file.read()
        with open({str(place.folder / "io")!r}, "w") as file: file.write(said)
        os.close(1); os._exit(0)
    os._exit(0)
os.wait()
while not os.path.exists({str(place.folder / "io")!r}): pass
"""
    usage = place.run("--json", "--monitor", "--", *PYTHON, program).result["usage"]
    charged = int((place.folder / "io").read_text().split("\nwrite_bytes: ")[1].split()[0])
    assert charged <= usage["write_bytes"] < charged + 1_000_000  # the file system writes about it, too


@pytest.fixture
def on_a_terminal(place):
    """What llm-exec writes to stderr where that is a terminal."""

    def run(*words):
        ours, theirs = pty.openpty()
        process = place.start(*words, stderr=theirs)
        os.close(theirs)
        written = b""
        while select.select([ours], [], [], 20)[0]:
            try:
                written += os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
        os.close(ours)
        place.finish(process)
        return written

    return run


def test_on_a_terminal_one_line_is_rewritten_and_cleared_at_the_end(on_a_terminal):
    written = on_a_terminal("--no-sandbox", "--monitor", "--", *PYTHON, "import time; time.sleep(1)")
    lines = written.split(b"\r\x1b[K")
    assert (lines[0], lines[-1]) == (b"", b"")
    drawn = lines[1:-1]
    assert 2 <= len(drawn) <= 5
    for line in drawn:
        assert line.startswith(b"llm-exec: ")
        assert line.endswith(b"1 process")
        assert b"CPU" in line
        assert b"MB" in line
        assert b"\n" not in line


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_there_is_no_line_where_it_would_disturb(option, on_a_terminal):
    assert on_a_terminal("--no-sandbox", option, "--monitor", "--", "sleep", "0.4") == b""


def test_a_command_that_is_over_before_the_first_line_clears_nothing(on_a_terminal):
    assert on_a_terminal("--no-sandbox", "--monitor", "--", "true") == b""


def test_a_terminal_that_went_away_does_not_fail_the_run(place):
    ours, theirs = pty.openpty()
    process = place.start("--no-sandbox", "--monitor", "--", "sh", "-c", "sleep 0.6; exit 7", stderr=theirs)
    os.close(theirs)
    os.close(ours)
    assert place.finish(process).code == 7


@pytest.mark.parametrize(
    ("elapsed", "pause"), [(0, 0.1), (1, 0.1), (6, 0.1), (12, 0.2), (30, 0.5), (60, 1.0), (600, 1.0)]
)
def test_samples_become_rarer_as_the_run_gets_longer(elapsed, pause):
    monitor = Monitor(cast(Supervisor, Watched()), 1000.0)
    assert monitor.due == 1000.0
    monitor.check(1000.0 + elapsed)
    assert monitor.due == pytest.approx(1000.0 + elapsed + pause)
    assert monitor.fields()["interval_s"] == pause


def test_a_day_of_samples_stays_small_and_keeps_its_order_and_peaks():
    series = Series()
    for second in range(86_400):
        spike = second in (12_345, 80_001)
        series.add((float(second), second / 10, 900 if spike else 100, 7 if spike else 2, second, None))
    columns = series.columns()
    assert {len(column) for column in columns.values()} == {len(columns["t_s"])}
    assert MOST_POINTS / 2 <= len(columns["t_s"]) <= MOST_POINTS
    assert columns["t_s"] == sorted(columns["t_s"], key=lambda value: value or 0)
    assert columns["t_s"][-1] == 86_399
    assert columns["rss_bytes"].count(900) == 2
    assert columns["processes"].count(7) == 2
    assert set(columns["write_bytes"]) == {None}


@pytest.mark.parametrize("count", [1, 2, MOST_POINTS - 1, MOST_POINTS, MOST_POINTS + 1, 2 * MOST_POINTS + 1])
def test_no_sample_is_lost_at_the_edges_of_thinning(count):
    series = Series()
    points: list[Point] = [(float(number), 0, number, 0, 0, 0) for number in range(count)]
    for point in points:
        series.add(point)
    columns = series.columns()
    assert columns["t_s"][-1] == count - 1
    assert max(value or 0 for value in columns["rss_bytes"]) == count - 1
    assert len(columns["t_s"]) <= MOST_POINTS
