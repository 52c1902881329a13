"""What is typed about windows: what goes together, what does not, and that nothing of it loosens anything."""

import socket
import tempfile
from pathlib import Path

import pytest

from llmx.exec.terminals.display import has_display
from tests.exec.conftest import LLM_EXEC

REFUSED = [
    (["--hold"], "--hold is for a run in a window", "add --terminal auto"),
    (["--detach"], "--detach is for a run in a window", "add --terminal auto; --background leaves a run to itself"),
    (["--wezterm", "--terminal", "tmux"], "both --wezterm and --terminal tmux are given", "leave one of the two out"),
    (["--terminal", "xtrem"], "--terminal xtrem: no such terminal is known", "did you mean xterm?"),
    (["--terminal", "konsole-or-so"], "no such terminal is known", "one of auto, tmux, wezterm, kitty, "),
    (["--terminal", ""], "--terminal needs a value", ""),
    (["--terminal", "tmux", "--keep-children"], "--keep-children: what is left running", "--detach leaves"),
    (["--tmux"], "unknown option --tmux", "did you mean --terminal tmux?"),
    (["--terminal=auto", "--stdin", "nowhere"], "--stdin nowhere: the file does not exist", ""),
]


@pytest.mark.parametrize(("words", "message", "hint"), REFUSED, ids=lambda value: str(value)[:30])
def test_what_does_not_go_together_is_refused(place, words, message, hint):
    ran = place.run(*words, "--json", "--", "touch", "ran")
    assert (ran.code, ran.out.count(b"\n")) == (125, 1)
    assert message in ran.result["setup_error"]["message"]
    assert hint in "".join(ran.result["hints"])
    assert not (place.folder / "ran").exists()


def test_a_run_without_a_window_has_no_terminal(place):
    assert place.run("--json=full", "--", "true").result["terminal"] is None
    assert "terminal" not in place.run("--json", "--", "true").result
    assert "terminal" not in place.audit()[0]


def test_a_denied_command_opens_no_window(place, tmux):
    place.write("llmx.toml", 'exec.policy.deny = ["touch"]\n')
    ran = place.run("--terminal", "tmux", "--json", "--", "touch", "ran")
    assert (ran.code, ran.result["status"]) == (126, "denied")
    assert ran.result.get("terminal") is None
    assert tmux("list-windows", "-a").count("\n") == 1


def test_the_lock_and_a_strict_level_hold_in_a_window(place, tmux):
    place.tool = LLM_EXEC
    config = place.folder / ".config/llmx"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[exec.policy]\nlevel = "restricted"\nlock = true\n')
    (work := place.folder / "work").mkdir()
    script = "touch here; echo $?; touch ../outside; echo $?; ls ..; echo $SECRET_OF_MINE, $TMUX"
    env = {"SECRET_OF_MINE": "hidden"}
    ran = place.run("--terminal", "tmux", "--json", "--command", f"({script}) 2>&1", cwd=work, env=env)
    assert ran.result["sandbox"]["policy"] == "restricted"
    assert ran.result["sandbox"].get("loosened", []) == []
    assert not (work / "here").exists()
    assert not (place.folder / "outside").exists()
    assert "hidden" not in ran.result["stdout"]
    assert str(place.folder / "tmux") not in ran.result["stdout"]
    ran = place.run("--terminal", "tmux", "--write", "/opt", "--", "true", cwd=work)
    assert ran.code == 126


def test_a_sandboxed_command_finds_nothing_of_the_meeting(place, tmux):
    place.tool = LLM_EXEC
    (work := place.folder / "work").mkdir()
    script = "find / -name 'llm-exec-window-*' 2>/dev/null; ls /proc/*/fd | grep -c socket"
    ran = place.run("--terminal", "tmux", "--json", "--command", script, cwd=work)
    assert ran.result["stdout"] == "0\n"


PLUGIN = """
from llmx.exec.terminals import Terminal, Way

WINDOWS = Terminal("windows", inside=(), ways=(Way(("windows", "--run", "{run}")),), says="install it")
"""


def test_a_package_can_bring_a_terminal(place, until):
    (info := place.folder / "extra-1.0.dist-info").mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[llmx.terminals]\nwindows = extra:WINDOWS\n")
    place.write("extra.py", PLUGIN)
    (programs := place.folder / "programs").mkdir()
    place.write("programs/windows", '#!/bin/sh\nshift; exec script -qec "$*" /dev/null\n', 0o755)
    (work := place.folder / "work").mkdir()
    env = {"PYTHONPATH": f"{place.env['PYTHONPATH']}:{place.folder}", "PATH": f"{programs}:/usr/bin:/bin"}
    ran = place.run("--terminal", "windows", "--json", "--", "sh", "-c", "test -t 1; exit 6", env=env, cwd=work)
    assert (ran.code, ran.result["terminal"]) == (6, {"name": "windows", "window": None})
    until(lambda: not place.survivors(), "the end of the window")


@pytest.fixture
def screen():
    """A folder with a socket that answers, one that does not, and a file."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name, socket.socket(socket.AF_UNIX) as listener:
        folder = Path(name)
        listener.bind(f"{folder}/wayland-1")
        listener.listen()
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(f"{folder}/gone")
        (folder / "file").touch()
        yield folder


def test_a_display_is_one_that_answers(screen):
    runtime = {"XDG_RUNTIME_DIR": str(screen)}
    there = [runtime | {"WAYLAND_DISPLAY": "wayland-1"}, {"WAYLAND_DISPLAY": f"{screen}/wayland-1"}]
    there += [{"DISPLAY": f"{screen}/wayland-1"}, {"DISPLAY": f"{screen}/wayland-1.0"}]
    assert [has_display(env) for env in there] == [True] * 4
    gone = [{}, {"WAYLAND_DISPLAY": "wayland-1"}, runtime | {"WAYLAND_DISPLAY": "gone"}, {"DISPLAY": f"{screen}/gone"}]
    gone += [{"DISPLAY": name} for name in (":", ":x", ":4711", ":4711.0", "unix:4711", "localhost:59000", "x\0:1")]
    gone += [{"DISPLAY": ":99999999999"}, {"DISPLAY": "localhost:99999999"}, {"DISPLAY": "/" + "x" * 200}]
    assert [has_display(env) for env in gone] == [False] * len(gone)


def test_a_display_of_another_machine_is_asked_by_tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert has_display({"DISPLAY": f"127.0.0.1:{port - 6000}.0"}) == (port >= 6000)
