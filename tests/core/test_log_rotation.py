"""The log is put aside when it is full or old, and no line is lost, doubled or torn, whoever writes or dies."""

import fcntl
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from llmx.core import audit, log_rotation
from llmx.core.audit import AuditLog, timestamp
from llmx.core.audit_reader import entries
from tests.core.edits.conftest import ROOT

DAY = 86400


@pytest.fixture
def env(home):
    return {"HOME": str(home)}


@pytest.fixture
def path(home):
    (home / ".local/share").mkdir(parents=True)
    return home / ".local/share/llm-exec.log"


def line(number: int, seconds: float | None = None) -> str:
    moment = timestamp(time.time() if seconds is None else seconds)
    return json.dumps({"time": moment, "event": "start", "run_id": f"id{number}"}, separators=(",", ":")) + "\n"


def ids(env):
    return [entry["run_id"] for entry in entries(env)]


def files(path):
    return sorted(file.name for file in path.parent.iterdir())


def fill(env, count, **limits):
    """Write so many lines, each into a log of its own."""
    for number in range(count):
        assert AuditLog(env, **{"max_bytes": 1, **limits}).write("start", f"id{number}")


@pytest.mark.promise("S0-26")
def test_a_log_of_10_mib_is_put_aside_by_the_next_line(env, path):
    old = line(0) * ((10 << 20) // len(line(0)) + 1)
    path.write_text(old)
    assert AuditLog(env).write("start", "new")
    assert (path.parent / "llm-exec.log.1").read_text() == old
    assert json.loads(path.read_text())["run_id"] == "new"


def test_a_smaller_log_stays(env, path):
    path.write_text(line(0))
    size = path.stat().st_size
    assert AuditLog(env, max_bytes=size + 1).write("start", "new")
    assert files(path) == ["llm-exec.log"]


@pytest.mark.promise("S0-26")
@pytest.mark.parametrize(
    ("age", "days", "rotated"),
    [(7.1, 7, True), (6.9, 7, False), (1.1, 1, True), (-400, 7, False), (400, 0, False)],
    ids=["older", "younger", "a shorter limit", "from the future", "no limit"],
)
def test_a_log_whose_first_line_is_too_old_is_put_aside(env, path, age, days, rotated):
    path.write_text(line(0, time.time() - age * DAY) + line(1))
    assert AuditLog(env, max_age_days=days).write("start", "new")
    assert (path.parent / "llm-exec.log.1").exists() is rotated
    assert ids(env) == ["id0", "id1", "new"]


@pytest.mark.parametrize("first", ["", "\n", "foreign\n", '{"time":"20', '{"time":"' + "9" * 24])
def test_a_log_that_does_not_tell_its_age_is_put_aside_by_its_size_alone(env, path, first):
    path.write_text(first)
    assert AuditLog(env).write("start", "new")
    assert files(path) == ["llm-exec.log"]


@pytest.mark.promise("S0-26")
def test_five_are_kept_of_which_the_first_is_plain_and_the_others_are_compressed(env, path):
    fill(env, 9)
    older = [f"llm-exec.log.{number}.gz" for number in range(2, 6)]
    assert files(path) == ["llm-exec.log", "llm-exec.log.1", *older, "llm-exec.log.lock"]
    assert json.loads(gzip.decompress((path.parent / older[-1]).read_bytes()))["run_id"] == "id3"
    assert ids(env) == [f"id{number}" for number in range(3, 9)]
    assert {os.stat(path.parent / name).st_mode & 0o777 for name in files(path)} == {0o600}


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_as_many_are_kept_as_the_settings_say_and_a_smaller_number_removes_the_rest(env, path, keep):
    fill(env, 6)
    (path.parent / "llm-exec.log.2026").write_text("the user's own")
    fill(env, 1, keep=keep)
    assert len(files(path)) == keep + 3
    assert ids(env) == [f"id{number}" for number in range(6 - keep, 6)] + ["id0"]


def test_a_run_that_had_the_log_open_writes_its_end_into_the_new_one(env, path):
    long_run = AuditLog(env)
    long_run.write("start", "long")
    for number in range(3):
        AuditLog(env, max_bytes=1).write("start", f"id{number}")
    assert long_run.write("end", "long")
    assert [json.loads(text)["run_id"] for text in path.read_text().splitlines()] == ["id2", "long"]
    assert ids(env) == ["long", "id0", "id1", "id2", "long"]


def test_a_log_that_was_removed_is_made_again_by_who_had_it_open(env, path):
    log = AuditLog(env)
    log.write("start", "one")
    path.unlink()
    assert log.write("end", "one")
    assert [entry["event"] for entry in entries(env)] == ["end"]


def test_the_new_log_has_the_mode_of_the_old_one(env, path):
    path.write_text(line(0))
    path.chmod(0o640)
    fill(env, 2)
    assert {os.stat(path.parent / f"llm-exec.log{ending}").st_mode & 0o777 for ending in ("", ".1", ".2.gz")} == {0o640}


def test_a_linked_log_is_rotated_where_it_lies(env, path, tmp_path):
    path.symlink_to(tmp_path / "real.log")
    fill(env, 3)
    assert path.is_symlink()
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        *("real.log", "real.log.1", "real.log.2.gz", "real.log.lock")
    ]
    assert ids(env) == ["id0", "id1", "id2"]


