"""Terminals that cannot be had here, by a stand-in that refuses whatever the real one does not document."""

import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from llmx.exec.terminals import choice, display
from llmx.exec.terminals.opening import PATIENCE
from llmx.exec.terminals.rows import TERMINALS
from tests.exec.terminals.documented import Undocumented, command_of

STAND_IN = Path(__file__).with_name("stand_in.py")
SHOWN = ("wezterm", "kitty", "ghostty", "gnome-terminal", "xterm")
IN_WEZTERM = {"WEZTERM_PANE": "3", "WEZTERM_UNIX_SOCKET": "/run/wezterm"}


@pytest.fixture
def stand_in(place, until):
    """Put stand-ins on the PATH by name; what they record."""
    programs = place.folder / "programs"
    programs.mkdir()
    record = place.folder / "record"
    record.touch()
    work = place.folder / "work"
    work.mkdir()
    for file in (programs, record, work):
        os.chown(file, place.uid, -1)
    place.env |= {"PATH": f"{programs}:/usr/bin:/bin", "STAND_IN_RECORD": str(record)}
    place.work = work

    source = STAND_IN.read_text().replace("os.path.realpath(__file__)", repr(str(STAND_IN)))

    def install(*names):
        for name in names:
            place.write(f"programs/{name}", f"#!{sys.executable} -IS\n{source}", 0o755)
        return lambda: [json.loads(line) for line in record.read_text().splitlines()]

    yield install
    until(lambda: not place.survivors(), "the end of every window")


@pytest.fixture
def shown(place):
    """A Wayland display that answers, and nothing of a tmux around."""
    runtime = place.folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.chown(runtime, place.uid, -1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{runtime}/wayland-9")
        os.chmod(f"{runtime}/wayland-9", 0o777)
        listener.listen(64)
        place.env |= {"XDG_RUNTIME_DIR": str(runtime), "WAYLAND_DISPLAY": "wayland-9"}
        yield


def run(place, *words, **env):
    return place.run(*words, env=env, cwd=place.work)


@pytest.mark.promise("S0-14")
def test_wezterm_is_asked_for_a_window_and_its_pane_is_in_the_record(place, stand_in):
    record = stand_in("wezterm")
    ran = run(place, "--wezterm", "--json", "--", "sh", "-c", "stty size; echo $TERM; exit 7", **IN_WEZTERM)
    assert (ran.code, ran.result["stdout"]) == (7, "33 77\nxterm-256color\n")
    [words] = record()
    assert words[:6] == ["wezterm", "cli", "spawn", "--new-window", "--cwd", str(place.work)]
    assert words[6] == "--"
    assert place.audit()[-1]["terminal"] == ran.result["terminal"] == {"name": "wezterm", "window": "17"}


@pytest.mark.promise("S0-15", "S0-23")
def test_the_documents_own_command_line_returns_what_the_program_does(place, stand_in):
    stand_in("wezterm")
    place.write("programs/python", "#!/bin/sh\necho trained $1; sleep 0.2; exit 7\n", 0o755)
    words = ["--wezterm", "--monitor", "--timeout", "600", "--", "python", "train_model.py"]
    ran = run(place, *words, **IN_WEZTERM)
    assert (ran.code, ran.out) == (7, b"trained train_model.py\n")
    start, end = place.audit()
    assert (start["terminal"], start["monitor"], start["timeout_s"]) == ("wezterm", True, 600)
    assert end["exit_code"] == 7
    run_id = run(place, "--detach", *words, **IN_WEZTERM).out.decode().strip()
    assert place.run(program=[sys.executable, "-m", "llmx", "runs", "wait", run_id]).code == 7


@pytest.mark.promise("S0-17")
def test_without_new_window_it_is_a_tab(place, stand_in):
    record = stand_in("wezterm")
    run(place, "--wezterm", "--", "true", LLMX_EXEC__WEZTERM__NEW_WINDOW="false", **IN_WEZTERM)
    assert record()[0][:5] == ["wezterm", "cli", "spawn", "--cwd", str(place.work)]


@pytest.mark.promise("S0-16")
def test_where_there_is_no_wezterm_nothing_runs(place, stand_in):
    stand_in()
    ran = run(place, "--wezterm", "--json", "--", "touch", "ran", **IN_WEZTERM)
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "terminal")
    assert "wezterm is not installed" in ran.result["setup_error"]["message"]
    assert "--background" in ran.result["hints"][0]
    assert ran.result["duration_s"] < PATIENCE, "no window was awaited"
    stand_in("wezterm")
    ran = run(place, "--wezterm", "--", "touch", "ran", LLMX_EXEC__WEZTERM__ENABLED="false", **IN_WEZTERM)
    assert ran.code == 125
    assert b"exec.wezterm.enabled is false" in ran.err
    assert not (place.work / "ran").exists()


