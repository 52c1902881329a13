"""``llmx doctor``, run as a user would."""

import json
import os
import subprocess
import sys

import pytest

from llmx.core.doctor import CHECKS, ISSUES
from tests import forked

SEVERITY = ["ok", "warn", "fail"]


@pytest.fixture
def doctor(tmp_path):
    """Run it in a folder of its own; extra words stand before ``doctor`` and after it."""

    def run(*after, before=(), **env):
        command = [sys.executable, "-m", "llmx", *before, "doctor", *after]
        return forked.run(command, text=True, cwd=tmp_path, env={**os.environ, **env})

    return run


def report(done):
    return json.loads(done.stdout)


def findings(done, check):
    return [row for row in report(done)["checks"] if row["check"] == check]


@pytest.fixture
def config(home):
    file = home / ".config/llmx/config.toml"
    file.parent.mkdir(parents=True)
    return file


@pytest.mark.promise("S0-54")
def test_as_json_every_check_has_its_finding_and_every_common_issue_its_checks(doctor):
    done = doctor("--output", "json")
    assert done.returncode == 0, done.stdout
    assert {row["check"] for row in report(done)["checks"]} == CHECKS.keys()
    assert {row["status"] for row in report(done)["checks"]} <= {"ok", "warn"}
    assert [row["issue"] for row in report(done)["issues"]] == list(ISSUES)
    assert len(ISSUES) == 5
    for row in report(done)["checks"]:
        assert set(row) == {"check", "status", "found", "meaning", "fix"}
        assert row["found"]
        assert row["status"] == "ok" or (row["meaning"] and row["fix"]), row


@pytest.mark.promise("S0-54")
def test_a_failure_is_exit_1_with_what_it_means_and_what_to_type(doctor, config):
    config.write_text("[exec]\ngrase = 3\n")
    done = doctor("--output", "json")
    assert done.returncode == 1
    assert report(done)["status"] == "fail"
    [finding] = findings(done, "settings")
    assert finding["status"] == "fail"
    assert f"{config}:2: unknown key exec.grase" in finding["found"]
    assert "exec.grace" in finding["meaning"]
    assert finding["fix"] == "llmx config edit"
    assert {row["issue"]: row["status"] for row in report(done)["issues"]}["build or configuration error"] == "fail"


@pytest.mark.promise("S0-54")
def test_a_warning_alone_is_exit_0(doctor):
    done = doctor("--output", "json", PATH="/nonexistent")
    assert done.returncode == 0
    assert report(done)["status"] == "warn"
    assert {row["status"] for row in findings(done, "scripts")} == {"warn"}


@pytest.mark.promise("S0-54")
def test_the_text_through_a_pipe_is_plain_and_says_the_same(doctor, config):
    config.write_text("nonsense = 1\n")
    done = doctor()
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("fail  settings"))
    assert lines[at + 1].split()[0] == "meaning"
    assert lines[at + 2].split(maxsplit=1) == ["fix", "llmx config edit"]
    for issue, checks in ISSUES.items():
        assert any(issue in line and line.endswith(", ".join(checks)) for line in lines)
    assert lines[-1].endswith("1 fail")


def test_options_before_the_command_say_which_settings_are_checked(doctor, tmp_path):
    (tmp_path / "other.toml").write_text("nonsense = 1\n")
    done = doctor("--output=json", before=["--config", "other.toml"])
    assert done.returncode == 1
    assert findings(done, "settings")[0]["fix"] == f'"${{EDITOR:-vi}}" +1 {tmp_path}/other.toml'
    assert doctor(before=["--profile", "nonsense"]).returncode == 1


def test_the_value_of_a_key_is_never_shown(doctor):
    secret = "sk-ant-api03-" + "Zq8" * 12
    for words in ([], ["--output", "json"]):
        done = doctor(*words, ANTHROPIC_API_KEY=secret)
        assert "ANTHROPIC_API_KEY" in done.stdout
        assert secret not in done.stdout + done.stderr


def test_it_changes_nothing(doctor, home):
    doctor()  # what the sandbox can do here is found out once and remembered
    before = sorted(home.rglob("*"))
    assert doctor().returncode == 0
    assert sorted(home.rglob("*")) == before


def test_it_takes_less_than_two_seconds_of_its_own(doctor):
    program = "import resource, sys; from llmx.__main__ import main; sys.argv = ['llmx', 'doctor']; main();"
    tell = "print(sum(sum(resource.getrusage(w)[:2]) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"
    done = subprocess.run([sys.executable, "-c", program + tell], capture_output=True, text=True, check=True)
    assert float(done.stdout.splitlines()[-1]) < 2


def test_a_name_cannot_steer_the_terminal(doctor, tmp_path):
    done = doctor(XDG_CACHE_HOME=f"{tmp_path}/\x1b[31mred")
    assert "\x1b" not in done.stdout
    assert "red" in done.stdout
