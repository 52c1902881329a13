"""The execution log: a line before the command starts and one at its end, whole, private and without secrets."""

import concurrent.futures
import contextlib
import json
import os
import stat
import subprocess
from collections import Counter

import pytest

REQUIRED = {"LLMX_AUDIT__REQUIRED": "true"}


@pytest.mark.promise("S0-24", "S0-25")
def test_each_run_leaves_a_start_and_an_end(either_place):
    for code in (0, 3):
        ran = either_place.run("--json", "--timeout", "9", "--", "sh", "-c", f"exit {code}")
        start, end = either_place.audit()[-2:]
        assert start.keys() >= {"time", "event", "run_id", "pid", "user", "argv", "cwd", "timeout_s", "sandbox"}
        assert (start["event"], end["event"]) == ("start", "end")
        assert start["run_id"] == end["run_id"] == ran.result["run_id"]
        assert start["argv"] == ["sh", "-c", f"exit {code}"]
        assert (start["cwd"], start["user"], start["timeout_s"]) == (str(either_place.folder), either_place.uid, 9)
        assert (end["exit_code"], end["status"]) == (code, "failed" if code else "ok")
        assert 0 <= end["duration_s"] < 20
        assert end["time"] >= start["time"]
        assert end.keys() >= {"cpu_s", "peak_rss_bytes"}


