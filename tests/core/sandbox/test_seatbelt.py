"""The profile for macOS, as text: no Mac has run it."""

import os
from pathlib import Path

import pytest

from llmx.core.sandbox import Abilities, Plan, Reach
from llmx.core.sandbox.seatbelt import enclose, profile

GOLDEN = Path(__file__).with_name("golden")


def make_plan(**changed):
    fields = {
        "cwd": "/Users/ada/code/project",
        "work": "/Users/ada/code/project",
        "writable": ["/Users/ada/code/project", "/Users/ada/.cache/llmx/sandbox/project"],
        "readable": ["/Users/ada/.gitconfig", "/Users/ada/.pyenv"],
        "protected": ["/Users/ada/code/project/.vscode"],
        "git_folders": [],
        "opened": [],
        "hidden": ["/Users/ada"],
        "env": {"PATH": "/usr/bin:/bin", "PIP_CACHE_DIR": "/tmp/.cache/pip"},
        "dropped": [],
        "network": "none",
        "devices": [],
        "tmp_size": 1 << 30,
        "level": "safe",
        "own_terminal": False,
        "max_procs": 0,
        "relay": -1,
        "marker": "",
        "reach": Reach(),
    }
    return Plan(**fields | changed)


PLANS = {
    "safe": make_plan(),
    "host": make_plan(network="host"),
    "restricted": make_plan(level="restricted", writable=[], readable=["/Users/ada/code/project"], protected=[]),
    "quoted": make_plan(writable=['/Users/ada/a "b" \\c'], protected=[]),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_profile_is_the_one_that_was_written_down(name):
    golden = GOLDEN / f"seatbelt-{name}.sb"
    text = profile(PLANS[name], "/private/var/folders/x/llmx-run-1")
    if os.environ.get("REGENERATE"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_nearest_rule_on_a_path_is_the_last():
    lines = profile(PLANS["safe"]).splitlines()
    project = [line for line in lines if '"/Users/ada' in line and "file-" in line]
    assert [line.split()[0] + " " + line.split()[1] for line in project] == [
        "(deny file-read*",  # the home folder
        "(allow file-read*",  # the cache
        "(allow file-read*",  # ~/.gitconfig
        "(allow file-read*",  # ~/.pyenv
        "(allow file-read*",  # the work tree
        "(deny file-write*",  # what is protected in it
    ]


def test_every_parenthesis_is_closed_outside_of_strings():
    for plan in PLANS.values():
        depth = 0
        for part in profile(plan).replace("\\\\", "").replace('\\"', "").split('"')[::2]:
            for letter in part:
                depth += {"(": 1, ")": -1}.get(letter, 0)
                assert depth >= 0
        assert depth == 0


def test_the_command_is_run_by_sandbox_exec_in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    enclosure = enclose(PLANS["safe"], "/bin/echo", ["echo", "-p"], Abilities(problem="macos"))
    (folder,) = tmp_path.iterdir()
    assert enclosure.argv == ["/usr/bin/sandbox-exec", "-p", profile(PLANS["safe"], str(folder)), "/bin/echo", "-p"]
    assert (enclosure.program, enclosure.mechanism) == ("/usr/bin/sandbox-exec", "seatbelt")
    assert enclosure.env["TMPDIR"] == str(folder)
    assert enclosure.env["PIP_CACHE_DIR"] == f"{folder}/.cache/pip"
    assert enclosure.degraded == ["untested"]
    enclosure.close()
    enclosure.close()
    assert list(tmp_path.iterdir()) == []
