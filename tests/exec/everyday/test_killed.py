"""SIGKILL of llm-exec at any moment: no process, file, socket or mount of the run is left."""

import os
from pathlib import Path

import pytest

from llmx.core.process import WATCHER
from tests.exec.everyday.conftest import LLM_EXEC, SHELL
from tests.exec.everyday.killing import (
    kill_at_random_moments,
    kill_while_bubblewrap_prepares,
    processes,
    wait_for_the_end_of,
)

MOMENTS = int(os.environ.get("LLMX_TEST_KILLS", "40"))
"""``tests/benchmarks/kills.py`` does it 200 times and prints figures."""


@pytest.mark.timeout(60 + MOMENTS)
def test_nothing_is_left_by_a_sigkill_at_a_random_moment(project):
    kills = kill_at_random_moments(project, MOMENTS)
    assert kills.left == []
    assert project.outside("git status --porcelain") == ""
    assert kills.started > MOMENTS / 4, "most were ended before their command had started"


@pytest.mark.parametrize("options", [(), ("--max-file-size", "1G")], ids=["a watcher beside", "a guard in between"])
def test_nothing_is_left_by_a_sigkill_while_bubblewrap_prepares(project, options):
    """A limit is set in the child, which takes a fork, and so a guard; without a watcher half of these stay."""
    assert os.path.exists(WATCHER), "this machine has no dash, and so tries the guard only: install it"
    assert kill_while_bubblewrap_prepares(project, 20, *options).left == []


def test_what_watches_has_nothing_of_the_run_and_ends_with_it(project, until):
    ours, theirs = os.pipe()
    words = [*LLM_EXEC, "--json", "--", "sh", "-c", "echo > began; until [ -e go ]; do sleep 0.02; done"]
    process = project.place.start(program=words, cwd=project.work, env={"SECRET": "s3cr3t"}, pass_fds=(theirs,))
    os.close(theirs)
    [watcher] = until(lambda: (project.work / "began").exists() and processes([f"llm-exec-watch {process.pid}\x00"]))
    held = Path(f"/proc/{watcher}")
    assert (held / "environ").read_bytes() == b""
    assert sorted(os.listdir(held / "fd")) == ["0", "1", "2", "3"]
    assert b"s3cr3t" not in (held / "fd/3").read_bytes(), "what of git was there before"
    project.write("work/go", "")
    assert project.place.finish(process).code == 0
    assert not held.exists()
    assert os.read(ours, 1) == b""
    os.close(ours)


@pytest.mark.parametrize("options", [(), ("--max-file-size", "1G")], ids=["a watcher beside", "a guard in between"])
def test_what_git_would_run_is_put_back_after_a_sigkill_too(project, until, options):
    """Whoever started llm-exec may kill it for its time, and a command only has to wait for that."""
    hook, config, ready = (project.work / name for name in (".git/hooks/pre-push", ".git/config", "ready"))
    before = config.read_bytes()
    script = f"echo '#!/bin/sh' > {hook}; git config core.fsmonitor {hook}; touch {ready}; exec sleep 61"
    process = project.place.start(program=[*LLM_EXEC, "--json", *options, "--", *SHELL, script], cwd=project.work)
    until(ready.exists)
    assert hook.exists()
    assert config.read_bytes() != before
    process.kill()
    project.place.finish(process)
    until(lambda: not hook.exists() and config.read_bytes() == before)
    assert wait_for_the_end_of([str(hook), "sandbox.heir"]) == {}
