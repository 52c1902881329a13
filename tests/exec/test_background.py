"""``--background`` and ``--keep-output``: the run goes on by itself, and what it printed is there to read."""

import json
import os
import pty
import resource
import signal
import sys

import pytest

from tests.exec.conftest import LLM_EXEC

SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
WAIT = "while [ ! -e go ]; do sleep 0.01; done"


def llmx(place, *words, **options):
    return place.run(program=[sys.executable, "-m", "llmx", *words], **options)


def runs_folder(place):
    return place.folder / ".local/state/llmx/runs"


def stored(place, run_id):
    return b"".join(file.read_bytes() for file in sorted((runs_folder(place) / run_id).glob("std*")))


def wait(place, run_id):
    return llmx(place, "runs", "wait", run_id).code


def test_it_prints_the_id_at_once_and_goes_on(either_place):
    ran = either_place.run("--background", "--", "sh", "-c", f"echo one; {WAIT}; echo two; echo three >&2; exit 5")
    assert (ran.code, ran.err, len(ran.out)) == (0, b"", 17)
    run_id = ran.out.decode().strip()
    shown = json.loads(llmx(either_place, "runs", "show", run_id, "--output", "json").out)
    assert (shown["status"], shown["exit_code"], shown["background"], shown["limits"]) == ("running", None, True, {})
    either_place.write("go", "")
    assert wait(either_place, run_id) == 5
    logs = llmx(either_place, "runs", "logs", run_id)
    assert (logs.out, logs.err) == (b"one\ntwo\n", b"three\n")
    assert [line["event"] for line in either_place.audit()] == ["start", "end"]


def test_as_json_it_is_one_object_of_the_schema(place, checked):
    ran = place.run("--background", "--json", "--", "sh", "-c", f"{WAIT}; echo done")
    assert (ran.code, ran.result["status"], ran.result["exit_code"]) == (0, "running", 0)
    run_id = ran.result["run_id"]
    assert place.run("--last", "--json=full").result["status"] == "running"
    place.write("go", "")
    assert wait(place, run_id) == 0
    last = place.run("--last", "--json=full").result
    assert (last["run_id"], last["status"], last["stdout"]) == (run_id, "ok", "done\n")
    shown = json.loads(llmx(place, "runs", "show", run_id[:14], "--output", "json").out)
    for name in last.keys() - {"duration_s", "ended_at"}:
        assert shown[name] == last[name], name
    assert run_id in " ".join(ran.result["hints"])


REFUSED = [
    (["no-such-command"], 127, "not_found"),
    (["/etc/passwd"], 126, "not_executable"),
    (["--cwd", "/nowhere", "true"], 125, "cwd"),
    (["--stdin", "nowhere", "true"], 125, "stdin"),
    (["--result", "/nowhere/x", "true"], 125, "result"),
]


@pytest.mark.parametrize(("words", "code", "reason"), REFUSED)
def test_what_cannot_start_is_said_at_once(place, until, words, code, reason):
    ran = place.run("--background", "--json", *words)
    assert (ran.code, ran.result["setup_error"]["code"], ran.result["status"]) == (code, reason, "error")
    ran = place.run("--background", *words)
    assert (ran.code, ran.out) == (code, b"")
    assert ran.err.startswith(b"llm-exec: error: ")
    until(lambda: not place.survivors(), "the end of what has answered")


def test_a_log_that_must_be_written_and_cannot_is_said_at_once(ordinary_place, until):
    ordinary_place.run("--", "true")
    ordinary_place.log.unlink()
    ordinary_place.log.mkdir()
    ran = ordinary_place.run("--background", "--", "touch", "ran", env={"LLMX_AUDIT__REQUIRED": "true"})
    assert (ran.code, ran.out) == (125, b"")
    assert b"execution log cannot be written" in ran.err
    assert not (ordinary_place.folder / "ran").exists()
    until(lambda: not ordinary_place.survivors(), "the end of what has answered")


def test_without_a_log_it_is_known_by_its_folder(place):
    place.log.mkdir(parents=True)
    ran = place.run("--background", "--", "echo", "x")
    assert ran.code == 0
    assert b"not logged" in ran.err
    place.log.rmdir()
    assert wait(place, ran.out.decode().strip()) == 0
    assert llmx(place, "runs", "logs", "last").out == b"x\n"


def test_it_has_no_timeout_but_one_that_is_given(place):
    settings = {"LLMX_EXEC__ISOLATION__TIMEOUT": "0.05"}
    ran = place.run("--background", "--", "sleep", "0.3", env=settings)
    assert wait(place, ran.out.decode().strip()) == 0
    ran = place.run("--background", "--timeout", "0.1", "--grace", "0.1", "--", "sleep", "60")
    assert wait(place, ran.out.decode().strip()) == 124
    assert place.audit()[-1]["status"] == "timeout"


