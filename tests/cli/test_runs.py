"""``llmx runs``: what it tells of real runs, and what it does to those that go on."""

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET

import jsonschema
import pytest

from llmx.cli.runs_alive import harmless
from llmx.core.audit import AuditLog, new_run_id
from tests.exec.conftest import REPOSITORY, SCHEMA, places

LLMX = [sys.executable, "-m", "llmx"]
GUIDE = (REPOSITORY / "llmx/data/guide/running-commands.md").read_text()
SHARED = {"run_id", "status", "exit_code", "argv", "cwd", "started_at", "duration_s", "limits"}
"""Keys of a record that are the result's too."""

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\n\u202e"


@pytest.fixture
def place(ordinary_user):
    """A place of an ordinary user."""
    with places() as make:
        yield make(ordinary_user.pw_uid)


@pytest.fixture
def runs(place):
    """Run ``llmx runs`` there."""
    return lambda *words, **options: place.run(program=[*LLMX, "runs", *words], **options)


@pytest.fixture
def listed(runs):
    """What ``llmx runs list`` tells, as objects."""
    return lambda *words: json.loads(runs("list", "--output", "json", *words).out)


def test_the_list_has_a_line_a_run_the_last_one_first(place, runs, listed):
    for number in range(3):
        place.run("--", "sh", "-c", f"exit {number}")
    lines = runs("list").out.decode().splitlines()
    assert [line.split("sh -c ")[1] for line in lines] == ["'exit 2'", "'exit 1'", "'exit 0'"]
    assert [(run["status"], run["exit_code"]) for run in listed()] == [("failed", 2), ("failed", 1), ("ok", 0)]
    assert [run["run_id"] for run in listed("--limit", "1")] == [lines[0].split()[0]]
    assert len(listed("--all", "--limit", "1")) == 3


def test_the_list_can_be_narrowed(place, listed):
    place.run("--", "false")
    place.run("--", "echo", "needle")
    assert [run["argv"] for run in listed("--status", "failed")] == [["false"]]
    assert [run["argv"] for run in listed("--command", "needle")] == [["echo", "needle"]]
    assert len(listed("--since", "1h")) == 2
    assert listed("--since", "0") == []


WRONG = [["list", "--since", "soon"], ["list", "--status", "bad"], ["list", "--limit", "0"], ["stats", "--since", "-1"],
         ["prune", "--older-than", "x"], ["wait", "last", "--timeout", "x"], ["show"], []]  # fmt: skip


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_command_line_is_refused(runs, words):
    ran = runs(*words)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err


@pytest.mark.parametrize("command", ["show", "logs", "stop", "wait"])
def test_an_id_that_is_not_there_exits_4_with_a_near_one(place, runs, listed, command):
    ran = runs(command, "last")
    assert (ran.code, ran.out) == (4, b"")
    place.run("--", "true")
    run_id = listed()[0]["run_id"]
    wrong = run_id[:-1] + ("0" if run_id[-1] != "0" else "1")
    ran = runs(command, wrong)
    assert (ran.code, ran.out) == (4, b"")
    assert f"did you mean {run_id}?".encode() in ran.err


@pytest.mark.promise("S0-25")
def test_a_record_has_start_end_user_command_code_and_limits(place, runs):
    place.run("--timeout", "9", "--", "sh", "-c", "exit 3", "--token", "sk-abc", env={"API_KEY": "sk-abc"})
    shown = json.loads(runs("show", "last", "--output", "json").out)
    assert shown["started_at"] <= shown["ended_at"]
    assert (shown["user"], shown["exit_code"], shown["limits"]) == (place.uid, 3, {"timeout": 9})
    assert shown["argv"] == ["sh", "-c", "exit 3", "--token", "[redacted]"]
    text = runs("show", "last").out.decode()
    assert "status     failed, exit code 3" in text
    assert "sk-abc" not in text + place.log.read_text()


