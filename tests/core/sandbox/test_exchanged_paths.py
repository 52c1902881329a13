"""Folders that another command exchanges while a sandbox is set up: between the look at a path and its mount."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from llmx.core.sandbox import Abilities, make_plan
from llmx.core.sandbox.bubblewrap import Bubblewrap
from llmx.core.sandbox.sensitive import Sensitive
from llmx.errors import ExecError
from tests.core.sandbox.conftest import PATIENCE, Project, projects

SAID = "was exchanged for another while the sandbox was set up"
EXCHANGE = """#!/bin/sh
mv {path} {path}.was
ln -s {target} {path}
exec /usr/bin/bwrap "$@"
"""
ELSEWHERE = """#!/bin/bash
words=()
for word in "$@"; do
    case $word in {path}) word={target} ;; esac
    words+=("$word")
done
exec /usr/bin/bwrap "${{words[@]}}"
"""

UNDER_LANDLOCK = """
import os, sys
from llmx.core.sandbox import Abilities, enclose, make_plan
given = sys.argv[1]
plan = make_plan(os.getcwd(), os.environ, level="safe", write=[given])
if sys.argv[2]:
    os.rename(given, given + ".was")
    os.symlink("keys", given)
enclosure = enclose(plan, "/bin/true", ["true"], Abilities(landlock=7, seccomp=True))
enclosure.confine()
names = []
for name in ("file", "key"):
    try:
        names += [name, open(f"{given}/{name}").read()]
    except OSError as error:
        names += [type(error).__name__]
print(names)
"""


@pytest.fixture(params=["hidden", "open"])
def place(request, ordinary_user):
    """A project below a folder that the sandbox hides, or where it can be read."""
    parent = "/srv" if request.param == "open" and os.getuid() == 0 else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="llmx-exchanged-", dir=parent))
    os.chown(folder, ordinary_user.pw_uid, -1)
    folder.chmod(0o755)
    made = Project(folder, ordinary_user.pw_uid)
    made.make("home/keys/key", "s3cret")
    yield made
    shutil.rmtree(folder)


@pytest.fixture
def own_project():
    """A project of whoever runs the tests."""
    with projects() as make:
        yield make(os.getuid())


def through(project, script, path, target):
    """What makes bwrap start by way of ``script``, which does something to ``path`` and ``target`` first."""
    file = project.make("bwrap", script.format(path=path, target=target), mode=0o755)
    return {"bwrap": str(file), "seccomp": True, "disable_userns": True}


def test_nothing_runs_where_the_work_tree_was_exchanged_for_a_link(place):
    abilities = through(place, EXCHANGE, place.work, place.home / "keys")
    ran = place.shell("cat key; echo ran", abilities=abilities)
    assert (ran.code, ran.out) == (125, ""), ran
    assert f"{place.work} {SAID}" in ran.answer["error"]
    assert "s3cret" not in ran.err
    assert (place.home / "keys/key").read_text() == "s3cret"


def test_nothing_runs_where_something_else_was_mounted_and_the_path_is_itself_again(place):
    ran = place.shell("echo ran", abilities=through(place, ELSEWHERE, place.work, place.home / "keys"), write=["."])
    assert (ran.code, ran.out) == (125, ""), ran
    assert SAID in ran.answer["error"]


def test_what_is_shown_or_protected_was_not_exchanged_either(place):
    place.make("home/code/shown/file", "shown\n")
    place.make("home/code/project/kept/file", "kept\n")
    for options in ({"read": ["../shown"]}, {"protect": ["kept"]}):
        assert place.run("true", abilities={"seccomp": True}, **options).code == 0
    for name, options in (("shown", {"read": ["../shown"]}), ("project/kept", {"protect": ["kept"]})):
        abilities = through(place, EXCHANGE, place.home / "code" / name, place.home / "keys")
        ran = place.shell("cat ../shown/key kept/key", abilities=abilities, **options)
        assert (ran.code, ran.out) == (125, ""), ran


def test_a_file_behind_a_link_shows_through(project):
    project.make("home/dotfiles/gitconfig", "[user]\n\tname = Ada\n")
    os.symlink("dotfiles/gitconfig", project.home / ".gitconfig")
    ran = project.shell('cat "$HOME/.gitconfig"', abilities={"seccomp": True})
    assert (ran.code, "Ada" in ran.out) == (0, True), ran


def test_a_file_that_is_replaced_all_the_time_is_not_taken_for_an_exchanged_one(project):
    """bwrap itself may not find it at times."""
    file = project.make("home/.gitconfig", "[user]\n")
    stop = threading.Event()

    def replace():
        while not stop.is_set():
            fresh = file.with_name("fresh")
            fresh.write_text("[user]\n")
            fresh.rename(file)

    replacing = threading.Thread(target=replace)
    replacing.start()
    try:
        answers = [project.run("true", abilities={"seccomp": True}).answer for _ in range(20)]
    finally:
        stop.set()
        replacing.join()
    assert 0 in [answer["code"] for answer in answers]
    assert not [answer for answer in answers if SAID in answer.get("error", "")]


def test_bwrap_runs_nothing_where_its_starter_ends_before_it_has_looked(own_project):
    """All that it has by then is a part of a filter."""
    plan = make_plan(str(own_project.work), own_project.env, level="safe")
    enclosure = Bubblewrap(plan, "/bin/echo", ["echo", "ran"], Abilities(bwrap="/usr/bin/bwrap", seccomp=True), [])
    with subprocess.Popen(
        [enclosure.program, *enclosure.argv[1:]],
        pass_fds=enclosure.keep,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as bwrap:
        enclosure._let_go()
        out, err = bwrap.communicate(timeout=PATIENCE)
    enclosure.close()
    assert (out, bwrap.returncode) == ("", 1)
    assert "seccomp" in err


def test_landlock_opens_no_links_target(project):
    """The folder is exchanged between the plan and the rules."""
    project.make("home/keys/key", "s3cret")
    given = project.make("home/given/file", "given").parent
    for exchanges, seen in (
        ("", ["file", "given", "FileNotFoundError"]),
        ("yes", ["FileNotFoundError", "PermissionError"]),
    ):
        assert project.outside(sys.executable, "-c", UNDER_LANDLOCK, str(given), exchanges) == f"{seen}\n"


def test_a_work_tree_that_is_a_link_by_now_is_not_read(project):
    work = project.home / "code/project"
    work.rename(project.home / "code/was")
    os.symlink("was", work)
    with pytest.raises(ExecError, match=SAID):
        Sensitive(str(work))