@pytest.mark.promise("S0-24")
def test_the_start_is_there_to_see_before_the_command_ends(place):
    process = place.start("--", "sh", "-c", "echo up; read line", stdin=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    assert [line["event"] for line in place.audit()] == ["start"]
    place.finish(process, b"\n")
    assert [line["event"] for line in place.audit()] == ["start", "end"]


@pytest.mark.promise("S0-24")
def test_only_its_owner_may_read_it_whatever_the_umask(either_place):
    either_place.run("--", "true", before=lambda: os.umask(0))
    facts = either_place.log.stat()
    assert (stat.S_IMODE(facts.st_mode), facts.st_uid) == (0o600, either_place.uid)


@pytest.mark.promise("S0-24")
def test_it_lies_where_xdg_says(place):
    place.run("--", "true", env={"XDG_DATA_HOME": str(place.folder / "data")})
    assert (place.folder / "data/llm-exec.log").exists()
    assert not place.log.exists()
    place.run("--", "true", env={"XDG_DATA_HOME": "relative"})
    assert place.log.exists()


def test_a_run_that_could_not_start_is_logged_too(place):
    assert place.run("--", "no-such-command").code == 127
    assert [(line["event"], line.get("exit_code")) for line in place.audit()] == [("start", None), ("end", 127)]


@pytest.mark.parametrize(("seconds", "status", "code"), [("0.2", "timeout", 124), ("0", "interrupted", 143)])
def test_how_a_run_was_ended_is_logged(place, until, seconds, status, code):
    process = place.start("--timeout", seconds, "--grace", "0.1", "--", "sh", "-c", "touch up; sleep 60")
    until((place.folder / "up").exists)
    if status == "interrupted":
        process.terminate()
    assert place.finish(process).code == code
    assert (place.audit()[-1]["status"], place.audit()[-1]["exit_code"]) == (status, code)


@pytest.mark.promise("S0-25")
def test_secrets_are_not_in_it_but_reach_the_command(place):
    secret = "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    words = ["printf", "%s ", "--token", secret, f"--password={secret}", f"Bearer {secret}"]
    ran = place.run("--", *words, env={"API_KEY": secret})
    assert ran.out.decode() == f"--token {secret} --password={secret} Bearer {secret} "
    assert secret not in place.log.read_text()
    assert place.audit()[0]["argv"][:3] == ["printf", "%s ", "--token"]


def test_the_value_of_a_secret_variable_is_not_in_it(place):
    ran = place.run("--", "echo", "correct-horse-battery", env={"DB_PASSWORD": "correct-horse-battery"})
    assert ran.out == b"correct-horse-battery\n"
    assert "correct-horse" not in place.log.read_text()


def test_50_runs_at_once_leave_100_whole_lines_and_each_run_exactly_twice(place):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ran = list(pool.map(lambda number: subprocess_run(place, number), range(50)))
    assert [one.returncode for one in ran] == [number % 7 for number in range(50)]
    lines = place.audit()
    assert len(lines) == 100
    assert set(Counter((line["run_id"], line["event"]) for line in lines).values()) == {1}
    assert Counter(line["event"] for line in lines) == {"start": 50, "end": 50}
    starts = {line["run_id"]: line for line in lines if line["event"] == "start"}
    assert sorted(int(line["argv"][3]) for line in starts.values()) == list(range(50))


def subprocess_run(place, number):
    words = ["sh", "-c", "exit $(($0 % 7))", str(number), "x" * 3000]
    return subprocess.run([*place.tool, "--", *words], env=place.env, cwd=place.folder, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)  # fmt: skip


@pytest.mark.parametrize("torn", ['{"time":"2026', '{"a":1}', "x" * 5000])
def test_a_torn_last_line_does_not_spoil_the_next(place, torn):
    place.run("--", "true")
    with open(place.log, "a") as log:
        log.write(torn)
    place.run("--", "true")
    lines = place.log.read_text().splitlines()
    assert lines[2] == torn
    assert [json.loads(line)["event"] for line in (*lines[:2], *lines[3:])] == ["start", "end"] * 2


@pytest.mark.parametrize(
    "argument", ['a\n{"event":"start","run_id":"forged"}\n', "\r\n\x1b[2J\x00"[:-1], "\u2028", b"\xff\n"]
)
def test_an_argument_cannot_forge_a_line(place, argument):
    assert place.run("--", "true", argument).code == 0
    lines = place.audit()
    assert len(lines) == 2
    assert lines[0]["argv"][1] == (argument if isinstance(argument, str) else os.fsdecode(argument))
    assert place.log.read_bytes().count(b"\n") == 2
    assert b"\x1b" not in place.log.read_bytes()


UNWRITABLE = {
    "a folder in its place": lambda place: place.log.mkdir(parents=True),
    "a file where its folder should be": lambda place: (place.folder / ".local").touch(),
    "a folder that may not be entered": lambda place: (place.folder / ".local").mkdir(mode=0),
    "a file of someone else's": lambda place: forbid(place.log),
    "a link to nowhere": lambda place: link(place.log),
}


def forbid(log):
    log.parent.mkdir(parents=True)
    log.touch(0)


def link(log):
    log.parent.mkdir(parents=True)
    log.symlink_to("/no/such/folder/log")


@pytest.fixture(params=UNWRITABLE)
def unwritable(request, ordinary_place):
    UNWRITABLE[request.param](ordinary_place)
    return ordinary_place


def test_a_log_that_cannot_be_written_is_warned_of_and_the_command_runs(unwritable):
    ran = unwritable.run("--no-sandbox", "--", "sh", "-c", "echo out; exit 3")
    assert (ran.code, ran.out) == (3, b"out\n")
    assert ran.err.startswith(b"llm-exec: warning: not logged: ")
    assert len(ran.err.splitlines()) == 1
    assert str(unwritable.log).encode() in ran.err
    ran = unwritable.run("--json", "--", "echo", "out")
    assert (ran.code, ran.result["audit"], ran.result["stdout"]) == (0, "unavailable", "out\n")
    assert unwritable.run("--quiet", "--", "true").err == b""


def test_where_the_log_is_required_nothing_runs_without_it(unwritable):
    ran = unwritable.run("--json", "--", "touch", "ran", env=REQUIRED)
    assert (ran.code, ran.result["status"], ran.result["setup_error"]["code"]) == (125, "error", "audit")
    assert "audit.required" in ran.result["hints"][0]
    assert not (unwritable.folder / "ran").exists()


def test_a_log_that_can_be_written_fulfils_the_requirement(place):
    assert place.run("--", "true", env=REQUIRED).code == 0
    assert "audit" not in place.run("--json", "--", "true", env=REQUIRED).result


@pytest.fixture
def full_disk(ordinary_place):
    """A place whose log lies on a disk with no room left."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small disk: this check runs in the root half of the tests")
    disk = ordinary_place.folder / "disk"
    disk.mkdir()
    options = f"size=64k,mode=0777,uid={ordinary_place.uid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
    try:
        ordinary_place.env["XDG_DATA_HOME"] = str(disk)
        ordinary_place.log = disk / "llm-exec.log"
        yield ordinary_place
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk, leave):
    """Use up the disk but for at most ``leave`` bytes."""
    with open(disk / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
    with open(disk / "filler", "r+b") as filler:
        filler.truncate(os.path.getsize(disk / "filler") - leave)


def test_a_full_disk_is_warned_of_and_the_command_runs(full_disk):
    full_disk.run("--", "true")
    fill(full_disk.log.parent, 0)
    filled_up = full_disk.log.read_bytes()
    while full_disk.run("--json", "--", "true", "x" * 1000).result.get("audit") is None:
        assert full_disk.log.stat().st_size <= 65536
    ran = full_disk.run("--no-sandbox", "--", "sh", "-c", "echo out; exit 3")
    assert (ran.code, ran.out) == (3, b"out\n")
    assert b"not logged" in ran.err
    ran = full_disk.run("--json", "--", "touch", full_disk.folder / "ran", env=REQUIRED)
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "audit")
    assert not (full_disk.folder / "ran").exists()
    assert full_disk.log.read_bytes().startswith(filled_up)


def test_after_a_full_disk_the_log_goes_on_with_whole_lines(full_disk):
    full_disk.run("--", "true")
    fill(full_disk.log.parent, 0)
    while full_disk.run("--json", "--", "true", "x" * 1000).result.get("audit") is None:
        pass
    os.unlink(full_disk.log.parent / "filler")
    before = full_disk.log.read_bytes()
    ran = full_disk.run("--json", "--", "true")
    assert "audit" not in ran.result
    after = full_disk.log.read_bytes()
    assert after.startswith(before)
    new = after[len(before) :].decode().splitlines()
    assert [json.loads(line)["run_id"] for line in new if line] == [ran.result["run_id"]] * 2


@pytest.mark.promise("S0-25")
@pytest.mark.parametrize("sandbox", [["--no-sandbox"], []], ids=["bare", "sandboxed"])
def test_what_env_sets_is_in_no_record_where_the_command_line_repeats_it(place, sandbox):
    place.tool = [*(word for word in place.tool if word != "--no-sandbox"), *sandbox]
    (work := place.folder / "work").mkdir()
    os.chown(work, place.uid, place.uid)
    words = ["--env", "API_KEY=hunter2-and-more", "--", "sh", "-c", "false hunter2-and-more", "hunter2-and-more"]
    result = place.run("--json=full", *words, cwd=work).result
    told = [
        result["argv"],
        result["hints"],
        place.audit(),
        place.run("--explain", "--json", *words, cwd=work).out.decode(),
    ]
    assert result["status"] == "failed"
    assert "hunter2-and-more" not in json.dumps(told)
    assert result["argv"][-1] == "[redacted]"