def test_a_device_in_its_place_is_left_alone(env, path):
    path.symlink_to("/dev/null")
    fill(env, 2)
    assert files(path) == ["llm-exec.log"]


OBSTACLES = {
    "a folder under the next name": lambda folder: (folder / "llm-exec.log.1").mkdir(),
    "a link in place of the lock": lambda folder: (folder / "llm-exec.log.lock").symlink_to(folder / "elsewhere"),
    "a folder in place of the lock": lambda folder: (folder / "llm-exec.log.lock").mkdir(),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_log_that_cannot_be_put_aside_grows(env, path, obstacle):
    OBSTACLES[obstacle](path.parent)
    fill(env, 3, keep=1)
    assert len(path.read_text().splitlines()) == 3
    assert not (path.parent / "elsewhere").exists()


def test_what_cannot_be_compressed_stays_plain_and_is_compressed_next_time(env, path):
    (path.parent / "llm-exec.log.gz.tmp").mkdir()
    fill(env, 3)
    assert (path.parent / "llm-exec.log.2").exists()
    assert ids(env) == ["id0", "id1", "id2"]
    (path.parent / "llm-exec.log.gz.tmp").rmdir()
    AuditLog(env, max_bytes=1).write("start", "id3")
    assert files(path) == ["llm-exec.log", "llm-exec.log.1", *(f"llm-exec.log.{n}.gz" for n in (2, 3)),
                           "llm-exec.log.lock"]  # fmt: skip
    assert ids(env) == ["id0", "id1", "id2", "id3"]


def as_user(user, code, env):
    """Run ``code`` as ``user``, with the log's ``env`` known in it."""
    identity = {} if os.getuid() == user.pw_uid else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    words = [sys.executable, "-c", f"from llmx.core.audit import AuditLog\nenv = {env!r}\n{code}"]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, **identity).stdout


@pytest.fixture
def shared(ordinary_user):
    """The environment and the log's folder of an ordinary user."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        os.chown(name, ordinary_user.pw_uid, ordinary_user.pw_gid)
        yield {"XDG_DATA_HOME": name}, Path(name)


WRITE = "print(AuditLog(env, max_bytes=1).write('start', 'id'))"


def test_a_log_in_a_folder_that_may_not_be_changed_grows(shared, ordinary_user):
    env, folder = shared
    assert as_user(ordinary_user, WRITE, env) == "True\n"
    folder.chmod(0o555)
    assert as_user(ordinary_user, f"{WRITE}\n{WRITE}", env) == "True\nTrue\n"
    folder.chmod(0o755)
    assert [file.name for file in folder.iterdir()] == ["llm-exec.log"]
    assert len((folder / "llm-exec.log").read_text().splitlines()) == 3


def test_root_does_not_take_a_users_log_away(shared, ordinary_user):
    if os.getuid() != 0:
        pytest.skip("only root writes to a file of someone else's: this check runs in the root half of the tests")
    env, folder = shared
    as_user(ordinary_user, WRITE, env)
    assert AuditLog(env, max_bytes=1).write("start", "root")
    assert [file.name for file in folder.iterdir()] == ["llm-exec.log"]
    assert as_user(ordinary_user, WRITE, env) == "True\n"
    assert (folder / "llm-exec.log").stat().st_uid == ordinary_user.pw_uid
    assert (folder / "llm-exec.log.1").exists()


CROWD = """
import os, sys
from llmx.core.audit import AuditLog
limits = {"max_bytes": 6000, "keep": 900}
ready, go = os.pipe()
for writer in range(50):
    if os.fork() == 0:
        os.close(go)
        os.read(ready, 1)
        log = AuditLog(os.environ, **limits)
        for number in range(40):
            if writer % 2:
                log = AuditLog(os.environ, **limits)
            assert log.write("start", f"{writer}-{number}", argv=["x" * (writer * 7)])
        os._exit(0)
