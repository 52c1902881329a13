"""Runs in windows of a real tmux: the same result as any other, seen and typed to by whoever watches."""

import json
import os
import pty
import shutil
import signal
import sys

import pytest

from tests.exec.conftest import LLM_EXEC, PATIENCE, REPOSITORY

WINDOW = ("--terminal", "tmux")
WAIT = "while [ ! -e go ]; do sleep 0.01; done"


def llmx(place, *words):
    return place.run(program=[sys.executable, "-m", "llmx", *words])


@pytest.mark.promise("S0-15")
@pytest.mark.parametrize("tool", [(*LLM_EXEC, "--no-sandbox"), LLM_EXEC], ids=["without", "with"])
def test_the_result_is_that_of_any_run_with_and_without_a_sandbox(either_place, make_tmux, tool):
    tmux = make_tmux(either_place)
    either_place.tool = tool
    project = either_place.folder / "project"
    project.mkdir()
    os.chown(project, either_place.uid, -1)
    script = "echo out; echo err >&2; test -t 0 -a -t 1 -a -t 2; echo terminal $?; stty size; echo $TERM; exit 7"
    ran = either_place.run(*WINDOW, "--json=full", "--", "sh", "-c", script, cwd=project)
    result = ran.result
    assert ran.code == 7, ran
    assert (result["status"], result["exit_code"], result["stderr"]) == ("failed", 7, None)
    assert result["stdout"].split("\n")[:4] == ["out", "err", "terminal 0", "30 100"]
    assert result["stdout"].split("\n")[4].startswith(("screen", "tmux"))
    assert result["terminal"]["name"] == "tmux"
    assert result["terminal"]["window"].startswith("%")
    assert result["sandbox"]["level"] == ("none" if "--no-sandbox" in tool else "full")
    tmux.wait_for_end()
    start, end = either_place.audit()
    assert (start["terminal"], end["terminal"]) == ("tmux", result["terminal"])
    assert (start["run_id"], end["exit_code"]) == (result["run_id"], 7)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["true"], (0, "ok")),
        (["sh", "-c", "kill -9 $$"], (137, "signal")),
        (["no-such-command"], (127, "error")),
        (["--timeout", "0.3", "--grace", "0.1", "sleep", "60"], (124, "timeout")),
        (["--max-output", "10", "yes"], (137, "limit")),
        (["--stall-timeout", "0.3", "--grace", "0.1", "sleep", "60"], (124, "stalled")),
    ],
    ids=str,
)
def test_it_ends_as_any_run_ends(place, tmux, words, expected):
    ran = place.run(*WINDOW, "--json", *words)
    assert (ran.code, ran.result["status"]) == expected
    tmux.wait_for_end()
    assert place.audit()[-1]["status"] == expected[1]


def test_a_flood_holds_up_neither_its_end_nor_that_of_its_window(place, tmux):
    ran = place.run(*WINDOW, "--json", "--timeout", "0.5", "--grace", "0.1", "--", "yes")
    assert (ran.code, ran.result["stdout"][:4]) == (124, "y\ny\n")
    tmux.wait_for_end()
    process = place.start(*WINDOW, "--json", "--grace", "0.1", "--", "yes")
    tmux("kill-pane", "-t", tmux.wait_for("y\ny"))
    assert place.finish(process).code == 125


def test_the_limit_that_a_command_names_is_found_in_what_is_shown(place, tmux):
    script = "with open('file', 'wb') as file: file.write(bytes(2_000_000))"
    words = ["--max-file-size", "1M", "--", sys.executable, "-S", "-c", script]
    ran = place.run(*WINDOW, "--json", *words)
    assert (ran.result["status"], ran.result["limit"]) == ("failed", "max_file_size")


def test_its_output_goes_on_to_whoever_reads_it_and_into_a_result(place, tmux):
    ran = place.run(*WINDOW, "--result", "r.json", "--", "sh", "-c", "seq 3; printf 'no\\rend'")
    assert (ran.code, ran.out, ran.err) == (0, b"1\n2\n3\nno\rend", b"")
    assert place.result("r.json")["stdout"] == "1\n2\n3\nno\rend"