@pytest.mark.promise("S0-16")
def test_a_wezterm_without_windows_is_not_made_to_start_a_server_unseen(place, stand_in):
    record = stand_in("wezterm")
    ran = run(place, "--wezterm", "--json", "--", "touch", "ran", STAND_IN_FAILS="failed to connect")
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "terminal")
    assert "wezterm: failed to connect" in ran.result["setup_error"]["message"]
    assert [words[:4] for words in record()] == [["wezterm", "cli", "--no-auto-start", "spawn"]]
    assert ran.result["duration_s"] < PATIENCE, "no window was awaited"


def test_a_wezterm_that_runs_elsewhere_is_found_by_its_socket(place, stand_in, shown):
    record = stand_in("wezterm")
    folder = place.folder / "runtime/wezterm"
    folder.mkdir()
    (folder / "gui-sock-123").touch()
    assert run(place, "--wezterm", "--", "true").code == 0
    assert record()[0][:3] == ["wezterm", "cli", "spawn"]


def test_what_fails_is_followed_by_the_next_way(place, stand_in, shown):
    record = stand_in("wezterm")
    ran = run(place, "--wezterm", "--", "true", STAND_IN_FAILS="nobody there", **IN_WEZTERM)
    assert ran.code == 125
    assert [words[1] for words in record()] == ["cli", "start", "cli"]
    assert ran.err.count(b"nobody there") == 1


@pytest.mark.parametrize("name", SHOWN)
def test_each_opens_its_window_by_what_it_documents(place, stand_in, shown, name):
    record = stand_in(name)
    ran = run(place, "--terminal", name, "--json", "--", "sh", "-c", "test -t 1; echo $?; stty size; exit 5")
    assert (ran.code, ran.result["stdout"]) == (5, "0\n33 77\n")
    assert ran.result["terminal"]["name"] == name
    assert record()[0][0] == name


def test_kittys_remote_control_opens_it_in_the_kitty_that_runs(place, stand_in, shown):
    record = stand_in("kitty")
    env = {"KITTY_LISTEN_ON": "unix:/tmp/kitty"}
    ran = run(place, "--terminal", "kitty", "--json", "--", "true", **env)
    assert (ran.code, ran.result["terminal"]) == (0, {"name": "kitty", "window": "17"})
    assert record()[0][1:6] == ["@", "launch", "--type", "os-window", "--keep-focus"]
    run(place, "--terminal", "kitty", "--", "true", LLMX_EXEC__WEZTERM__NEW_WINDOW="false", **env)
    assert record()[1][1:5] == ["@", "launch", "--type", "tab"]


AROUND = [
    ({"WEZTERM_PANE": "3"}, "wezterm"),
    ({"TERM_PROGRAM": "WezTerm"}, "wezterm"),
    ({"KITTY_LISTEN_ON": "unix:/tmp/x"}, "kitty"),
    ({"KITTY_PID": "1", "KITTY_WINDOW_ID": "1"}, "kitty"),
    ({"TERM_PROGRAM": "ghostty"}, "ghostty"),
    ({"GNOME_TERMINAL_SCREEN": "/org/gnome/Terminal/screen/1"}, "gnome-terminal"),
    ({"XTERM_VERSION": "XTerm(379)"}, "xterm"),
    ({"TERM_PROGRAM": "vscode"}, "wezterm"),
    ({}, "wezterm"),
]


@pytest.mark.parametrize(("env", "name"), AROUND, ids=str)
def test_auto_takes_the_terminal_that_is_around(place, stand_in, shown, env, name):
    stand_in(*SHOWN)
    ran = run(place, "--terminal", "auto", "--json", "--", "true", **env)
    assert (ran.code, ran.result["terminal"]["name"]) == (0, name)


def test_auto_takes_what_is_installed_where_nothing_is_around(place, stand_in, shown):
    stand_in("xterm", "ghostty")
    assert run(place, "--terminal", "auto", "--json", "--", "true").result["terminal"]["name"] == "ghostty"


def test_auto_prefers_the_tmux_in_a_terminal(place, stand_in, tmux, shown):
    stand_in(*SHOWN)
    ran = run(place, "--terminal", "auto", "--json", "--", "true", **IN_WEZTERM)
    assert ran.result["terminal"]["name"] == "tmux"


@pytest.mark.parametrize("env", [{}, {"DISPLAY": ":987"}, {"WAYLAND_DISPLAY": "wayland-0"}, {"DISPLAY": "nonsense"}])
def test_without_a_display_auto_says_so_and_nothing_runs(place, stand_in, env):
    stand_in(*SHOWN)
    ran = run(place, "--terminal", "auto", "--json", "--", "touch", "ran", **env)
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "terminal")
    assert "there is no terminal to show it in" in ran.result["setup_error"]["message"]
    assert all(value in ran.result["setup_error"]["message"] for value in env.values())
    assert ran.result["duration_s"] < PATIENCE, "no window was awaited"
    assert not (place.work / "ran").exists()


