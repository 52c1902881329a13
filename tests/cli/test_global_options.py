"""The options of ``llmx`` itself, which stand before any command."""

import json
import sys

import pytest

from tests import forked


@pytest.fixture
def llmx(tmp_path, home):
    """Run it in a folder of its own; returns what it printed and told."""

    def run(*words):
        command = [sys.executable, "-m", "llmx", *words]
        return forked.run(command, text=True, cwd=tmp_path)

    return run


@pytest.mark.promise("S2-01")
@pytest.mark.parametrize("words", [["--output", "json"], ["--output=json"]])
@pytest.mark.parametrize("command", [["version"], ["config", "paths"], ["config", "get", "exec.grace"], ["help"]])
def test_the_form_of_facts_may_be_said_before_the_command(llmx, words, command):
    done = llmx(*words, *command)
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(llmx(*command, "--output", "json").stdout)


@pytest.mark.promise("S2-01")
def test_what_stands_behind_the_command_goes_first(llmx):
    assert llmx("--output", "json", "version", "--output", "text").stdout == llmx("version").stdout
    done = llmx("--profile", "nonsense", "config", "get", "exec.grace", "--profile", "ci")
    assert done.returncode == 0, done.stderr


@pytest.mark.promise("S2-01")
@pytest.mark.parametrize("flag", ["--profile", "-p"])
def test_a_profile_named_before_the_command_is_in_force(llmx, flag):
    assert llmx("config", "get", "exec.isolation.timeout").stdout == "300\n"
    assert llmx(flag, "ci", "--output", "text", "config", "get", "exec.isolation.timeout").stdout == "600\n"


@pytest.mark.promise("S2-01")
@pytest.mark.parametrize("flag", ["--config", "-c"])
def test_a_file_named_before_the_command_is_read(llmx, tmp_path, flag):
    (tmp_path / "other.toml").write_text("exec.grace = 9\n")
    assert llmx(flag, "other.toml", "config", "get", "exec.grace").stdout == "9\n"


@pytest.mark.promise("S2-01")
@pytest.mark.parametrize("words", [["--output", "yaml"], ["--trace", "loud"], ["--trace"], ["--quite"]])
def test_a_wrong_one_is_refused_before_anything_runs(llmx, words):
    done = llmx(*words, "version")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "hint: " in done.stderr


def test_they_hold_for_exec_too_and_its_own_go_first(llmx, tmp_path):
    (tmp_path / "other.toml").write_text("exec.isolation.timeout = 77\n")
    assert json.loads(llmx("--output", "json", "exec", "--", "echo", "x").stdout)["stdout"] == "x\n"
    result = json.loads(llmx("-c", "other.toml", "exec", "--json=full", "--", "true").stdout)
    assert result["limits"]["timeout"] == 77
    assert llmx("--profile", "nonsense", "exec", "--", "true").returncode == 125
    assert llmx("--profile", "nonsense", "exec", "--profile", "ci", "--no-sandbox", "--", "true").returncode == 0
    assert llmx("--quiet", "exec", "--", "sh", "-c", "exit 3").stderr == ""


def test_quiet_leaves_out_the_notes_and_not_the_errors(llmx, tmp_path):
    (tmp_path / "llmx.toml").write_text('llm.api_base = "http://elsewhere"\n')
    assert llmx("config", "show").stderr.startswith("note: ")
    assert llmx("--quiet", "config", "show").stderr == ""
    assert llmx("config", "show").stdout == llmx("--quiet", "config", "show").stdout
    assert llmx("--quiet", "config", "get", "nonsense").stderr.startswith("error: ")


def test_an_error_is_json_where_json_is_asked_for_before_the_command(llmx):
    done = llmx("--output", "json", "help", "nonsense")
    assert done.returncode == json.loads(done.stdout)["error"]["exit_code"] == 4


def test_a_command_that_has_no_such_option_is_not_disturbed(llmx):
    done = llmx("--output", "json", "--quiet", "--profile", "ci", "completion", "show", "bash")
    assert done.returncode == 0
    assert done.stdout == llmx("completion", "show", "bash").stdout
