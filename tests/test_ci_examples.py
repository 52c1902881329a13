"""The CI files in ``examples/ci`` are what GitHub and GitLab take; their scripts tell red, green and neutral apart."""

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from llmx.errors import DISTRIBUTION
from tests.templates.play import scripted

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "ci"
CODE = "import os\n\n\ndef run(command):\n    return os.system(command)\n"
FOUND = {
    "file": "a.py",
    "line": 5,
    "severity": "high",
    "message": "a shell runs what the caller says",
    "evidence": "return os.system(command)",
}
SAYS = {"findings": {"findings": [FOUND]}, "mild": {"findings": [{**FOUND, "severity": "low"}]}}
MOCK = {"LLM_BACKEND": "mock"}
NOBODY: dict[str, str] = {}
DOWN = {"LLM_BACKEND": "ollama", "LLM_MODEL": "m"}
WAYS = {
    "clean": (MOCK, {"findings": []}, 0),
    "mild": (MOCK, SAYS["mild"], 0),
    "findings": (MOCK, SAYS["findings"], 1),
    "garbage": (MOCK, "I am a teapot", 7),
    "no model": (NOBODY, {}, 3),
    "provider down": (DOWN, {}, 3),
    "no key": ({"LLM_MODEL": "openai/gpt-4o-mini", "OPENAI_API_KEY": ""}, {}, 3),
    "budget": ({**MOCK, "LLMX_BUDGET__DAILY_TOKENS": "10"}, {"findings": []}, 6),
}
"""What happens -> who is asked, what a model says, and the exit code of llmx."""


def loaded(name):
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(EXAMPLES / name)
    return found


@pytest.mark.parametrize(
    ("name", "schema"), [("github-actions.yml", "github-workflows.json"), ("gitlab-ci.yml", "gitlab-ci.json")]
)
def test_the_files_fit_the_published_schemas(name, schema):
    text = (files("check_jsonschema") / "builtin_schemas" / "vendor" / schema).read_text()
    told = loaded(name)
    assert [error.message for error in Draft7Validator(json.loads(text)).iter_errors(told)] == []
    assert f"pip install --quiet {DISTRIBUTION}" in (EXAMPLES / name).read_text()


def git(folder, *words):
    who = {f"GIT_{role}_{key}": "a@b" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    ran = subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env={**os.environ, **who}
    )
    return ran.stdout.strip()


class Change(NamedTuple):
    """A repository with a change: its folder, and the commits before and after."""

    folder: Path
    base: str
    head: str