os.close(go)
statuses = [os.wait()[1] for _ in range(50)]
sys.exit(any(statuses))
"""


@pytest.mark.promise("S0-26")
def test_50_writers_lose_no_line_across_rotations(env, path):
    subprocess.run([sys.executable, "-c", CROWD], env=os.environ | env, cwd=ROOT, check=True)
    expected = [f"{writer}-{number}" for writer in range(50) for number in range(40)]
    seen = ids(env)
    assert Counter(seen) == Counter(expected)
    for writer in range(50):
        assert [id for id in seen if id.startswith(f"{writer}-")] == [f"{writer}-{number}" for number in range(40)]
    texts = [file.read_bytes() for file in path.parent.iterdir()]
    whole = b"".join(gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text for text in texts)
    assert whole.count(b"\n") == len(expected), "a line that is torn or empty"
    assert len(texts) >= 4, "the log, its lock, .1 and .2.gz at least"


STEPS = ("open", "os.rename", "os.remove", "os.chmod", "os.utime", "os.listdir", "fcntl.flock")
"""What a rotation does to the disk, as the interpreter reports it; between two of them nothing changes."""


def killed_at(moment: int, work) -> bool:
    """Run ``work`` in a child that kills itself before its ``moment``-th step; whether it came that far."""
    pid = os.fork()
    if not pid:
        seen = 0

        def count(event: str, _: object) -> None:
            nonlocal seen
            if event in STEPS:
                seen += 1
                if seen == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("before", [1, 3, 6])
def test_killed_at_any_step_it_loses_nothing_and_the_next_rotation_completes_it(env, path, before):
    moment = 0
    is_killed = True
    while is_killed:
        moment += 1
        for file in path.parent.iterdir():
            file.unlink()
        fill(env, before)
        there = set(ids(env))
        is_killed = killed_at(moment, lambda: AuditLog(env, max_bytes=1).write("start", "killed"))
        seen = ids(env)
        lost = there - set(seen)
        assert len(seen) == len(set(seen)), f"step {moment} doubles a line"
        assert lost <= ({"id0"} if before == 6 else set()), f"step {moment} loses a line"
        fill(env, 2)
        assert set(ids(env)) >= there - {"id0", "id1", "id2"}
        names = files(path)
        assert not [name for name in names if name.endswith((".tmp", *(f".{number}" for number in range(2, 9))))]
    assert moment > 8


ENDLESS = """
import os, sys
from llmx.core.audit import AuditLog
log = AuditLog(os.environ, max_bytes=2000, keep=900)
for number in range(1_000_000):
    os.write(1, b"%d\\n" % number)
    log.write("start", f"{sys.argv[1]}-{number}")
"""


def test_killed_50_times_at_random_no_line_is_lost_or_doubled(env, path):
    rng = random.Random(26)
    written: dict[int, int] = {}
    for turn in range(50):
        words = [sys.executable, "-c", ENDLESS, str(turn)]
        with subprocess.Popen(words, env=os.environ | env, cwd=ROOT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            for _ in range(rng.randrange(1, 60)):
                writer.stdout.readline()
            writer.kill()
            rest = writer.stdout.read().split()
        written[turn] = int(rest[-2]) if len(rest) > 1 else -1  # all before the last announced one are in
    seen = ids(env)
    assert len(seen) == len(set(seen))
    for turn, last in written.items():
        assert {f"{turn}-{number}" for number in range(last)} <= set(seen)
    fill(env, 2)  # the first may find an empty log, which is not put aside
    assert not list(path.parent.glob("*.tmp"))


def test_a_lock_that_is_never_given_back_keeps_no_line_out(env, path, monkeypatch):
    monkeypatch.setattr(audit, "LOOKS", 3)
    code = f"import os, sys; from llmx.core import audit; audit.lock(os.open({str(path)!r}, os.O_RDWR | os.O_CREAT))"
    words = [sys.executable, "-c", code + "; print('locked', flush=True); sys.stdin.read()"]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"locked\n"
        started = time.monotonic()
        assert AuditLog(env).write("start", "id0")
        assert time.monotonic() - started >= 0.003
        holder.communicate()
    assert ids(env) == ["id0"]


def test_while_another_rotates_nobody_else_does(env, path):
    fill(env, 2)
    with open(path.parent / "llm-exec.log.lock") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        fill(env, 3)
        assert not (path.parent / "llm-exec.log.2.gz").exists()
    fill(env, 1)
    assert (path.parent / "llm-exec.log.2.gz").exists()


def test_a_log_that_another_has_just_rotated_is_not_rotated_again(env, path):
    path.write_text(text := line(0))
    log_rotation.rotate(str(path), max_bytes=1 << 20, max_age_days=7, keep=5)
    assert path.read_text() == text