@pytest.mark.parametrize(
    "words", [["list"], ["show", "last"], ["stop", "last"], ["wait", "last"], ["stats"], ["prune"]]
)
def test_the_guide_names_the_keys_that_programs_read(place, runs, words):
    place.run("--", "true")
    told = json.loads(runs(*words, "--output", "json").out)
    rows = {
        line.split("`")[1].split()[-1]: set(line.split("`")[3::2])
        for line in GUIDE.splitlines()
        if "| `llmx runs" in line
    }
    record = rows["list"]
    documented = rows[words[0]] | (record if words[0] in ("show", "stop", "wait") else set())
    named = documented - {"llm-exec --json=full"}
    keys = set((told[0] if isinstance(told, list) else told).keys())
    if words[0] == "show":
        assert named <= keys
        jsonschema.validate({key: told[key] for key in keys - named | SHARED}, SCHEMA | {"required": []})
    else:
        assert keys == named


@pytest.mark.parametrize("words", [["list"], ["show", "last"], ["stats"]])
def test_no_escape_of_a_command_line_reaches_the_terminal(place, runs, words):
    program = place.write(f"a{HOSTILE}".replace("/", ""), "#!/bin/sh\n", mode=0o755)
    place.run("--", f"./{program.name}", HOSTILE)
    text = runs(*words).out.decode()
    assert all(line.isprintable() for line in text.splitlines())
    assert "\\x1b" in text
    assert len(text.splitlines()) == {"list": 1, "stats": 2}.get(words[0], len(text.splitlines()))


def test_a_terminal_gets_colors_and_nothing_else_that_it_would_obey():
    assert harmless("a\x1b[1;31mred\x1b[0m\tb\r\n") == "a\x1b[1;31mred\x1b[0m\tb\r\n"
    for text in ("\x1b]0;owned\x07", "\x1b[2J", "\x1b[?1049h", "\x9b2J", "\x1bc", "\x08"):
        assert harmless(text).isprintable()


def test_the_course_is_drawn_as_text_and_as_a_picture(place, runs):
    place.run("--monitor", "--", "sleep", "0.4")
    text = runs("show", "last").out.decode()
    assert "\nCPU " in text
    assert "\nMemory " in text
    assert "\x1b" not in text
    assert runs("show", "last", "--svg", "a.svg").code == 0
    root = ET.fromstring((place.folder / "a.svg").read_bytes())
    assert root.findtext("{http://www.w3.org/2000/svg}title", "").startswith("sleep, ")
    assert runs("show", "last", "--svg", "/nowhere/a.svg").code == 1


def test_on_a_terminal_the_course_is_a_framed_picture(place):
    place.run("--monitor", "--", "sleep", "0.4")
    words = " ".join([*LLMX, "runs", "show", "last"])
    ran = place.run(program=["script", "-qec", words, "/dev/null"], env={"COLUMNS": "60", "TERM": "xterm"})
    text = ran.out.decode()
    assert "CPU (%)" in text
    assert "╰" in text


def test_without_samples_there_is_no_picture(place, runs):
    place.run("--", "true")
    ran = runs("show", "last", "--svg", "a.svg")
    assert ran.code == 4
    assert b"--monitor" in ran.err
    assert not (place.folder / "a.svg").exists()


def test_logs_follow_a_run_to_its_end(place, runs):
    script = "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; echo err >&2"
    run_id = place.run("--background", "--", "sh", "-c", script).out.decode().strip()
    follower = place.start(program=[*LLMX, "runs", "logs", run_id, "-f"])
    assert follower.stdout.readline() == b"one\n"
    assert follower.poll() is None
    place.write("go", "")
    ran = place.finish(follower)
    assert (ran.code, ran.out, ran.err) == (0, b"two\n", b"err\n")
    assert runs("logs", run_id, "--stream", "stderr").out == b""
    assert runs("logs", run_id, "--stream", "stderr").err == b"err\n"
    assert runs("logs", run_id, "--stream", "stdout").err == b""


def test_output_that_was_not_stored_is_said_to_be(place, runs):
    place.run("--", "echo", "x")
    ran = runs("logs", "last")
    assert (ran.code, ran.out) == (4, b"")
    assert b"--keep-output" in ran.err


