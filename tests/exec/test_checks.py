"""The doctor's checks of what ``llm-exec`` works with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.exec import checks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def env(home):
    return {"HOME": str(home), "PATH": os.environ["PATH"]}


@pytest.fixture
def log(home):
    file = home / ".local/share/llm-exec.log"
    file.parent.mkdir(parents=True)
    file.write_text("{}\n")
    file.chmod(0o600)
    return file


def test_a_log_that_is_not_there_yet_is_well(env, home):
    assert checks.log(env)[0].found.endswith("will be made by the first run")
    assert not (home / ".local").exists()


def test_a_log_is_told_with_its_size(env, log):
    assert checks.log(env)[0] == ("ok", f"{log}, 0.0 MiB", "", "")


def test_a_log_that_others_can_read_is_a_warning(env, log):
    log.chmod(0o644)
    assert (checks.log(env)[0].status, checks.log(env)[0].fix) == ("warn", f"chmod 600 {log}")


def test_a_log_that_has_grown_far_beyond_its_size_is_a_warning(env, log):
    with log.open("r+b") as file:
        file.truncate(20 * 1024 * 1024 + 1)
    assert (checks.log(env)[0].status, checks.log(env)[0].fix) == ("warn", f"mv {log} {log}.old")


@pytest.mark.promise("S0-54")
@pytest.mark.parametrize(("required", "status"), [("false", "warn"), ("true", "fail")])
def test_a_log_that_cannot_be_written_fails_where_it_is_required(env, log, required, status):
    log.unlink()
    log.mkdir()
    [finding] = checks.log(env | {"LLMX_AUDIT__REQUIRED": required})
    assert finding.status == status
    assert finding.fix == f"mv {log} {log}.old"


PROBE = "import os; from llmx.exec.checks import log; print(log(os.environ)[0].fix)"


@pytest.mark.parametrize(
    ("is_there", "fix"), [(True, 'sudo chown "$(id -un)" {0} && chmod u+rw {0}'), (False, "sudo install -D -o {1} {0}")]
)
def test_only_the_log_is_given_to_this_user_never_a_folder(in_the_open, ordinary_user, is_there, fix):
    log = in_the_open / "llm-exec.log"
    if is_there:
        log.touch(0o400)
    in_the_open.chmod(0o555)
    user = {"user": ordinary_user.pw_uid, "group": ordinary_user.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": "/", "XDG_DATA_HOME": str(in_the_open), "PYTHONPATH": str(ROOT)},
        cwd="/",
        **(user if os.getuid() == 0 else {}),
    )
    assert done.stdout.strip() == fix.format(log, '"$(id -un)" -m 600 /dev/null')


def test_settings_that_cannot_be_read_do_not_hide_the_log(env, log):
    assert checks.log(env | {"LLMX_EXEC__GRACE": "soon"})[0].status == "ok"


def program(folder, name, text):
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_programs_that_are_optional_are_named_and_missed_by_nobody(env, tmp_path):
    absent = [*checks.nix(env | {"PATH": str(tmp_path)}), *checks.terminals(env | {"PATH": str(tmp_path)})]
    assert [finding.status for finding in absent] == ["ok"] * 3
    assert all("not installed (optional)" in finding.found for finding in absent)
    program(tmp_path, "nix-shell", "")
    [finding, _] = checks.nix(env | {"PATH": str(tmp_path)})
    assert str(tmp_path) in finding.found


def test_terminals_are_named_with_the_one_that_auto_takes(env, tmp_path):
    for name in ("xterm", "tmux"):
        program(tmp_path, name, "")
    env = {name: value for name, value in env.items() if name != "DISPLAY"} | {"PATH": str(tmp_path)}
    [finding] = checks.terminals(env)
    assert finding == ("ok", "tmux, xterm; none can open a window from here, so --terminal runs nothing", "", "")
    [finding] = checks.terminals(env | {"TMUX": "/tmp/tmux,1,0"})
    assert finding.found == "tmux, xterm; llm-exec --terminal auto takes tmux"