def test_a_long_output_is_shown_and_captured_whole(place, tmux):
    ran = place.run(*WINDOW, "--", "sh", "-c", "seq 200000; echo the end")
    assert ran.code == 0
    assert ran.out.splitlines() == [*(str(number).encode() for number in range(1, 200001)), b"the end"]


def test_output_is_shown_while_it_runs_and_keys_reach_it(place, tmux):
    process = place.start(*WINDOW, "--json", "--", "sh", "-c", "echo ask''ing; read line; echo got $line")
    tmux.type(tmux.wait_for("asking"), "an answer", "Enter")
    ran = place.finish(process)
    assert (ran.code, ran.result["stdout"]) == (0, "asking\nan answer\ngot an answer\n")


def test_ctrl_c_in_the_window_is_the_commands(place, tmux):
    process = place.start(*WINDOW, "--json", "--", "sh", "-c", "echo up; exec sleep 60")
    tmux.type(tmux.wait_for("up"), "C-c")
    ran = place.finish(process)
    assert (ran.code, ran.result["status"], ran.result["signal"]) == (130, "interrupted", "SIGINT")


def test_a_command_that_heeds_ctrl_c_goes_on(place, tmux):
    script = "import time\ntry:\n  print('up'); time.sleep(60)\nexcept KeyboardInterrupt:\n  print('kept on')"
    process = place.start(*WINDOW, "--", sys.executable, "-S", "-c", script)
    tmux.type(tmux.wait_for("up"), "C-c")
    ran = place.finish(process)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, b"^Ckept on")


def test_a_new_size_of_the_window_reaches_the_command(place, tmux):
    script = "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done"
    process = place.start(*WINDOW, "--", "sh", "-c", script)
    tmux.wait_for("30 100")
    tmux("resize-window", "-t", ":1", "-x", "61", "-y", "17")
    assert place.finish(process).out.split() == [b"30", b"100", b"17", b"61"]


def test_a_full_screen_editor_works(place, tmux):
    editor = shutil.which("vim.tiny") or shutil.which("vim")
    assert editor, "the README's command installs vim-tiny"
    process = place.start(*WINDOW, "--", editor, "-u", "NONE", "-N", "file")
    pane = tmux.wait_for("~")
    tmux.type(pane, "i", "hello", "Escape", ":wq", "Enter")
    assert place.finish(process).code == 0
    assert (place.folder / "file").read_text() == "hello\n"


@pytest.mark.parametrize("tool", [(*LLM_EXEC, "--no-sandbox"), LLM_EXEC], ids=["without", "with"])
def test_closing_the_window_ends_the_run(place, tmux, tool):
    place.tool = tool
    (work := place.folder / "work").mkdir()
    script = "trap '' HUP; echo up; sleep 60 & exec sleep 60"
    process = place.start(*WINDOW, "--json", "--grace", "0.1", "--", "sh", "-c", script, cwd=work)
    tmux("kill-pane", "-t", tmux.wait_for("up"))
    ran = place.finish(process)
    assert (ran.code, ran.result["status"], ran.result["stdout"]) == (125, "window_closed", "up\n")
    assert ran.result["hints"][0].startswith("--background")
    tmux.wait_for_none_but_itself()
    assert place.audit()[-1]["status"] == "window_closed"
    assert b"window_closed" in llmx(place, "runs", "list", "--status", "window_closed").out


