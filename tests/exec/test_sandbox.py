"""Runs in the sandbox, as their user sees them: what the result says of it, and what llm-exec does around it."""

import json
import os
import sys
from pathlib import Path

import pytest

from llmx.core.sandbox import MARKER
from llmx.exec.run import SANDBOX_MARKER
from tests.exec.conftest import LLM_EXEC, REPOSITORY

INSIDE = ["--read", str(REPOSITORY), "--read", sys.prefix]


@pytest.fixture
def place(ordinary_place):
    """A place where runs are sandboxed, with a project in its home."""
    ordinary_place.tool = LLM_EXEC
    ordinary_place.work = ordinary_place.folder / "work"
    ordinary_place.work.mkdir()
    os.chown(ordinary_place.work, ordinary_place.uid, ordinary_place.uid)
    return ordinary_place


def run(place, *words, **options):
    return place.run(*words, cwd=options.pop("cwd", place.work), **options)


def without_bwrap(place):
    """An environment in which no bubblewrap is found."""
    folder = place.folder / "bin"
    if not folder.exists():
        folder.mkdir()
        for program in ("sh", "cat", "true", "sleep", "touch"):
            (folder / program).symlink_to(f"/usr/bin/{program}")
    return {"PATH": str(folder)}


@pytest.mark.promise("S0-27")
def test_a_run_is_sandboxed_by_default_and_the_result_names_what_did_it(place):
    env = {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-example", "LANG": "C.UTF-8"}
    ran = run(place, "--json=full", "--", "env", env=env)
    sandbox = ran.result["sandbox"]
    assert (sandbox["level"], sandbox["mechanism"], sandbox["network"]) == ("full", "bubblewrap", "none")
    assert "wJalrXUtnFEMI-example" not in ran.result["stdout"]
    assert "AWS_SECRET_ACCESS_KEY" in sandbox["dropped_env"]
    assert "LANG=C.UTF-8" in ran.result["stdout"].splitlines()


@pytest.mark.promise("S0-27")
def test_the_seeds_line_prints_and_says_that_nothing_was_enforced(place):
    ran = run(place, "--no-sandbox", "--", "echo", "test")
    assert (ran.code, ran.out, ran.err) == (0, b"test\n", b"")
    assert run(place, "--no-sandbox", "--json", "--", "true").result["sandbox"]["level"] == "none"


@pytest.mark.promise("S0-28")
def test_without_bubblewrap_the_result_lists_what_is_missing_and_a_notice_says_so_once_a_day(place):
    env = without_bwrap(place)
    first, second = run(place, "--", "true", env=env), run(place, "--", "true", env=env)
    assert b"the sandbox is weaker than it could be" in first.err
    assert b"llmx doctor" in first.err
    assert (second.code, second.err) == (0, b"")
    sandbox = run(place, "--json", "--", "true", env=env).result["sandbox"]
    assert (sandbox["level"], sandbox["mechanism"]) == ("degraded", "landlock")
    assert {"pid_namespace", "unix_sockets"} <= set(sandbox["degraded"])


@pytest.mark.promise("S0-28")
def test_where_the_full_level_is_required_a_weaker_one_runs_nothing(place):
    env = {**without_bwrap(place), "LLMX_EXEC__SANDBOX": "required"}
    ran = run(place, "--json", "--", "touch", "made", env=env)
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "sandbox")
    assert "llmx doctor" in ran.result["hints"][0]
    assert not (place.work / "made").exists()
    assert run(place, "--", "touch", "made", env={"LLMX_EXEC__SANDBOX": "required"}).code == 0


def test_exit_codes_and_signals_come_through(place):
    assert run(place, "--", "sh", "-c", "exit 7").code == 7
    result = run(place, "--json", "--", "sh", "-c", "kill -9 $$").result
    assert (result["status"], result["signal"], result["exit_code"]) == ("signal", "SIGKILL", 137)
    assert "exact_signal" in result["sandbox"]["missing"]


def test_a_command_that_is_not_there_is_127_and_one_that_cannot_run_126(place):
    place.write("work/plain", "text")
    place.write("work/orphan", "#!/no/such/interpreter\n", 0o755)
    assert run(place, "--", "no-such-command").code == 127
    assert run(place, "--", "./plain").code == 126
    assert run(place, "--", "./orphan").code == 126


def test_at_a_timeout_the_command_may_still_clean_up(place):
    script = "trap 'echo cleaned; exit 3' TERM; echo ready; sleep 60 & wait"
    result = run(place, "--json", "--timeout", "1", "--", "sh", "-c", script).result
    assert (result["status"], result["exit_code"]) == ("timeout", 124)
    assert result["stdout"] == "ready\ncleaned\n"


def test_what_is_left_in_the_background_ends_with_the_command(place):
    ran = run(place, "--json", "--", "sh", "-c", "sleep 60 & echo started")
    assert ran.result["status"] == "ok"
    assert place.survivors() == {}


def test_keeping_children_needs_no_sandbox(place):
    ran = run(place, "--keep-children", "--", "true")
    assert ran.code == 125
    assert b"--background" in ran.err


def test_the_cpu_time_of_everything_inside_is_counted(place):
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    script = f"for i in 1 2; do {sys.executable} -c '{burn}' & done; wait"
    usage = run(place, *INSIDE, "--json", "--", "sh", "-c", script).result["usage"]
    assert 0.6 <= usage["cpu_user_s"] + usage["cpu_system_s"] < 1.5
    assert usage["complete"]


