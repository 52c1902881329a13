"""SIGKILL of llm-exec at any moment: no process, file, socket or mount of the run is left."""

import os

import pytest

from llmx.core.process import WATCHER
from tests.exec.everyday.killing import kill_at_random_moments, kill_while_bubblewrap_prepares

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
