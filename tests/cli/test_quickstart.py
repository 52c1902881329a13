"""llmx quickstart: what a new user sees first, for real."""

import json
import sys

import pytest

from llmx.models.sources import parse_source
from tests import forked


def quickstart(*words, **options):
    return forked.run(
        [sys.executable, "-m", "llmx", "quickstart", *words],
        text=True,
        **options,
    )


@pytest.mark.promise("S2-43")
def test_it_runs_a_command_asks_the_demo_and_says_what_to_type_next(home):
    done = quickstart(cwd=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sandbox, " in done.stdout
    assert "The capital of France is Paris." in done.stdout
    following = done.stdout.splitlines()[-1].split()
    assert following[:3] == ["llmx", "model", "pull"]
    assert str(parse_source(following[3]))


def test_for_programs_it_is_one_object(home):
    done = quickstart("--output", "json", cwd=home)
    facts = json.loads(done.stdout)
    assert facts["sandbox"]["sandbox"] in ("full", "degraded", "inherited")
    assert (facts["demo"]["answer"], facts["demo"]["demo"]) == ("The capital of France is Paris.", True)


def test_a_step_that_could_not_be_done_is_no_success(home):
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text('[gguf]\nengine = "xllamacpp"\n[exec.policy]\ndeny = ["uname"]\n')
    done = quickstart(cwd=home)
    assert done.returncode == 3
    assert "not done" in done.stdout
    assert "hint: " in done.stderr