@pytest.fixture
def change(tmp_path, monkeypatch):
    """A checkout with a change in it, and llmx on the PATH."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("import os\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "before")
    base = git(folder, "rev-parse", "HEAD")
    (folder / "a.py").write_text(CODE)
    git(folder, "commit", "-qam", "after")
    (tmp_path / "bin").mkdir()
    command(tmp_path, "llmx", f'exec {sys.executable} -m llmx "$@"')
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("LLMX_LLM__RETRY__TRIES", "1")
    monkeypatch.setenv("LLMX_LLM__REPAIR", "0")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Change(folder, base, git(folder, "rev-parse", "HEAD"))


def command(tmp_path, name, line):
    (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
    (tmp_path / "bin" / name).chmod(0o755)


def bash(tmp_path, folder, script, env, *options):
    """Run a script as a runner does; every variable that it uses must have been given."""
    whole = {**os.environ, **env, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    words = ["bash", "--noprofile", "--norc", "-euo", "pipefail", *options, "-c", script]
    return subprocess.run(words, cwd=folder, env=whole, capture_output=True, text=True, check=False)


def step(job, name):
    return next(each for each in loaded("github-actions.yml")["jobs"][job]["steps"] if each.get("name") == name)


def environment(told, values):
    """A step's variables with GitHub's expressions replaced by what they stand for."""
    return {
        name: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], text) for name, text in told["env"].items()
    }


@pytest.mark.parametrize("way", WAYS)
def test_on_github_a_review_is_a_success_a_failure_or_neutral(change, tmp_path, way):
    who, said, code = WAYS[way]
    review = step("review", "Review")
    event = {"github.event.pull_request.base.sha": change.base, "github.event.pull_request.head.sha": change.head}
    own = {"vars.LLM_MODEL": who.get("LLM_MODEL", ""), "secrets.OPENAI_API_KEY": who.get("OPENAI_API_KEY", "")}
    files_of_github = {"GITHUB_OUTPUT": f"{tmp_path}/output", "GITHUB_STEP_SUMMARY": f"{tmp_path}/summary"}
    env = {**scripted(tmp_path, [said]), **who, **environment(review, {**event, **own}), **files_of_github}
    done = bash(tmp_path, change.folder, review["run"], env)
    conclusion = {0: "success", 3: "neutral"}.get(code, "failure")
    assert done.returncode == (code if conclusion == "failure" else 0), done.stdout + done.stderr
    assert (tmp_path / "output").read_text() == f"conclusion={conclusion}\n"
    assert ("::warning title=llmx::" in done.stdout) == (conclusion == "neutral")
    assert (tmp_path / "summary").read_text().startswith("# code-review: ")
    assert "::error" in done.stdout or way in ("clean", "mild")
    sarif = json.loads((change.folder / "review.sarif").read_text())
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is (code in (0, 1))
    assert (change.folder / "review.xml").exists()


@pytest.mark.parametrize(("said", "told"), [("success", "success"), ("neutral", "neutral"), ("", "failure")])
def test_on_github_the_conclusion_is_told_by_who_may_write(change, tmp_path, said, told):
    """A stand-in for gh: GitHub itself cannot be had here."""
    command(tmp_path, "gh", f'for word; do echo "$word"; done > {tmp_path}/asked')
    conclude = step("conclude", "Conclude")
    values = {
        "github.token": "t",
        "github.event.pull_request.head.sha": change.head,
        "needs.review.outputs.conclusion": said,
    }
    env = {**environment(conclude, values), "GITHUB_REPOSITORY": "me/mine"}
    done = bash(tmp_path, change.folder, conclude["run"], env)
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:5] == ["api", "--silent", "--method", "POST", "repos/me/mine/check-runs"]
    assert {f"head_sha={change.head}", "status=completed", f"conclusion={told}"} <= set(asked)
    permissions = loaded("github-actions.yml")["jobs"]
    assert permissions["review"]["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("way", WAYS)
def test_on_gitlab_only_3_is_allowed_to_fail(change, tmp_path, way):
    who, said, code = WAYS[way]
    job = loaded("gitlab-ci.yml")["review"]
    commits = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": change.base, "CI_COMMIT_SHA": change.head}
    env = {**scripted(tmp_path, [said]), **who, **commits}
    done = bash(tmp_path, change.folder, "\n".join(job["script"]), env)
    assert done.returncode == code, done.stdout + done.stderr
    assert (done.returncode in job["allow_failure"]["exit_codes"]) == (code == 3)
    quality = json.loads((change.folder / job["artifacts"]["reports"]["codequality"]).read_text())
    lines = {0: set(), 1: {5}}.get(code, {1}) if way != "mild" else {5}
    assert {row["location"]["lines"]["begin"] for row in quality} == lines, "never empty where nobody can tell"
    assert (change.folder / job["artifacts"]["reports"]["junit"]).exists()
    assert done.stdout.startswith("# code-review: ")


def test_a_shallow_clone_is_neutral_and_told_how_to_be_whole(change, tmp_path):
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{change.folder}", str(shallow))
    job = loaded("gitlab-ci.yml")["review"]
    commits = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": change.base, "CI_COMMIT_SHA": change.head}
    done = bash(
        tmp_path, shallow, "\n".join(job["script"]), {**scripted(tmp_path, [{"findings": []}]), **MOCK, **commits}
    )
    assert done.returncode == 3
    assert "fetch-depth: 0" in done.stdout
    assert job["variables"]["GIT_DEPTH"] == "0"
    assert loaded("github-actions.yml")["jobs"]["review"]["steps"][0]["with"]["fetch-depth"] == 0