def test_what_runs_things_without_a_terminal_is_no_window(place, stand_in):
    stand_in()
    place.write("programs/wezterm", '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; "$@"\n', 0o755)
    ran = run(place, "--wezterm", "--", "touch", "ran", **IN_WEZTERM)
    assert ran.code == 125
    assert b"wezterm: it runs things without a terminal" in ran.err
    assert not (place.work / "ran").exists()


FLEETING = """
import os, pty, sys, time
command = sys.argv[sys.argv.index("--") + 1 :]
if os.fork():
    os._exit(0)
pid, master = pty.fork()
if pid == 0:
    os.execv(command[0], command)
while os.path.exists(command[-1]):
    time.sleep(0.001)
"""


def test_a_window_that_closes_at_once_is_no_defect(place, stand_in):
    stand_in()
    place.write("programs/wezterm", f"#!{sys.executable} -IS\n{FLEETING}", 0o755)
    for _ in range(5):
        ran = run(place, "--wezterm", "--json", "--grace", "0.1", "--", "sleep", "60", **IN_WEZTERM)
        assert ran.code == 125
        assert ran.result["status"] in ("window_closed", "error")
        assert ran.result.get("setup_error", {}).get("code") in (None, "terminal")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_who_ends_it_while_no_window_has_come_leaves_nothing(place, runtime, stand_in, until, number):
    stand_in()
    slow = '#!/bin/sh\ntouch $HOME/asked; shift 6; sleep 0.5; exec script -qec "$*" /dev/null\n'
    place.write("programs/wezterm", slow, 0o755)
    process = place.start("--wezterm", "--json", "--", "touch", "ran", env=IN_WEZTERM, cwd=place.work)
    until((place.folder / "asked").exists)
    process.send_signal(number)
    ran = place.finish(process)
    if number == signal.SIGKILL:
        assert ran.code == -9
    else:
        assert (ran.code, ran.result["status"]) == (128 + number, "interrupted")
        assert place.audit()[-1]["status"] == "interrupted"
    until(lambda: not place.survivors(), "the end of all")
    assert not list(runtime.iterdir())
    assert not (place.work / "ran").exists()


def test_a_program_in_the_project_is_not_started(place, stand_in):
    stand_in()
    place.write("work/wezterm", "#!/bin/sh\ntouch started\n", 0o755)
    os.symlink(place.work / "wezterm", place.folder / "programs/wezterm")
    for path in (f"{place.work}:/usr/bin:/bin", "/usr/bin:.:", place.env["PATH"]):
        ran = run(place, "--wezterm", "--", "true", PATH=path, **IN_WEZTERM)
        assert ran.code == 125
        assert b"wezterm is not installed" in ran.err
    assert not (place.work / "started").exists()


@pytest.mark.parametrize("new_window", [True, False])
@pytest.mark.parametrize("name", ["iterm2", "ghostty", "wezterm", "kitty"])
def test_at_a_mac_the_words_are_documented_too(monkeypatch, tmp_path, name, new_window):
    for program in ("open", "osascript", "wezterm", "kitty", "ghostty"):
        shutil.copy("/bin/true", tmp_path / program)
    run_words = ('/Applications/My "Py" thon/bin/python3', "-I", "/it's/$HOME\\/seat.py", "/tmp/x")
    monkeypatch.setattr(sys, "platform", "darwin")
    wish = choice.Wish(name, new_window, True, "make", "/", run_words)
    env = {"PATH": str(tmp_path), "HOME": "/nowhere"}
    found = choice.openings(wish, env)
    assert found
    for opening in found:
        program, *arguments = opening.words
        assert tuple(command_of(program, arguments)) == run_words
    assert not display.is_at_mac(env | {"SSH_CONNECTION": "1"})


def test_the_table_of_what_is_documented_refuses_what_is_not():
    for words in (["wezterm", "cli", "spawn", "--title", "x", "--", "ls"], ["xterm", "--hold", "-e", "ls"], ["kitty"]):
        with pytest.raises(Undocumented):
            command_of(words[0], words[1:])
    with pytest.raises(Undocumented):
        command_of("osascript", ["-e", 'tell application "Finder" to quit'])


def test_every_terminal_of_the_issue_has_its_row():
    names = {"tmux", "wezterm", "kitty", "ghostty", "xterm", "gnome-terminal", "iterm2"}
    assert set(TERMINALS) == names
    assert all(row.name == name and row.ways for name, row in TERMINALS.items())
