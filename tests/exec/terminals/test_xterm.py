"""Runs in windows of a real xterm, on a display of the test's own."""

import os
import shutil
import signal
import subprocess

import pytest

from tests.exec.conftest import LLM_EXEC

WINDOW = ("--terminal", "xterm")


@pytest.fixture(scope="module")
def display():
    """An X display without a screen."""
    assert shutil.which("xterm"), "the README's test command installs xterm and xvfb"
    reader, writer = os.pipe()
    words = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(words, pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        with open(reader) as said:
            number = said.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
        server.terminate()


@pytest.fixture
def shown(place, display, until):
    """The place has that display."""
    place.env["DISPLAY"] = display
    yield display
    until(lambda: not place.survivors(), "the end of every window")


def terminals(place):
    """The pids of the xterms that are there."""
    return [pid for pid, line in place.survivors().items() if line.startswith(b"xterm\0")]


@pytest.mark.parametrize("tool", [(*LLM_EXEC, "--no-sandbox"), LLM_EXEC], ids=["without", "with"])
def test_the_result_is_that_of_any_run(either_place, display, until, tool):
    either_place.tool = tool
    either_place.env["DISPLAY"] = display
    (work := either_place.folder / "work").mkdir()
    os.chown(work, either_place.uid, -1)
    script = "echo out; test -t 0 -a -t 1; echo $?; stty size; echo $TERM; exit 7"
    ran = either_place.run(*WINDOW, "--json", "--", "sh", "-c", script, cwd=work)
    assert (ran.code, ran.result["stdout"]) == (7, "out\n0\n24 80\nxterm\n")
    assert ran.result["terminal"] == {"name": "xterm", "window": None}
    until(lambda: not either_place.survivors(), "the end of the window")


def test_auto_takes_it_on_a_display(place, shown):
    ran = place.run("--terminal", "auto", "--json", "--", "true")
    assert (ran.code, ran.result["terminal"]["name"]) == (0, "xterm"), ran


def test_closing_the_window_ends_the_run(place, shown, until):
    process = place.start(*WINDOW, "--json", "--grace", "0.2", "--", "sh", "-c", "touch up; exec sleep 60")
    until((place.folder / "up").exists)
    [pid] = terminals(place)
    os.kill(pid, signal.SIGTERM)
    ran = place.finish(process)
    assert (ran.code, ran.result["status"]) == (125, "window_closed")
    assert ran.result["usage"]["processes"] <= 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_caller_that_ends_takes_the_window_along(place, shown, until, number):
    process = place.start(*WINDOW, "--", "sh", "-c", "touch up; exec sleep 60")
    until((place.folder / "up").exists)
    process.send_signal(number)
    place.finish(process)
    until(lambda: not place.survivors(), "the end of the window")


def test_a_timeout_ends_the_run_and_its_window(place, shown):
    ran = place.run(*WINDOW, "--timeout", "0.3", "--grace", "0.1", "--", "sleep", "60")
    assert ran.code == 124


def test_a_held_window_outlives_its_run(place, shown, until):
    ran = place.run(*WINDOW, "--hold", "--", "sh", "-c", "exit 3")
    assert ran.code == 3
    [pid] = terminals(place)
    os.kill(pid, signal.SIGTERM)


def test_two_windows_at_once_keep_to_themselves(place, shown):
    both = [place.start(*WINDOW, "--", "sh", "-c", f"sleep 0.1; echo {number}; exit {number}") for number in (3, 4)]
    ran = [place.finish(process) for process in both]
    assert [(one.code, one.out) for one in ran] == [(3, b"3\n"), (4, b"4\n")]


def test_a_display_that_is_gone_is_said_at_once(place, shown):
    ran = place.run(*WINDOW, "--json", "--", "touch", "ran", env={"DISPLAY": ":4711"})
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "terminal")
    assert "the display :4711 does not answer" in ran.result["setup_error"]["message"]
    assert not (place.folder / "ran").exists()