def test_it_reads_an_empty_stdin_or_a_file(place):
    place.write("words", "from a file\n")
    for words, expected in ((["--stdin", "words"], b"from a file\n"), ([], b"")):
        ran = place.run("--background", *words, "--", "cat", input=b"from the caller")
        assert wait(place, ran.out.decode().strip()) == 0
        assert stored(place, ran.out.decode().strip()) == expected


def test_it_outlives_its_caller_the_group_and_the_terminal(place, until):
    master, slave = pty.openpty()
    tool = " ".join(map(repr, place.tool))
    script = f"{tool} --background -- sh -c '{WAIT}; echo survived' > id; touch up; exec sleep 60"
    shell = place.start(program=["setsid", "--ctty", "sh", "-c", script], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    until((place.folder / "up").exists)
    os.killpg(shell.pid, signal.SIGHUP)
    shell.wait()
    os.close(master)
    place.write("go", "")
    run_id = (place.folder / "id").read_text().strip()
    assert wait(place, run_id) == 0
    assert stored(place, run_id) == b"survived\n"


def test_it_holds_none_of_its_callers_streams_and_files(place):
    reader, writer = os.pipe()
    ran = place.run("--background", "--", "sh", "-c", WAIT, pass_fds=[writer])  # communicate() saw the end of stdout
    os.close(writer)
    assert ran.code == 0
    assert os.read(reader, 1) == b""
    os.close(reader)
    place.write("go", "")
    assert wait(place, ran.out.decode().strip()) == 0


def test_signals_its_caller_ignores_end_it(place):
    def ignore():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    run_id = place.run("--background", "--", "sleep", "60", before=ignore).out.decode().strip()
    assert llmx(place, "runs", "stop", run_id).code == 0
    assert wait(place, run_id) == 143


def test_its_result_is_written_where_result_says(place):
    ran = place.run("--background", "--result", "r.json", "--", "echo", "x")
    assert wait(place, ran.out.decode().strip()) == 0
    assert place.result("r.json")["stdout"] == "x\n"


def test_what_it_leaves_running_is_ended(place):
    ran = place.run("--background", "--", "sh", "-c", "sleep 60 & echo started")
    assert wait(place, ran.out.decode().strip()) == 0
    assert not place.survivors()


@pytest.mark.promise("S0-25")
def test_kept_output_passes_through_as_it_is_and_is_stored_without_secrets(either_place):
    script = f"echo token {SECRET}; echo hunter2-and-more; echo err >&2"
    ran = either_place.run("--keep-output", "--", "sh", "-c", script, "x", "--password", "hunter2-and-more")
    assert ran.out.decode() == f"token {SECRET}\nhunter2-and-more\n"
    assert ran.err == b"err\n"
    (run,) = runs_folder(either_place).glob("[0-9]*")
    assert sorted(file.name for file in run.iterdir()) == ["result.json", "start.json", "stderr.0", "stdout.0"]
    assert (run / "stdout.0").read_bytes() == b"token sk-[redacted]\n[redacted]\n"
    assert (run / "stderr.0").read_bytes() == b"err\n"
    for file in either_place.folder.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
    assert [file.stat().st_mode & 0o777 for file in run.iterdir()] == [0o600] * 4
    assert run.stat().st_mode & 0o777 == run.parent.stat().st_mode & 0o777 == 0o700


def test_what_env_gives_to_a_sandboxed_command_is_not_stored(place):
    place.tool = [word for word in place.tool if word != "--no-sandbox"]
    (work := place.folder / "work").mkdir()
    words = ["--env", "API_KEY=hunter2-and-more", "--env", "LANG"]
    ran = place.run("--quiet", "--keep-output", *words, "--", "sh", "-c", "echo it is $API_KEY", cwd=work)
    assert (ran.out, ran.err) == (b"it is hunter2-and-more\n", b"")
    assert llmx(place, "runs", "logs", "last").out == b"it is [redacted]\n"


def test_without_it_nothing_is_stored(place):
    place.run("--", "echo", "x")
    place.run("--json", "--", "echo", "x")
    assert not runs_folder(place).exists()
    assert place.run("--last").result.get("stdout") is None


def test_kept_output_of_a_result(place):
    ran = place.run("--json", "--keep-output", "--", "echo", "x")
    assert ran.result["stdout"] == "x\n"
    assert stored(place, ran.result["run_id"]) == b"x\n"


@pytest.mark.parametrize("words", [[], ["--keep-output"], ["--monitor"], ["--timeout", "9", "--memory", "1G"]])
@pytest.mark.parametrize("code", [0, 3])
def test_the_last_result_comes_again(place, words, code):
    first = place.run("--json=full", *words, "--", "sh", "-c", f"echo out; exit {code}").result
    again = place.run("--last", "--json=full")
    assert again.code == 0
    same = ("run_id", "status", "exit_code", "argv", "cwd", "limits", "started_at", "signal", "setup_error")
    assert [again.result[name] for name in same] == [first[name] for name in same]
    assert again.result["stdout"] == ("out\n" if "--keep-output" in words else None)
    assert (again.result["monitor"] is None) == ("--monitor" not in words)
    assert abs(again.result["duration_s"] - first["duration_s"]) < 0.002
    assert place.run("--last").result["run_id"] == first["run_id"]
    assert len(place.audit()) == 2


def test_the_last_result_of_a_signal_and_a_limit(place):
    place.run("--", "sh", "-c", "kill -9 $$")
    assert (last := place.run("--last").result)["signal"] == "SIGKILL"
    assert (last["status"], last["exit_code"]) == ("signal", 137)
    place.run("--max-output", "10", "--", "yes")
    assert place.run("--last").result["limit"] == "max_output"


def test_there_is_no_last_result_at_first_and_none_with_a_command(place):
    ran = place.run("--last")
    assert (ran.code, ran.out) == (125, b"")
    assert b"no runs yet" in ran.err
    assert b"--last runs nothing" in place.run("--last", "--", "true").err


def test_a_killed_llm_exec_leaves_a_lost_run(place, until):
    process = place.start("--keep-output", "--", "sh", "-c", "echo before; touch up; exec sleep 60")
    until((place.folder / "up").exists)
    process.kill()
    process.wait()
    last = place.run("--last").result
    assert (last["status"], last["exit_code"]) == ("lost", 125)
    assert wait(place, "last") == 125
    assert b"lost" in llmx(place, "runs", "list").out


def limit_files(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk_ends_the_storing_and_not_the_run(place):
    place.env = {name: value for name, value in place.env.items() if "COVERAGE" not in name}  # which writes files too,
    place.env["PYTHONDONTWRITEBYTECODE"] = "1"  # and these would be cut off for all who come later
    ran = place.run("--keep-output", "--", "sh", "-c", "seq 100000; exit 4", before=limit_files(20000))
    assert ran.code == 4
    assert ran.out.endswith(b"\n100000\n")
    assert b"llm-exec: warning: not stored: " in ran.err
    ran = place.run("--json", "--keep-output", "--", "seq", "100000", before=limit_files(20000))
    assert "not all is stored" in " ".join(ran.result["hints"])


def test_a_disk_that_takes_nothing_refuses_what_is_to_be_stored(ordinary_place):
    state = ordinary_place.folder / ".local/state"
    state.mkdir(parents=True)
    state.chmod(0o500)
    for words in (["--keep-output"], ["--background"]):
        ran = ordinary_place.run(*words, "--json", "--", "touch", "ran")
        assert (ran.code, ran.result["setup_error"]["code"]) == (125, "storage")
    assert ordinary_place.run("--monitor", "--", "true").code == 0
    assert not (ordinary_place.folder / "ran").exists()


def test_a_monitored_run_stores_its_course(place):
    place.run("--monitor", "--", "sleep", "0.35")
    shown = json.loads(llmx(place, "runs", "show", "last", "--output", "json").out)
    assert len(shown["monitor"]["series"]["t_s"]) >= 3


@pytest.mark.promise("S0-30")
def test_the_settings_that_isolate_monitor_and_limit_a_run(place):
    settings = {"LLMX_EXEC__ISOLATION__MONITORING": "true", "LLMX_EXEC__ISOLATION__TIMEOUT": "77"}
    settings["LLMX_EXEC__ISOLATION__ENABLED"] = "false"
    place.tool = [word for word in place.tool if word != "--no-sandbox"]
    ran = place.run("--json=full", "--", "sleep", "0.2", env=settings)
    assert ran.result["sandbox"]["level"] == "none"
    assert ran.result["limits"] == {"timeout": 77}
    shown = json.loads(llmx(place, "runs", "show", "last", "--output", "json").out)
    assert shown["monitor"]["samples"] >= 2


def test_a_run_in_the_background_has_its_sandbox(place):
    place.tool = LLM_EXEC
    (place.folder / "project").mkdir()
    words = ["sh", "-c", "echo made > here; touch ../outside; test -e ../.local/state/llmx/runs/*; echo $?"]
    run_id = place.run("--background", "--", *words, cwd=place.folder / "project").out.decode().strip()
    assert wait(place, run_id) == 0
    assert (place.folder / "project/here").exists()
    assert not (place.folder / "outside").exists()
    assert stored(place, run_id).endswith(b"1\n")
    result = place.run("--last").result
    assert result["sandbox"]["level"] != "none"
