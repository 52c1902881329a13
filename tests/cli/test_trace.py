"""``llmx --trace LEVEL``: what is told on stderr, and what never is."""

import os
import subprocess
import sys

import pytest

from tests import forked

LEVELS = ["off", "error", "warn", "info", "debug", "trace"]


@pytest.fixture
def llmx(tmp_path, home):
    (tmp_path / "llmx.toml").write_text("exec.grace = 9\n")

    def run(*words, **env):
        command = [sys.executable, "-m", "llmx", *words]
        environment = {**os.environ, **env}
        return forked.run(command, text=True, cwd=tmp_path, env=environment)

    return run


def kinds(done):
    """The levels of the lines on stderr."""
    return {line.split(":")[0] for line in done.stderr.splitlines()}


@pytest.mark.promise("S2-02")
@pytest.mark.parametrize("level", LEVELS)
def test_each_level_tells_its_own_lines_and_the_more_serious_ones(llmx, level):
    done = llmx("--trace", level, "config", "get", "exec.grace")
    assert done.stdout == "9\n"
    told = {"info", "debug", "trace"} & set(LEVELS[: LEVELS.index(level) + 1])
    assert kinds(done) == told


@pytest.mark.promise("S2-02")
def test_debug_says_what_runs_which_files_are_read_and_how_long_it_took(llmx, tmp_path):
    told = llmx("--trace", "debug", "config", "get", "exec.grace").stderr
    assert "llmx --trace debug config get exec.grace" in told
    assert f"settings: {tmp_path}/llmx.toml is there" in told
    assert "ended after " in told


@pytest.mark.promise("S2-02")
def test_the_last_level_says_where_every_value_comes_from(llmx, tmp_path):
    assert f"setting: exec.grace = 9.0 from project ({tmp_path}/llmx.toml:1)" in llmx("--trace=trace", "version").stderr


@pytest.mark.promise("S2-02")
def test_nothing_is_told_unless_asked_for(llmx):
    assert llmx("version").stderr == ""


def test_the_variable_asks_too_and_the_option_goes_first(llmx):
    assert "debug" in kinds(llmx("version", LLMX_TRACE="debug"))
    assert llmx("--trace", "off", "version", LLMX_TRACE="debug").stderr == ""


def test_a_variable_that_names_no_level_is_refused_with_the_nearest(llmx):
    done = llmx("version", LLMX_TRACE="debgu")
    assert done.returncode == 2
    assert done.stderr == "error: LLMX_TRACE='debgu' is no level\nhint: did you mean debug?\n"


def test_settings_that_cannot_be_read_are_told_and_do_not_stop_the_command(llmx):
    done = llmx("--trace", "trace", "--profile", "nonsense", "version")
    assert done.returncode == 0
    assert "error: settings: there is no profile 'nonsense'" in done.stderr


def test_errors_are_shown_at_every_level(llmx):
    done = llmx("--trace", "off", "help", "nonsense")
    assert done.returncode == 4
    assert done.stderr.startswith("error: ")


def test_secrets_and_control_characters_are_not_told(llmx):
    secret = "sk-ant-api03-" + "Zq8" * 12
    told = llmx("--trace", "info", "help", f"{secret}\x1b[31m").stderr.splitlines()[0]
    assert told.startswith("info: ")
    assert secret not in told
    assert "\x1b" not in told


def test_a_secret_of_the_environment_is_masked_wherever_it_stands(llmx):
    value = "correct-horse-battery"
    told = llmx("--trace", "info", "help", value, MY_TOKEN=value).stderr.splitlines()[0]
    assert told.startswith("info: ")
    assert value not in told
    assert value in llmx("--trace", "info", "help", value).stderr.splitlines()[0]


@pytest.mark.parametrize("trace", [[], ["--trace", "warn"]], ids=["without a trace", "with one"])
def test_a_warning_from_below_is_told_as_one(llmx, home, trace):
    (home / ".local").write_text("in the way\n")
    done = llmx(*trace, "generate", "--backend", "mock", "hi")
    assert (done.returncode, done.stdout) == (0, "Mock response to: hi\n")
    word = "warn" if trace else "warning"
    ledger = f"{word}: this call is missing in llmx usage: {home}/.local/state/llmx/usage.db cannot be opened: "
    assert [line for line in done.stderr.splitlines() if line.startswith(ledger)] == done.stderr.splitlines()[1:]


def test_a_warning_that_comes_again_is_told_once(llmx, home, tmp_path):
    (home / ".local").write_text("in the way\n")
    (tmp_path / "a.py").write_text("x = 1\n")
    words = ["template", "exec", "code-review", "--backend", "mock", "--votes", "2", "--param", "code_path=a.py"]
    lines = llmx(*words).stderr.splitlines()
    assert len([line for line in lines if "missing in llmx usage" in line]) == 1
    assert [line for line in lines if "--resume cannot go on" in line] == [
        "warning: --resume cannot go on with this run, as it cannot be kept: Not a directory"
    ]


def test_a_warning_stands_on_a_line_of_its_own_behind_the_answer(home):
    (home / ".local").write_text("in the way\n")
    command = [sys.executable, "-m", "llmx", "generate", "--backend", "mock", "hi"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.stdout.splitlines()[1] == "Mock response to: hi"
    assert done.stdout.splitlines()[2].startswith("warning: this call is missing")
    assert "\n\n" not in done.stdout
