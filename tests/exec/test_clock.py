"""With clocks of our own: which time is which in a result. Everything else about the run is real."""

import ctypes
import os
import signal

import pytest

from llmx.core.process import PR_SET_CHILD_SUBREAPER
from llmx.core.settings.keys import defaults
from llmx.exec.argv import parse
from llmx.exec.request import build
from llmx.exec.result import assemble
from llmx.exec.run import Run


class Clock:
    """Advances by ``step`` seconds each time it is asked."""

    def __init__(self, now, step):
        self.now = now
        self.step = step

    def __call__(self):
        self.now += self.step
        return self.now


@pytest.fixture(autouse=True)
def own_process():
    """A run takes over the process's signals and orphans: give them back."""
    numbers = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]
    before = {number: signal.getsignal(number) for number in numbers}
    wakeup = signal.set_wakeup_fd(-1)
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    signal.set_wakeup_fd(wakeup)
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)


def run(home, words, **clocks):
    env = {**os.environ, "HOME": str(home)}
    run = Run(build(parse(["--no-sandbox", *words]), defaults(), env, str(home)), **clocks)
    run.execute()
    return run, assemble(run)


def test_the_duration_is_the_monotonic_clocks_and_the_timestamps_the_walls(home, checked):
    clock = Clock(1000.0, 0.25)
    _, result = run(home, ["--json=full", "--stdin", "none", "true"], clock=clock, wall=lambda: 1_700_000_000.1239)
    assert result["started_at"] == "2023-11-14T22:13:20.123Z"
    assert result["duration_s"] == pytest.approx(clock.now - 1000.25)
    assert result["duration_s"] % 0.25 == 0
    assert result["exit_code"] == 0


def test_a_wall_clock_that_is_set_back_does_not_make_a_duration_negative(home):
    wall = Clock(2_000_000_000.0, -3600)
    _, result = run(home, ["--json", "--stdin", "none", "true"], wall=wall)
    assert 0 <= result["duration_s"] < 20
    assert result["ended_at"] >= result["started_at"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (951782399.9996, "2000-02-28T23:59:59.999Z"),
        (4102444800, "2100-01-01T00:00:00.000Z"),
    ],
)
def test_timestamps_are_utc_and_never_round_up(home, seconds, text):
    _, result = run(home, ["--json", "--stdin", "none", "true"], wall=lambda: seconds)
    assert result["started_at"] == text


def test_the_log_has_the_ids_of_the_wall_clock(home):
    early, _ = run(home, ["--json", "--stdin", "none", "true"], wall=lambda: 1_700_000_000.0)
    late, _ = run(home, ["--json", "--stdin", "none", "true"], wall=lambda: 1_700_000_000.001)
    assert early.run_id[:9] < late.run_id[:9]