def test_a_reader_who_leaves_ends_the_logs(place, runs):
    run_id = place.run("--background", "--", "sh", "-c", "seq 100000; exec sleep 60").out.decode().strip()
    words = " ".join([*LLMX, "runs", "logs", "-f", run_id])
    ran = place.run(program=["sh", "-c", f"{words} | head -n 1"])
    assert (ran.code, ran.out) == (0, b"1\n")
    assert b"Traceback" not in ran.err
    runs("stop", run_id)


@pytest.mark.parametrize("words", [["logs", "-f"], ["wait"]])
def test_ctrl_c_ends_the_looking_and_not_the_run(place, runs, listed, words):
    run_id = place.run("--background", "--", "sh", "-c", "echo up; exec sleep 60").out.decode().strip()
    looking = place.start(program=[*LLMX, "--trace", "info", "runs", *words, run_id])
    looking.stderr.readline()
    looking.send_signal(signal.SIGINT)
    assert place.finish(looking).code == 130
    assert [run["status"] for run in listed()] == ["running"]
    runs("stop", run_id)


def test_a_long_output_says_that_its_middle_is_gone(place, runs):
    place.run("--keep-output", "--", "sh", "-c", "seq 1200000")
    gone = json.loads(runs("show", "last", "--output", "json").out)["output_missing_bytes"]
    assert gone > 0
    assert b"from the middle" in runs("show", "last").out
    logs = runs("logs", "last")
    assert logs.out.startswith(b"1\n2\n")
    assert logs.out.endswith(b"\n1200000\n")
    assert f"{gone} bytes of stdout are not stored".encode() in logs.err


def test_a_run_in_a_sandbox_is_ended_with_it_and_awaited(place, runs, listed):
    sandbox = place.start("--", "sh", "-c", "echo up; exec sleep 60")
    sandbox.stdout.readline()
    log = AuditLog(place.env)
    outer, inner = listed()[0]["run_id"], new_run_id(time.time())
    log.write("start", inner, outer=outer, pid=os.getpid(), argv=["make"])
    assert [(run["run_id"], run["outer"], run["status"]) for run in listed()] == [
        (inner, outer, "running"),
        (outer, None, "running"),
    ]
    assert [run["pid"] for run in listed()] == [None, sandbox.pid]  # in there, other numbers hold
    assert b"process" not in runs("show", inner).out
    assert f"process {sandbox.pid}".encode() in runs("show", outer).out
    ran = runs("stop", inner)
    assert (ran.code, ran.out) == (1, b"")
    assert f"llmx runs stop {outer}".encode() in ran.err
    assert runs("wait", inner, "--timeout", "0.1").code == 124
    log.write("end", inner, outer=outer, status="failed", exit_code=7)
    assert runs("wait", inner).code == 7
    assert runs("stop", "last").out == f"{outer} is stopped: interrupted\n".encode()
    place.finish(sandbox)


@pytest.mark.parametrize("force", [False, True])
def test_stop_ends_the_whole_tree(place, runs, listed, force):
    ignoring = "trap '' TERM; while :; do sleep 0.05; done" if force else "sleep 60 & sleep 60"
    run_id = place.run("--background", "--", "sh", "-c", ignoring).out.decode().strip()
    ran = runs("stop", run_id, *(["--force"] if force else []))
    assert (ran.code, ran.out) == (0, f"{run_id} is stopped: interrupted\n".encode())
    assert not place.survivors()
    assert runs("stop", run_id).out == f"{run_id} was over already: interrupted\n".encode()
    assert runs("wait", run_id).code == 143


def test_stop_ends_a_foreground_run_too(place, runs):
    process = place.start("--", "sh", "-c", "echo up; sleep 60")
    process.stdout.readline()
    assert runs("stop", "last").code == 0
    assert place.finish(process).code == 143


