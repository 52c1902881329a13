"""What llm-exec exits with: the command's own code, and 124 to 127 and 128+n for what is not the command's affair."""

import os
import signal
import sys

import pytest

TOOL = [sys.executable, "-m", "llmx", "exec", "--no-sandbox"]

# words -> exit code, status, signal, setup error
ENDINGS = [
    (["true"], 0, "ok", None, None),
    (["sh", "-c", "exit 1"], 1, "failed", None, None),
    (["sh", "-c", "exit 42"], 42, "failed", None, None),
    (["sh", "-c", "exit 255"], 255, "failed", None, None),
    (["sh", "-c", "exit 124"], 124, "failed", None, None),
    (["sh", "-c", "exit 125"], 125, "failed", None, None),
    (["sh", "-c", "exit 126"], 126, "failed", None, None),
    (["sh", "-c", "exit 127"], 127, "failed", None, None),
    (["sh", "-c", "exit 137"], 137, "failed", None, None),
    (["sh", "-c", "kill -TERM $$"], 143, "signal", "SIGTERM", None),
    (["sh", "-c", "kill -KILL $$"], 137, "signal", "SIGKILL", None),
    (["sh", "-c", "kill -INT $$"], 130, "signal", "SIGINT", None),
    (["sh", "-c", "ulimit -c 0; kill -SEGV $$"], 139, "signal", "SIGSEGV", None),
    (["sh", "-c", "ulimit -c 0; kill -ABRT $$"], 134, "signal", "SIGABRT", None),
    (["sh", "-c", "kill -PIPE $$"], 141, "signal", "SIGPIPE", None),
    (["sh", "-c", "kill -34 $$"], 162, "signal", "SIGRTMIN", None),
    (["sh", "-c", "kill -40 $$"], 168, "signal", "SIG40", None),
    (["no-such-command-anywhere"], 127, "error", None, "not_found"),
    (["./no-such-file"], 127, "error", None, "not_found"),
    (["no-folder/no-file"], 127, "error", None, "not_found"),
    (["./true/file"], 127, "error", None, "not_found"),
    (["./plain"], 126, "error", None, "not_executable"),
    (["./folder"], 126, "error", None, "not_executable"),
    (["/"], 126, "error", None, "not_executable"),
    (["./no-interpreter"], 126, "error", None, "not_executable"),
    (["./loop"], 127, "error", None, "not_found"),
    (["x" * 100_000], 127, "error", None, "not_found"),
    (["no\nsuch"], 127, "error", None, "not_found"),
    (["./script"], 9, "failed", None, None),
    (["./empty"], 0, "ok", None, None),
]


def furnish(place):
    """The files that the table's commands name."""
    place.write("plain", "exit 3\n")
    place.write("script", "exit 9\n", 0o755)  # no #! line: execvp(3) hands it to sh
    place.write("empty", "", 0o755)
    place.write("no-interpreter", "#!/no/such/interpreter\n", 0o755)
    (place.folder / "folder").mkdir()
    (place.folder / "loop").symlink_to("loop")


@pytest.mark.promise("S0-32")
@pytest.mark.parametrize("ending", ENDINGS, ids=[" ".join(words).replace("\n", " ")[:40] for words, *_ in ENDINGS])
def test_the_exit_code_and_the_result_agree_on_how_it_ended(either_place, ending):
    words, code, status, ended_by, error = ending
    furnish(either_place)
    ran = either_place.run("--json", "--", *words)
    result = ran.result
    assert (ran.code, result["exit_code"], result["status"]) == (code, code, status)
    assert result.get("signal") == ended_by
    assert result.get("setup_error", {}).get("code") == error
    assert result["argv"] == words
    live = either_place.run("--", *words)
    assert live.code == code
    assert (b"llm-exec: error: " in live.err) == (error is not None)


@pytest.mark.promise("S0-32")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "usage"),
        (["--"], "usage"),
        (["--no-such-option", "--", "touch", "ran"], "usage"),
        (["--timeout", "soon", "--", "touch", "ran"], "usage"),
        (["--command", "touch ran", "--", "touch", "ran"], "usage"),
        (["--cwd", "nowhere", "--", "touch", "ran"], "cwd"),
        (["--stdin", "nothing", "--", "touch", "ran"], "stdin"),
        (["--result", "no/folder", "--", "touch", "ran"], "result"),
        (["--config", "missing.toml", "--", "touch", "ran"], "config"),
        (["--config", "broken.toml", "--", "touch", "ran"], "config"),
        (["--config", "unknown.toml", "--", "touch", "ran"], "config"),
        (["--profile", "nobodys", "--", "touch", "ran"], "config"),
    ],
    ids=str,
)
def test_what_llm_exec_itself_cannot_do_is_125_and_nothing_is_run(place, words, code):
    place.write("broken.toml", "[exec\n")
    place.write("unknown.toml", "[exec]\nno_such_key = 1\n")
    assert place.run(*words).code == 125
    ran = place.run("--json", *words)
    assert (ran.code, ran.result["status"], ran.result["setup_error"]["code"]) == (125, "error", code)
    assert not (place.folder / "ran").exists()


def test_a_wrong_variable_is_125(place):
    ran = place.run("--json", "--", "true", env={"LLMX_EXEC__GRACE": "soon"})
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "config")
    assert "LLMX_EXEC__GRACE" in ran.result["setup_error"]["message"]


