"""A record's process is told apart from a later one of the same number."""

import os
import signal
import subprocess
import sys
import time

import pytest

from llmx.core.runs.liveness import Claim, hold, is_alive, since_boot
from llmx.core.runs.portable import started_at

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells processes apart by /proc; see portable.py")


@pytest.fixture
def start():
    """Start a process whose command line is that of an llm-exec, or another's."""
    started = []

    def run(name="llm-exec"):
        words = [sys.executable, "-c", "print(flush=True); input()", name]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout
        process.stdout.readline()
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def claim(process, *, boot_s=0.0, seen=0.0):
    return Claim(process.pid, os.getuid(), time.time() + seen, since_boot() + boot_s)


def test_one_that_was_there_before_the_record_is_it(start):
    assert is_alive(claim(start()))


def test_one_that_started_after_the_record_is_another(start):
    process = start()
    assert not is_alive(claim(process, boot_s=-30.0))


def test_without_the_time_since_boot_the_clock_decides(start):
    process = start()
    assert is_alive(Claim(process.pid, os.getuid(), time.time(), None))
    assert not is_alive(Claim(process.pid, os.getuid(), time.time() - 30, None))


def test_a_record_from_before_the_machine_was_started_again_is_over(start):
    long_ago = -(since_boot() or 0.0) - 60
    assert not is_alive(claim(start(), boot_s=1000.0, seen=long_ago))


def test_one_that_is_no_llm_exec_is_another(start):
    assert not is_alive(claim(start("other")))


def test_another_users_is_another(start):
    process = start()
    assert not is_alive(Claim(process.pid, os.getuid() + 1 or 1, time.time(), since_boot())) or os.getuid() == 0


def test_one_that_has_ended_is_over_reaped_or_not(start):
    process = start()
    record = claim(process)
    process.stdin.close()
    process.stdin = None
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(record)
    process.wait()
    assert not is_alive(record)


@pytest.mark.parametrize("pid", [0, 1, -1])
def test_numbers_that_stand_for_many_are_nobodys(pid):
    assert not is_alive(Claim(pid, 0, time.time(), since_boot()))
    assert list(hold(Claim(pid, 0, time.time(), since_boot()))) == []


def test_a_hold_reaches_that_process_and_tells_its_end(start):
    process = start()
    for handle in hold(claim(process)):
        assert not handle.wait(0.01)
        handle.send(signal.SIGTERM)
        assert handle.wait(10)
        process.wait()
        with pytest.raises(ProcessLookupError):
            handle.send(signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


def test_where_no_process_can_be_held_it_is_looked_at_again_before_it_is_told(start, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    process = start()
    for handle in hold(claim(process)):
        assert not handle.wait(0.01)
        handle.send(signal.SIGTERM)
        assert handle.wait(10)
        process.wait()
        with pytest.raises(ProcessLookupError):
            handle.send(signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


def test_without_proc_the_time_of_its_start_tells_it_apart(start, monkeypatch):
    process = start()
    now = claim(process, seen=1.0)
    assert abs((started_at(process.pid) or 0) - time.time()) < 60
    monkeypatch.setattr(os.path, "isdir", lambda path: path != "/proc/self")
    assert is_alive(now)
    assert not is_alive(claim(process, seen=-60))
    process.kill()
    process.wait()
    assert not is_alive(now)
    assert started_at(process.pid) is None


def test_there_is_no_hold_on_a_later_process(start):
    process = start()
    assert list(hold(claim(process, boot_s=-30.0))) == []
    assert process.poll() is None
