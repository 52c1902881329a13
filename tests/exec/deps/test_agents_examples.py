"""examples/agents: the block for AGENTS.md is short, what it names exists, and every recipe runs."""

import json
import os
import re
import shutil
import sys

import pytest
import uv

from llmx.exec.options import BY_FLAG
from tests.exec.conftest import REPOSITORY
from tests.exec.deps.wheels import wheel

AGENTS = REPOSITORY / "examples/agents"
BLOCK = (AGENTS / "AGENTS.md").read_text()
RECIPES = [
    line
    for part in re.findall(r"```sh\n(.*?)```", (AGENTS / "README.md").read_text(), re.DOTALL)
    for line in part.splitlines()
]
MOST_TOKENS = 150

MAKEFILE = "test:\n\tpython3 -m unittest\n"
TEST = "import unittest\n\n\nclass Test(unittest.TestCase):\n    def test_it(self):\n        pass  # TODO\n"


@pytest.fixture
def project(place):
    """An agent's project, with llm-exec and llmx on PATH, Nix, uv and a folder beside it."""
    wheels, programs = place.folder / "wheels", place.folder / "bin"
    for folder in (wheels, programs, place.folder / "shared"):
        folder.mkdir()
        os.chown(folder, place.uid, place.uid)
    wheel(wheels, "plums", "1.0")
    wheel(wheels, "requests", "1.0")
    place.write("work/Makefile", MAKEFILE)
    place.write("work/test_it.py", TEST)
    for name, words in (("llm-exec", "llmx exec"), ("llmx", "llmx")):
        place.write(f"bin/{name}", f'#!/bin/sh\nexec {sys.executable} -m {words} "$@"\n', 0o755)
    (programs / "uv").symlink_to(uv.find_uv_bin())
    for name in ("sh", "make", "python3", "tail", "cat", "touch", "sleep", "env"):
        (programs / name).symlink_to(shutil.which(name, path="/usr/bin:/bin") or "")
    place.env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "GREETING": "hello"}
    return place


def shell(place, line):
    """Run a line as an agent's shell would."""
    path = f"{place.folder}/bin:{place.env['PATH']}"
    return place.run(program=["/bin/sh", "-c", line], cwd=place.work, env={"PATH": path}, patience=60)


def test_the_block_is_short():
    words = re.findall(r"\w+|[^\w\s]", BLOCK)  # a tokenizer joins signs and splits rare words; there are none
    assert len(words) < MOST_TOKENS


def test_every_option_of_the_block_exists():
    named = re.findall(r"(?<![\w-])--[a-z-]+", BLOCK)
    assert len(set(named)) >= 8
    assert set(named) <= set(BY_FLAG)


def test_the_commands_of_the_block_run_as_they_stand(project):
    lines = re.findall(r"`(llm-exec --[^`]+)`", BLOCK)
    assert len(lines) == 3
    for line in lines:
        typed = line.replace("CMD ARGS", "make test").replace("a | b", "make test 2>&1 | cat")
        ran = shell(project, typed)
        assert ran.code == 0, (typed, ran)
    assert shell(project, "llm-exec --uv requests -- python -c 'import requests'").code == 0


@pytest.mark.parametrize("line", RECIPES)
def test_every_recipe_runs(project, line):
    shell(project, "llm-exec -- true")
    ran = shell(project, line)
    assert ran.code == 0, ran
    if "--json" in line:
        assert json.loads(ran.out)["status"] == "ok"


def test_a_failure_comes_with_a_hint_to_follow(project):
    ran = shell(project, "llm-exec --json -- golangci-lint run")
    hint = ran.result["hints"][-1]
    assert ran.code == 127
    assert shell(project, hint[hint.index("llm-exec ") :]).code == 0