def test_descriptors_of_the_caller_do_not_reach_the_command(place):
    secret = place.write("secret", "hidden text")
    with open(secret, encoding="utf-8") as file:
        os.set_inheritable(file.fileno(), True)
        ran = run(place, "--", "sh", "-c", "ls /proc/self/fd; cat /proc/self/fd/*", pass_fds=(file.fileno(),))
    assert b"hidden text" not in ran.out


def test_a_core_is_never_dumped(place):
    assert run(place, "--", "sh", "-c", "ulimit -Hc").out == b"0\n"


def test_explain_says_what_would_hold_and_runs_nothing(place):
    place.write(".ssh-not-here", "")
    ran = run(place, "--explain", "--timeout", "9", "--env", "A=b", "--", "touch", "made")
    facts = dict(line.split(maxsplit=1) for line in ran.out.decode().splitlines())
    assert facts["decision"] == "allow"
    assert facts["sandbox.level"] == "full"
    assert str(place.work) in facts["sandbox.writable"].split()
    assert "A" in facts["sandbox.environment"].split()
    assert facts["limits.timeout"] == "9.0"
    assert not (place.work / "made").exists()
    told = json.loads(run(place, "--explain", "--json", "--", "touch", "made").out)
    assert told["program"].endswith("/touch")
    refused = run(place, "--explain", "--", "no-such-command")
    assert refused.code == 1
    assert b"no such command" in refused.out


def test_explain_of_what_cannot_be_confined_says_why(place):
    ran = run(place, "--explain", "--", "true", cwd=place.folder)
    assert ran.code == 1
    assert b"home folder" in ran.out


def test_hooks_that_a_command_writes_are_put_back_and_told(place):
    place.run(program=["git", "init", "-q"], cwd=place.work)
    script = "echo evil > .git/hooks/pre-commit; echo be nice > AGENTS.md"
    result = run(place, "--json", "--", "sh", "-c", script).result
    changed = {entry["path"]: entry for entry in result["changed_sensitive"]}
    assert changed[".git/hooks/pre-commit"]["put_back"] is True
    assert changed["AGENTS.md"] == {"path": "AGENTS.md", "change": "added"}
    assert not (place.work / ".git/hooks/pre-commit").exists()
    assert (place.work / "AGENTS.md").exists()


@pytest.mark.parametrize("size", [0, 5, 3 << 20])
def test_the_file_of_stdin_is_read_whole_and_cannot_be_written_to(place, size):
    data = place.folder / "data"
    data.write_bytes(b"x" * size)
    os.chown(data, place.uid, place.uid)
    tried = "for way in '>' '>>' '1<>'; do eval \"echo y $way /proc/self/fd/0\"; done 2>/dev/null; chmod 777 /dev/stdin"
    ran = run(place, "--stdin", str(data), "--", "sh", "-c", f"wc -c; {tried}; wc -c < /dev/stdin")
    assert ran.out.split() == [str(size).encode()] * 2
    assert (data.read_bytes(), data.stat().st_mode & 0o777) == (b"x" * size, 0o644)


def test_behind_live_output_a_line_says_what_runs_later_was_changed(place):
    place.run(program=["git", "init", "-q"], cwd=place.work)
    script = (
        "git config core.hooksPath x; mkdir -p sub/.claude; touch \"$(printf 'sub/.claude/a\\nb\\033c')\"; echo done"
    )
    ran = run(place, "--", "sh", "-c", script)
    first, second, *rest = ran.err.decode().splitlines()
    changed = ".git/config (put back), sub/.claude/a\\nb\\x1bc"
    assert (ran.code, ran.out) == (0, b"done\n")
    assert first == f"llm-exec: notice: the command changed what runs later: {changed}"
    assert "were put back" in second
    assert rest == []
    assert "--write .git" in run(place, "--json", "--", "sh", "-c", script).result["hints"][0]


NAMED = """
import ctypes, os, time
heard, tell = os.pipe()
if os.fork() == 0:
    ctypes.CDLL(None).prctl(15, b"\\x1b]0;E\\n\\x07")
    os.setsid()
    os.write(tell, b"x")
    time.sleep(60)
os.read(heard, 1)
"""


def test_a_process_cannot_speak_to_the_terminal_by_its_name(place):
    ran = run(place, "--no-sandbox", "--", sys.executable, "-c", NAMED)
    assert b"\x1b" not in ran.err
    assert b"ended what it left running: \\x1b]0;E\\n\\x07 (" in ran.err


def test_a_script_cannot_speak_to_the_terminal_by_its_first_line(place):
    script = place.work / "script"
    script.write_bytes(b"#!/no/\x1b]0;E\x07\n")
    script.chmod(0o755)
    ran = run(place, "--", "./script")
    assert ran.code == 126
    assert b"\x1b" not in ran.err
    assert b"/no/\\x1b]0;E\\x07" in ran.err


def test_the_marker_is_where_the_run_looks_for_it():
    assert SANDBOX_MARKER == MARKER
    assert not Path(MARKER).exists()


@pytest.mark.parametrize("sandbox", [["--no-sandbox"], []], ids=["bare", "sandboxed"])
def test_env_sets_a_variable_with_and_without_a_sandbox(place, sandbox):
    words = [*sandbox, "--env", "SET=this", "--env", "HANDED", "--", "sh", "-c", "echo $SET $HANDED"]
    assert run(place, *words, env={"HANDED": "on", "SET": "that"}).out == b"this on\n"
    ran = run(place, *sandbox, "--env", "NO_SUCH_VARIABLE", "--", "true")
    assert ran.code == 125
    assert b"--env NO_SUCH_VARIABLE=VALUE" in ran.err
