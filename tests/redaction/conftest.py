"""What each of the six sinks holds after every case, taken once from the real commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.redaction.secrets import CASES, ORDINARY, VARIABLES

REPOSITORY = Path(__file__).resolve().parents[2]

IN_THE_TREE = """
import contextlib, io, json, sys
from llmx.cli.app import open_tree
told = []
for words in json.load(sys.stdin):
    sys.argv = ["llmx", *words]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        open_tree()
    told.append(out.getvalue())
json.dump(told, sys.stdout)
"""
"""Run many commands of the tree in one process: what each has printed."""


class Sinks:
    """Commands in a HOME of their own, and what they have left there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}
        self.env |= VARIABLES

    def llm_exec(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "llmx", "exec", *words]
        done: subprocess.CompletedProcess[str] = forked.run(command, env=self.env | env, cwd=self.home, text=True)
        return done

    def tree(self, commands: list[list[str]]) -> list[str]:
        """What each command of the tree prints, to either stream."""
        words = [sys.executable, "-c", IN_THE_TREE]
        done = subprocess.run(
            words, env=self.env, cwd=self.home, input=json.dumps(commands), capture_output=True, text=True, check=True
        )
        told: list[str] = json.loads(done.stdout)
        return told

    def log(self) -> list[str]:
        return (self.home / ".local/share/llm-exec.log").read_text().splitlines()


@pytest.fixture(scope="session")
def sinks(tmp_path_factory):
    """A place for commands whose words are ``CASES``."""
    return Sinks(tmp_path_factory.mktemp("sinks"))


@pytest.fixture(scope="session")
def reported(sinks):
    """The result of a run for each case, and at the end one for the ordinary words."""
    runs = [*(case.words for case in CASES), ORDINARY]
    return [sinks.llm_exec("--no-sandbox", "--json=full", "--", "true", *words).stdout for words in runs]


@pytest.fixture(scope="session")
def audited(sinks, reported):
    """The log's lines of the run of each case."""
    lines: dict[str, list[str]] = {}
    for line in sinks.log():
        lines.setdefault(json.loads(line)["run_id"], []).append(line)
    return ["\n".join(lines[json.loads(result)["run_id"]]) for result in reported]


@pytest.fixture(scope="session")
def kept(sinks):
    """For each case the id of a run that printed it, with its output stored."""
    words = ("--no-sandbox", "--json", "--keep-output", "--", "printf", r"%s\n")
    runs = [sinks.llm_exec(*words, *case) for case in [*(case.words for case in CASES), ORDINARY]]
    refused = [run for run in runs if run.returncode]
    assert not refused, f"the output of a run is not stored: {refused[0].stdout}{refused[0].stderr}"
    return [json.loads(run.stdout)["run_id"] for run in runs]


@pytest.fixture(scope="session")
def stored(sinks, kept):
    """What ``llmx runs logs`` tells of each case."""
    return sinks.tree([["runs", "logs", id] for id in kept])


@pytest.fixture(scope="session")
def recorded(sinks, kept):
    """What ``llmx runs show`` tells of each case."""
    return sinks.tree([["runs", "show", id, "--output", "json"] for id in kept])


@pytest.fixture(scope="session")
def refused(sinks):
    """What is said about a wrong command line that holds the case, by the tree and by llm-exec, also as traceback."""
    commands = [["version", *case.words, "--output=json"] for case in CASES]
    asked = [["config", "get", *case.words] for case in CASES]
    told = [first + second for first, second in zip(sinks.tree(commands), sinks.tree(asked), strict=True)]
    for number, case in enumerate(CASES):
        wrong = [sinks.llm_exec("--nonsense", *case.words), sinks.llm_exec("--json", "--nonsense", *case.words)]
        told[number] += "".join(done.stdout + done.stderr for done in wrong)
    return [*told, ""]


@pytest.fixture(scope="session")
def traced(sinks):
    """What ``--trace trace`` tells of a command line that holds the case."""
    return sinks.tree(
        [["--trace", "trace", "version", *words] for words in [*(case.words for case in CASES), ORDINARY]]
    )