def test_a_folder_that_no_longer_exists_is_125(place):
    gone = place.folder / "gone"
    gone.mkdir()
    ran = place.run(cwd=gone, program=["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", *TOOL, "--json", "true"])
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "cwd")


def test_a_folder_that_may_not_be_entered_is_125(ordinary_place):
    closed = ordinary_place.folder / "closed"
    closed.mkdir(mode=0)
    ran = ordinary_place.run("--json", "--cwd", "closed", "--", "true")
    assert (ran.code, ran.result["setup_error"]["code"]) in ((125, "cwd"), (125, "spawn"))


@pytest.mark.parametrize("most", [22, 18, 14])
def test_too_few_descriptors_are_named(ordinary_place, most):
    """Before they were told as a defect, or as a folder that somebody had exchanged."""
    words = ["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh", sys.executable, "-m", "llmx", "exec", "--json"]
    (work := ordinary_place.folder / "work").mkdir()
    ran = ordinary_place.run(program=[*words, "--", "true"], cwd=work)
    assert ran.code == 125
    assert ran.result["setup_error"] == {"code": "spawn", "message": "too many files are open"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file that this user may read but not execute, hers")
def test_a_file_of_another_user_that_may_not_be_executed_is_126(ordinary_place):
    (ordinary_place.folder / "theirs").write_text("#!/bin/sh\n")
    (ordinary_place.folder / "theirs").chmod(0o744)
    assert ordinary_place.run("./theirs").code == 126


def test_a_file_found_on_path_that_is_not_executable_is_126_and_a_later_one_that_is_wins(place):
    for name in ("first", "second"):
        (place.folder / name).mkdir()
    place.write("first/thing", "exit 3\n", 0o644)
    path = f"{place.folder}/first:{place.folder}/second:/usr/bin:/bin"
    assert place.run("thing", env={"PATH": path}).code == 126
    place.write("second/thing", "exit 5\n", 0o755)
    assert place.run("thing", env={"PATH": path}).code == 5


def test_an_empty_entry_of_path_is_the_folder_it_runs_in(place):
    (place.folder / "inner").mkdir()
    place.write("inner/thing", "exit 5\n", 0o755)
    assert place.run("--cwd", "inner", "thing", env={"PATH": ":/usr/bin:/bin"}).code == 5
    assert place.run("--cwd", "inner", "./thing").code == 5
    assert place.run("./thing").code == 127


@pytest.mark.promise("S0-21")
def test_a_timeout_and_a_command_that_itself_exits_124_are_told_apart(place):
    own = place.run("--json", "--", "sh", "-c", "exit 124")
    timed_out = place.run("--json", "--timeout", "0.3", "--", "sleep", "60")
    assert own.code == timed_out.code == 124
    assert (own.result["status"], timed_out.result["status"]) == ("failed", "timeout")
    assert timed_out.result["signal"] == "SIGTERM"
    assert timed_out.result["duration_s"] >= 0.3


def test_a_timeout_is_said_on_stderr(place):
    ran = place.run("--no-sandbox", "--timeout", "0.3", "--", "sleep", "60")
    assert ran.code == 124
    assert (
        ran.err
        == b"llm-exec: timed out after 0.3 s\nllm-exec: hint: --timeout 30m gives it longer, --timeout 0 no end\n"
    )


def test_timeout_0_is_none(place):
    ran = place.run("--json=full", "--timeout", "0", "--", "true")
    assert "timeout" not in ran.result["limits"]
    assert place.run("--json=full", "--", "true").result["limits"]["timeout"] == 300


INTERRUPTIONS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)]


@pytest.mark.promise("S0-22")
@pytest.mark.parametrize(("number", "code"), INTERRUPTIONS)
def test_a_signal_to_llm_exec_ends_the_tree_and_gives_128_and_its_number(either_place, number, code):
    process = either_place.start("--", "sh", "-c", "sleep 60 & (setsid sleep 60 &); echo ready; wait")
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert either_place.finish(process).code == code
    assert either_place.survivors() == {}


@pytest.mark.parametrize(("number", "code"), INTERRUPTIONS[:2])
def test_the_result_of_an_interrupted_run_says_so(place, number, code, until):
    process = place.start("--json", "--", "sh", "-c", "touch ready; sleep 60")
    until((place.folder / "ready").exists)
    process.send_signal(number)
    ran = place.finish(process)
    assert (ran.code, ran.result["exit_code"], ran.result["status"]) == (code, code, "interrupted")


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_asked_a_second_time_it_does_not_wait_for_the_grace_time(place, nasty, first, until):
    process = place.start("--grace", "60", "--", *nasty("told_twice"))
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(first)
    assert process.stdout.readline() == b"told\n"  # the tree has its SIGTERM, and stays
    process.send_signal(signal.SIGINT)
    ran = place.finish(process)
    assert ran.code == 128 + first
    assert place.survivors() == {}


def test_a_signal_that_the_caller_ignores_stays_ignored(place, until):
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does

    process = place.start(
        "--json", "--", "sh", "-c", "touch ready; until test -e go; do sleep 0.01; done", before=ignore
    )
    until((place.folder / "ready").exists)
    process.send_signal(signal.SIGHUP)
    (place.folder / "go").touch()
    ran = place.finish(process)
    assert (ran.code, ran.result["status"]) == (0, "ok")
