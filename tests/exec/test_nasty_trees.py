"""However a command's processes hide, hang on or multiply: when llm-exec returns, the kernel has none of them left."""

import os
import signal
import subprocess
import sys
import time

import pytest

STAYING = [
    ("daemon",),
    ("ignores_term",),
    ("hopper",),
    ("stopped",),
    ("stopped", "both"),
    ("zombies",),
    ("forks_when_killed",),
]


@pytest.mark.promise("S0-22")
@pytest.mark.parametrize("program", STAYING, ids=" ".join)
def test_a_tree_that_would_live_for_a_minute_is_gone_when_llm_exec_is_told_to_end(either_place, nasty, program):
    process = either_place.start("--grace", "0.2", "--", *nasty(*program))
    assert process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)
    assert either_place.finish(process).code == 143
    assert either_place.survivors() == {}


@pytest.mark.promise("S0-21")
@pytest.mark.parametrize("program", [("daemon",), ("hopper",), ("stopped", "both")], ids=" ".join)
def test_a_tree_is_gone_when_its_time_is_up(either_place, nasty, program):
    ran = either_place.run("--json", "--timeout", "0.8", "--grace", "0.1", "--", *nasty(*program))
    assert ran.code == 124
    assert ran.result["status"] == "timeout"
    assert ran.result["stdout"], "it had no time to become nasty"
    assert either_place.survivors() == {}


@pytest.mark.promise("S0-21")
@pytest.mark.parametrize("report", [["--json"], ["--result", "result.json"]], ids=" ".join)
def test_a_daemon_that_holds_stdout_does_not_hold_llm_exec(either_place, nasty, report):
    began = time.monotonic()
    ran = either_place.run(*report, "--", *nasty("daemon", "leave"))
    assert time.monotonic() - began < 20  # the daemon would hold it for 60
    result = ran.result if report == ["--json"] else either_place.result("result.json")
    assert (ran.code, result["status"]) == (0, "ok")
    daemon = result["stdout"].split()[1] if report == ["--json"] else ran.out.decode().split()[1]
    assert any(f"({daemon})" in hint and "--keep-children" in hint for hint in result["hints"])
    assert either_place.survivors() == {}


def test_the_daemon_left_behind_by_a_live_run_is_named_on_stderr(place, nasty):
    ran = place.run("--no-sandbox", "--", *nasty("daemon", "leave"))
    daemon = ran.out.decode().split()[1]
    assert ran.code == 0
    assert f"({daemon})" in ran.err.decode()


@pytest.mark.parametrize("report", [[], ["--json"], ["--result", "result.json"]], ids=str)
def test_keep_children_leaves_the_daemon_and_still_returns(either_place, nasty, report, until):
    with open(either_place.folder / "out", "wb") as out:  # a pipe's end would only come with the daemon's
        words = ["--keep-children", "--quiet", *report, "--", *nasty("daemon", "leave")]
        ran = either_place.run(*words, stdout=out, stderr=subprocess.STDOUT)
    ran.out = (either_place.folder / "out").read_bytes()
    daemon = int((ran.result["stdout"].encode() if report == ["--json"] else ran.out).split()[1])
    assert ran.code == 0
    assert set(either_place.survivors()) == {daemon}
    os.kill(daemon, signal.SIGKILL)
    until(lambda: not either_place.survivors())


def test_keep_children_keeps_nothing_of_a_run_that_was_ended(place, nasty):
    ran = place.run("--keep-children", "--json", "--timeout", "0.8", "--grace", "0.1", "--", *nasty("daemon"))
    assert ran.result["status"] == "timeout"
    assert ran.result["stdout"].startswith("daemon ")
    assert place.survivors() == {}


@pytest.mark.parametrize("program", ["hopper", "zombies"])
def test_what_a_command_leaves_behind_by_the_dozen_is_ended(either_place, nasty, program):
    ran = either_place.run("--json", "--", *nasty(program, "leave"))
    assert (ran.code, ran.result["status"]) == (0, "ok")
    assert either_place.survivors() == {}
    if program == "zombies":
        zombies = ran.result["stdout"].split()
        assert len(zombies) == 50
        assert not [pid for pid in zombies if os.path.exists(f"/proc/{pid}")]


def test_a_program_that_ends_cleanly_within_the_grace_time_may_do_so(either_place, nasty):
    ran = either_place.run("--json", "--timeout", "1", "--", *nasty("cleans_up", either_place.folder / "file"))
    assert (ran.code, ran.result["status"], ran.result.get("signal")) == (124, "timeout", None)
    assert (either_place.folder / "file").read_text() == "cleaned up"


def test_children_from_before_an_exec_are_not_the_runs_to_end(either_place, until):
    shell = [
        "sh",
        "-c",
        'sleep 60 >/dev/null 2>&1 & echo $!; exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "llmx",
        "exec",
        "--no-sandbox",
    ]
    for words in (["--", "true"], ["--json", "--", "sh", "-c", "sleep 60 & true"]):
        ran = either_place.run(program=[*shell, *words])
        assert ran.code == 0, ran
        sleep = int(ran.out.split(b"\n")[0])
        assert set(either_place.survivors()) == {sleep}
        os.kill(sleep, signal.SIGKILL)
        until(lambda: not either_place.survivors())


@pytest.mark.promise("S0-22")
def test_kill_9_of_llm_exec_takes_the_direct_child_with_it(either_place, until):
    process = either_place.start("--", "sh", "-c", "echo $$; read forever </dev/zero")
    child = int(process.stdout.readline())
    process.kill()
    either_place.finish(process)
    until(lambda: child not in either_place.survivors(), "the child's end")


def test_what_200_short_lived_processes_burn_is_counted_exactly(either_place, nasty):
    ran = either_place.run("--json", "--", *nasty("burners"))
    usage = ran.result["usage"]
    assert usage["cpu_user_s"] + usage["cpu_system_s"] == pytest.approx(float(ran.result["stdout"]), rel=0.05)
    assert usage["complete"] is True
    assert usage["source"] == "rusage"


def test_what_200_orphans_burn_is_counted_too(either_place, nasty):
    ran = either_place.run("--json", "--", *nasty("burners", "orphans"))
    usage = ran.result["usage"]
    truth = float(ran.result["stdout"])
    assert truth <= usage["cpu_user_s"] + usage["cpu_system_s"] <= 1.25 * truth
    assert usage["complete"] is True


def test_cpu_time_is_said_to_be_incomplete_where_sigchld_was_ignored(either_place, nasty):
    ran = either_place.run("--json", "--", *nasty("sigchld_ignored"))
    assert (ran.code, ran.result["usage"]["complete"]) == (0, False)
    ran = either_place.run("--json", "--", "true")
    assert ran.result["usage"]["complete"] is True


def test_an_ignored_sigchld_inherited_by_llm_exec_does_not_hide_cpu_time(place, nasty):
    ran = place.run("--json", "--", *nasty("burners"), before=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    usage = ran.result["usage"]
    assert usage["cpu_user_s"] + usage["cpu_system_s"] == pytest.approx(float(ran.result["stdout"]), rel=0.05)
    assert usage["complete"] is True


def test_signals_blocked_by_whoever_started_llm_exec_do_not_make_it_deaf(place):
    def block():
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())

    assert place.run("--", "sh", "-c", "exit 7", before=block).code == 7
    process = place.start("--grace", "0.2", "--", "sh", "-c", "echo ready; sleep 60", before=block)
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    assert place.finish(process).code == 143