def test_stop_reaches_no_other_process_of_that_number(place, runs, listed):
    victim = place.start(program=["sleep", "60"])
    named = place.start(program=[sys.executable, "-c", "print(flush=True); input()", "llm-exec"], stdin=subprocess.PIPE)
    named.stdout.readline()
    place.run("--", "true")
    for process in (victim, named):
        AuditLog(place.env).write(
            "start", new_run_id(time.time() + 5), pid=process.pid, user=place.uid, boot_s=0.5, argv=["x"]
        )
        assert b"was over already: lost" in runs("stop", "last").out
        assert process.poll() is None
    place.finish(named, b"\n")


def test_a_killed_llm_exec_is_lost(place, runs, listed):
    process = place.start("--", "sh", "-c", "echo up; exec sleep 60")
    process.stdout.readline()
    assert listed()[0]["status"] == "running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (listed()[0]["status"], listed()[0]["exit_code"]) == ("lost", 125)
    ran = runs("wait", "last")
    assert ran.code == 125
    assert b"was killed" in ran.err


def test_wait_gives_up_after_its_time(place, runs):
    run_id = place.run("--background", "--", "sleep", "60").out.decode().strip()
    ran = runs("wait", run_id, "--timeout", "0.1")
    assert (ran.code, ran.out) == (124, b"")
    assert runs("stop", run_id).code == 0


def test_stats_count_by_command(place, runs):
    for word in ("true", "true", "false"):
        place.run("--", word)
    rows = {row["command"]: row for row in json.loads(runs("stats", "--output", "json").out)}
    assert (rows["true"]["runs"], rows["true"]["failures"]) == (2, 0)
    assert (rows["false"]["runs"], rows["false"]["failures"]) == (1, 1)
    assert rows["true"]["p50_s"] <= rows["true"]["p95_s"]
    assert len(runs("stats").out.decode().splitlines()) == 3
    assert json.loads(runs("stats", "--since", "0", "--output", "json").out) == []


def test_prune_removes_what_is_over_and_leaves_what_runs(place, runs, listed):
    place.run("--keep-output", "--", "echo", "x")
    alive = place.run("--background", "--", "sleep", "60").out.decode().strip()
    assert json.loads(runs("prune", "--output", "json").out) == {"runs": 0, "bytes": 0, "unfinished": 0}
    pruned = json.loads(runs("prune", "--all", "--output", "json").out)
    assert pruned["runs"] == 1
    assert pruned["bytes"] > 0
    assert [run["output_stored"] for run in listed()] == [True, False]
    assert runs("logs", alive).code == 0
    runs("stop", alive)
    assert b"1 runs" in runs("prune", "--older-than", "0").out


def test_50_runs_at_once_with_lists_and_prunes_in_between(place, listed, runs):
    over = threading.Event()
    seen = []

    def look():
        while not over.is_set():
            seen.append(listed("--all"))
            assert runs("prune", "--all").code == 0

    def work(number):
        words = [*place.tool, "--keep-output", "--", "sh", "-c", f"echo {number}; exit $(({number} % 3))"]
        return place.run(program=words).code

    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        looking = pool.submit(look)
        codes = list(pool.map(work, range(50)))
        over.set()
        looking.result()
    assert codes == [number % 3 for number in range(50)]
    rows = listed("--all")
    assert len({row["run_id"] for row in rows}) == 50
    assert sorted(row["exit_code"] for row in rows) == sorted(codes)
    assert seen
    assert all(row["status"] in ("running", "ok", "failed") for rows in seen for row in rows)


def test_names_for_tab_are_the_last_runs_the_newest_first(place, listed):
    place.run("--", "true")
    place.run("--", "false")
    ran = place.run(program=[*LLMX, "__complete", "runs"])
    assert ran.out.decode().split() == ["last", *(run["run_id"] for run in listed())]


def test_another_users_runs_are_not_seen(place, runs):
    place.run("--", "true")
    env = {**place.env, "HOME": "/nonexistent"}
    done = subprocess.run([*LLMX, "runs", "list"], env=env, capture_output=True, check=True, cwd="/")
    assert done.stdout == b""
    assert os.stat(place.log).st_mode & 0o077 == 0