def test_a_killed_seat_is_a_closed_window(place, tmux):
    process = place.start(*WINDOW, "--", "sh", "-c", "echo up; exec sleep 60")
    pane = tmux.wait_for("up")
    os.kill(int(tmux("display", "-p", "-t", pane, "#{pane_pid}")), signal.SIGKILL)
    ran = place.finish(process)
    assert (ran.code, b"its window was closed" in ran.err) == (125, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("tool", [(*LLM_EXEC, "--no-sandbox"), LLM_EXEC], ids=["without", "with"])
def test_a_caller_that_ends_takes_run_and_window_along(place, runtime, tmux, number, tool):
    place.tool = tool
    (work := place.folder / "work").mkdir()
    process = place.start(*WINDOW, "--grace", "0.2", "--", "sh", "-c", "echo up; exec sleep 60", cwd=work)
    tmux.wait_for("up")
    process.send_signal(number)
    assert place.finish(process).code == (-number if number == signal.SIGKILL else 128 + number)
    tmux.wait_for_end()
    tmux.wait_for_none_but_itself()
    assert not list(runtime.iterdir())


def test_hold_keeps_the_window_and_says_how_it_ended(place, tmux):
    ran = place.run(*WINDOW, "--hold", "--", "sh", "-c", "echo done; exit 3")
    assert ran.code == 3
    pane = tmux.wait_for("ended with exit code 3; Enter closes this window")
    assert tmux.seen(pane).startswith("done\nllm-exec: ended")
    tmux.type(pane, "Enter")
    tmux.wait_for_end()


@pytest.mark.promise("S0-18")
def test_a_run_that_meets_the_default_timeout_says_how_to_lift_it(place, tmux):
    words = [*WINDOW, "--hold", "--grace", "0.1", "--", "sh", "-c", "printf '\\033[?1049h'; sleep 60"]
    ran = place.run(*words, env={"LLMX_EXEC__ISOLATION__TIMEOUT": "0.5"})
    assert ran.code == 124
    assert b"timed out after 0.5 s" in ran.err
    assert b"hint: every run has this end by default: --timeout 0 lets it go on" in ran.err
    pane = tmux.wait_for("Enter closes this window")
    assert "--timeout 0" in tmux.seen(pane)
    assert tmux("display", "-p", "-t", pane, "#{alternate_on}") == "0\n"
    tmux.type(pane, "Enter")
    ran = place.run(*WINDOW, "--timeout", "0.3", "--grace", "0.1", "--", "sleep", "60")
    assert b"--timeout 30m" in ran.err


def test_detach_prints_the_id_and_the_run_goes_on(place, tmux):
    ran = place.run(*WINDOW, "--detach", "--", "sh", "-c", f"echo one; {WAIT}; echo two; exit 5")
    assert (ran.code, ran.err, len(ran.out)) == (0, b"", 17)
    run_id = ran.out.decode().strip()
    shown = json.loads(llmx(place, "runs", "show", run_id, "--output", "json").out)
    assert (shown["status"], shown["background"], shown["limits"]) == ("running", True, {})
    follower = place.start(program=[sys.executable, "-m", "llmx", "runs", "logs", run_id, "--follow"])
    tmux.wait_for("one")
    place.write("go", "")
    assert place.finish(follower).out == b"one\ntwo\n"
    assert llmx(place, "runs", "wait", run_id).code == 5
    shown = json.loads(llmx(place, "runs", "show", run_id, "--output", "json").out)
    assert (shown["status"], shown["terminal"]["name"]) == ("failed", "tmux")
    assert b"terminal   tmux %" in llmx(place, "runs", "show", run_id).out


def test_a_detached_run_is_stopped_with_its_window(place, tmux):
    ran = place.run(*WINDOW, "--background", "--json", "--", "sh", "-c", "echo up; exec sleep 60")
    assert (ran.code, ran.result["status"], ran.result["terminal"]["name"]) == (0, "running", "tmux")
    tmux.wait_for("up")
    assert llmx(place, "runs", "stop", ran.result["run_id"]).code == 0
    tmux.wait_for_end()
    assert llmx(place, "runs", "wait", ran.result["run_id"]).code == 143


def test_a_detached_runs_window_can_be_typed_to_and_closed(place, tmux):
    run_id = place.run(*WINDOW, "--detach", "--", "cat").out.decode().strip()
    pane = tmux.pane()
    tmux.type(pane, "typed", "Enter")
    tmux.wait_for("typed\ntyped")
    tmux("kill-pane", "-t", pane)
    assert llmx(place, "runs", "wait", run_id).code == 125
    assert llmx(place, "runs", "logs", run_id).out == b"typed\ntyped\n"


def test_what_cannot_start_is_said_by_detach_at_once(place, tmux):
    ran = place.run(*WINDOW, "--detach", "--", "no-such-command")
    assert (ran.code, ran.out) == (127, b"")
    ran = place.run("--terminal", "tmux", "--detach", "--", "touch", "ran", env={"TMUX": "/nowhere,1,0"})
    assert (ran.code, ran.out) == (125, b"")
    assert b"no window could be opened: tmux: " in ran.err
    assert not (place.folder / "ran").exists()


def test_stdin_from_a_file_leaves_the_rest_to_the_window(place, tmux):
    place.write("words", "from a file\n")
    ran = place.run(*WINDOW, "--stdin", "words", "--", "sh", "-c", "cat; test -t 0 || test -t 1 && echo shown")
    assert ran.out == b"from a file\nshown\n"


def test_what_the_caller_sends_does_not_reach_a_command_in_a_window(place, tmux):
    process = place.start(*WINDOW, "--", "sh", "-c", "echo up; cat", stdin=-1)
    pane = tmux.wait_for("up")
    tmux.type(pane, "typed", "Enter", "C-d")
    assert place.finish(process, b"sent\n").out == b"up\ntyped\ntyped\n"


@pytest.mark.promise("S0-17")
def test_the_settings_say_window_or_tab_and_whether_it_is_monitored(place, tmux):
    def shown(**env):
        process = place.start(*WINDOW, "--json=full", "--", "sh", "-c", WAIT, env=env)
        tmux.pane()
        panes = tmux("list-windows", "-F", "#{window_panes}").split()
        place.write("go", "")
        result = place.finish(process).result
        tmux.wait_for_end()
        (place.folder / "go").unlink()
        return panes, result["monitor"]

    panes, monitor = shown()
    assert panes == ["1", "1"]
    assert monitor["samples"] >= 1
    off = {"LLMX_EXEC__WEZTERM__NEW_WINDOW": "false", "LLMX_EXEC__WEZTERM__MONITOR": "false"}
    assert shown(**off) == (["2"], None)


def test_an_agents_window_leaves_the_keyboard_where_it_is(place, tmux, until):
    active = lambda: tmux("display", "-p", "#{window_index}").strip()  # noqa: E731
    process = place.start(*WINDOW, "--", "sh", "-c", WAIT)
    tmux.pane()
    assert active() == "0"
    place.write("go", "")
    place.finish(process)
    (place.folder / "go").unlink()
    master, slave = pty.openpty()
    process = place.start(*WINDOW, "--", "sh", "-c", WAIT, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    until(lambda: active() == "1", "the window in front")
    place.write("go", "")
    assert process.wait(PATIENCE) == 0
    assert os.read(master, 4096).startswith(b"llm-exec: shown in tmux %")
    os.close(master)


@pytest.mark.parametrize("name", ["#(touch pwned)", "a b; touch pwned", "$(touch pwned)", "-d"])
def test_a_commands_name_is_only_a_name(place, tmux, name):
    place.write(name, "#!/bin/sh\ntmux display -p '#{window_name}' 2>&1\nsleep 0.1", 0o755)
    ran = place.run(*WINDOW, "--json", "--", f"./{name}")
    assert (ran.code, ran.result["status"]) == (0, "ok")
    assert not list(place.folder.rglob("pwned"))


def test_a_run_in_a_window_from_within_a_window(place, tmux):
    inner = f"{sys.executable} -m llmx exec --no-sandbox --terminal tmux -- sh -c 'echo inner; exit 4'; echo code $?"
    ran = place.run(*WINDOW, "--", "sh", "-c", inner, env={"PYTHONPATH": str(REPOSITORY)})
    assert b"code 4\n" in ran.out
