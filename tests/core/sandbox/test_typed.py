"""Typed paths with links on the way."""

import os

import pytest

from llmx.core.sandbox import make_plan
from llmx.core.sandbox.typed import follow
from llmx.errors import ExecError


@pytest.fixture
def home(tmp_path):
    for name in ("code/tree/.git", "code/tree/inner", "other", "plain"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "code/tree/.git/HEAD").write_text("ref: refs/heads/main\n")
    return os.path.realpath(tmp_path)


def link(home, name, target):
    os.symlink(target, f"{home}/{name}")
    return f"{home}/{name}"


def test_a_link_within_a_work_tree_or_outside_of_any_is_followed(home):
    assert follow("--cwd", link(home, "code/tree/in", "inner"), home) == f"{home}/code/tree/inner"
    assert follow("--cwd", link(home, "code/tree/inner/up", "../../tree"), home) == f"{home}/code/tree"
    assert follow("--cwd", link(home, "plain/out", "../other"), home) == f"{home}/other"
    assert follow("--cwd", f"{link(home, 'plain/tree', '../code/tree')}/inner/../inner", home).endswith("tree/inner")
    assert follow("--read", f"{home}/code/tree/not/there", home) == f"{home}/code/tree/not/there"


@pytest.mark.parametrize("target", ["../../other", "{home}/other", "inner/../../../other", "by"])
def test_one_that_leads_out_of_a_work_tree_is_refused(home, target):
    link(home, "code/tree/by", "../../other")
    path = link(home, "code/tree/out", target.format(home=home))
    with pytest.raises(ExecError) as refused:
        follow("--cwd", path, home)
    assert f"leads out of {home}/code/tree by a link" in str(refused.value)
    assert refused.value.hint == f"--cwd {home}/other if that is meant"
    assert refused.value.exit_code == 125


def test_links_in_a_circle_end(home):
    link(home, "plain/a", "b")
    link(home, "plain/b", "a")
    with pytest.raises(ExecError, match="too many links"):
        follow("--cwd", f"{home}/plain/a", home)


@pytest.mark.parametrize("options", [{"write": ["out"]}, {"read": ["out"]}, {"read": ["out/"]}])
def test_a_plan_opens_nothing_behind_such_a_link(home, options):
    link(home, "code/tree/out", "../../other")
    with pytest.raises(ExecError, match="leads out of"):
        make_plan(f"{home}/code/tree", {"HOME": home}, level="safe", **options)


def test_a_plan_does_not_start_behind_one(home):
    with pytest.raises(ExecError, match=r"--cwd .* leads out of"):
        make_plan(link(home, "code/tree/out", "../../other"), {"HOME": home}, level="safe")
