"""A hostile command has had the git folder in its hands: nothing outside is touched, nothing hangs, nothing stays."""

import os
import resource
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.core.sandbox.git_places import Project, changes, kept


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "work")


@pytest.fixture
def outside(tmp_path):
    """Files of the user's that are none of the command's business; they must stay as they are."""
    folder = tmp_path / "outside"
    (folder / "hooks").mkdir(parents=True)
    (folder / "hooks/pre-commit").write_text("the user's own")
    (folder / "config").write_text("[alias]\n\tx = y\n")
    before = {file: (file.read_bytes(), file.stat().st_mode) for file in folder.rglob("*") if file.is_file()}
    yield folder
    after = {file: (file.read_bytes(), file.stat().st_mode) for file in folder.rglob("*") if file.is_file()}
    assert after == before


def test_a_link_in_place_of_the_hooks_is_taken_away(project, outside):
    before = project.state()
    hooks = project.root / ".git/hooks"
    report = project.run(lambda: shutil.rmtree(hooks), lambda: hooks.symlink_to(outside / "hooks"))
    assert changes(report)[".git/hooks"].endswith("put back")
    assert not hooks.is_symlink()
    assert project.state() == before


def test_a_hook_that_is_a_link_is_taken_away(project, outside):
    report = project.run(lambda: (project.root / ".git/hooks/pre-commit").symlink_to(outside / "hooks/pre-commit"))
    assert changes(report) == {".git/hooks/pre-commit": "added put back"}
    assert not os.path.lexists(project.root / ".git/hooks/pre-commit")


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "removed", "huge"])
def test_a_configuration_that_is_no_small_file_any_more_comes_back_whole(project, outside, kind):
    before = project.state()
    config = project.root / ".git/config"

    def change():
        config.unlink()
        if kind == "link":
            config.symlink_to(outside / "config")
        elif kind == "fifo":
            os.mkfifo(config)
        elif kind == "folder":
            config.mkdir()
            (config / "x").write_text("x")
        elif kind == "huge":
            config.write_bytes(b"# x\n" * 200_000 + b"[core]\n\tfsmonitor = evil\n")

    report = project.run(change)
    assert list(changes(report)) == [".git/config"]
    assert project.state() == before


def test_a_configuration_that_git_cannot_read_comes_back_whole(project):
    before = project.state()
    report = project.run(lambda: project.write(".git/config", b"[core\nhooksPath = x\n"))
    assert changes(report) == {".git/config": "modified put back"}
    assert project.state() == before
    assert kept(report, ".git/config").startswith(b"[core\n")


def test_a_copy_in_place_of_the_git_folder_is_put_right(project):
    before = project.state()

    def swap():
        (project.root / ".git").rename(project.root / "was")
        shutil.copytree(project.root / "was", project.root / ".git", symlinks=True)
        project.write(".git/hooks/pre-commit", "evil", 0o755)
        project.git("config", "core.hooksPath", "/evil")

    assert set(changes(project.run(swap))) >= {".git/hooks/pre-commit", ".git/config"}
    assert project.state() == before


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_pointer_in_place_of_the_git_folder_is_taken_away_and_the_folder_comes_back(project, kind):
    before = project.state()

    def swap():
        (project.root / ".git").rename(project.root / "moved")
        if kind == "link":
            (project.root / ".git").symlink_to("moved")
        else:
            project.write(".git", "gitdir: moved\n")
        project.write("moved/hooks/pre-commit", "evil", 0o755)

    assert changes(project.run(swap))[".git"] == "modified put back"
    assert (project.root / ".git").is_dir()
    assert not (project.root / ".git").is_symlink()
    assert project.state() == before
    assert project.git("log", "--oneline")


def test_a_pointer_to_a_folder_outside_is_taken_away(project, outside):
    def swap():
        shutil.rmtree(project.root / ".git")
        (project.root / ".git").symlink_to(outside)

    assert changes(project.run(swap)) == {".git": "modified put back"}
    assert not os.path.lexists(project.root / ".git")


def test_a_removed_repository_is_reported_and_nothing_is_made_up(project):
    assert changes(project.run(lambda: shutil.rmtree(project.root / ".git"))) == {".git": "removed"}
    assert not (project.root / ".git").exists()


def test_the_file_that_leads_a_linked_worktree_to_its_repository_comes_back(project, tmp_path):
    project.git("worktree", "add", "-q", str(tmp_path / "tree"))
    linked = Project.__new__(Project)
    linked.root, linked.git_dirs = tmp_path / "tree", [str(project.root / ".git")]
    before = linked.read(".git")
    assert changes(linked.run(lambda: linked.write(".git", "gitdir: evil\n"))) == {".git": "modified put back"}
    assert linked.read(".git") == before


@pytest.mark.parametrize("place", [".git", ".git/worktrees/new", ".git/worktrees/tree"])
def test_a_pointer_to_another_common_folder_is_taken_away(project, tmp_path, place):
    project.git("worktree", "add", "-q", str(tmp_path / "tree"))
    (project.root / place).mkdir(exist_ok=True)
    had = (project.root / place / "commondir").exists()
    project.write(f"{place}/HEAD", "ref: refs/heads/main\n")
    report = project.run(lambda: project.write(f"{place}/commondir", str(tmp_path / "evil")))
    assert changes(report) == {f"{place}/commondir": "modified put back" if had else "added put back"}
    assert (project.root / place / "commondir").exists() is had


@pytest.mark.parametrize("group", ["modules", "worktrees"])
def test_a_link_in_place_of_the_folder_of_submodules_or_worktrees_is_taken_away(project, outside, group):
    report = project.run(lambda: (project.root / ".git" / group).symlink_to(outside))
    assert changes(report) == {f".git/{group}": "added put back"}
    assert not os.path.lexists(project.root / ".git" / group)


def test_a_link_in_place_of_a_submodules_git_folder_is_taken_away(project, tmp_path, outside):
    other = Project(tmp_path / "other")
    project.run(f"submodule add -q {other.root} sub")
    inside = project.root / ".git/modules/sub"
    report = project.run(lambda: shutil.rmtree(inside), lambda: inside.symlink_to(outside))
    assert changes(report) == {".git/modules/sub": "modified put back"}
    assert not os.path.lexists(inside)


def test_a_folder_of_hooks_is_taken_away_as_a_whole(project):
    report = project.run(lambda: project.write(".git/hooks/pre-push.d/10-evil", "x", 0o755))
    assert changes(report) == {".git/hooks/pre-push.d": "added put back"}
    assert not (project.root / ".git/hooks/pre-push.d").exists()


def test_very_deep_folders_are_no_way_out(project):
    def dig():
        folder = project.root / ".git/hooks"
        for _ in range(60):
            folder /= "d"
            folder.mkdir()
        project.write(".git/hooks/pre-commit", "evil", 0o755)

    report = project.run(dig)
    assert changes(report) == {".git/hooks/d": "added put back", ".git/hooks/pre-commit": "added put back"}


def test_a_lock_that_was_left_behind_does_not_keep_the_configuration_from_being_put_back(project):
    before = project.state()
    project.run("config core.pager evil", lambda: project.write(".git/config.lock", "x"))
    assert project.state() == before


CLOSE_AND_COMPARE = """
import os, sys, json
sys.path.insert(0, {repository!r})
os.environ["HOME"] = sys.argv[2]
os.setgid({uid}); os.setuid({uid})
from llmx.core.sandbox.sensitive import Sensitive
work = sys.argv[1]
sensitive = Sensitive(work, [])
open(work + "/.git/hooks/pre-commit", "w").write("evil")
for name in ("/.git/hooks", "/.git", ""):
    os.chmod(work + name, {mode})
print(json.dumps(sensitive.compare().changed))
"""


@pytest.mark.parametrize("mode", [0, 0o311], ids=["closed", "not to be listed"])
def test_folders_closed_to_their_owner_are_opened_again(tmp_path, ordinary_user, mode):
    if os.getuid() != 0:
        pytest.skip("only root can make files of another user here; that user's rights are what this is about")
    top = tmp_path
    while top != top.parent and top.stat().st_mode & 0o005 != 0o005:
        top.chmod(0o755)
        top = top.parent
    project = Project(tmp_path / "work")
    (tmp_path / "home").mkdir()
    subprocess.run(["chown", "-R", str(ordinary_user.pw_uid), str(tmp_path)], check=True)
    repository = str(Path(__file__).resolve().parents[3])
    script = CLOSE_AND_COMPARE.format(repository=repository, uid=ordinary_user.pw_uid, mode=mode)
    words = [sys.executable, "-c", script, str(project.root), str(tmp_path / "home")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ".git/hooks/pre-commit" in done.stdout
    assert not (project.root / ".git/hooks/pre-commit").exists()
    assert (project.root / ".git/hooks/pre-push").exists()


def test_a_crowd_of_hooks_is_taken_away_as_a_whole(project):
    before = project.state()
    hooks = project.root / ".git/hooks"
    report = project.run(lambda: [(hooks / f"x{number}").write_text("") for number in range(2500)])
    assert changes(report)[".git/hooks"] == "modified put back"
    assert project.state() == before


@pytest.fixture
def other_file_system(monkeypatch):
    """A state folder on another file system than the repository's."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == Path("/tmp").stat().st_dev:
        pytest.skip("there is no second file system to write to here")
    folder = shm / f"llmx-tests-{uuid.uuid4().hex}"
    folder.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    yield folder
    shutil.rmtree(folder)


def test_what_is_taken_away_is_kept_on_another_file_system_too(project, outside, other_file_system):
    before = project.state()
    report = project.run(
        lambda: project.write(".git/hooks/pre-commit", "evil", 0o755),
        lambda: (project.root / ".git/hooks/post-merge").symlink_to(outside / "hooks/pre-commit"),
        lambda: project.write(".git/hooks/pre-push.d/x", "evil", 0o755),
    )
    assert set(changes(report).values()) == {"added put back"}
    kept = {entry["path"]: entry["kept"] for entry in report.changed}
    assert Path(kept[".git/hooks/pre-commit"]).read_text() == "evil"
    assert str(outside).encode() in Path(kept[".git/hooks/post-merge"]).read_bytes()
    assert kept[".git/hooks/pre-push.d"].startswith("pre-push.d.set-aside-")
    shutil.rmtree(project.root / ".git/hooks" / kept[".git/hooks/pre-push.d"])
    assert project.state() == before


def test_nothing_that_was_planted_runs_afterwards(project):
    """git itself, run by the user, after a command has tried all the ways at once."""
    trap = project.write("trap", f"#!/bin/sh\ntouch {project.root}/sprung\nexit 1\n", 0o755)
    project.write(".gitattributes", "* filter=x diff=x\n")
    keys = ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "filter.x.clean", "diff.x.textconv")

    def plant():
        for key in keys:
            project.git("config", key, str(trap))
        project.git("config", "core.hooksPath", "planted")
        project.write("more", f"[core]\n\tfsmonitor = {trap}\n[alias]\n\tlog = !{trap}\n")
        project.git("config", "include.path", "../more")
        for hook in ("pre-commit", "post-commit", "post-checkout", "post-index-change"):
            shutil.copy(trap, project.root / ".git/hooks" / hook)
            (project.root / "planted").mkdir(exist_ok=True)
            shutil.copy(trap, project.root / "planted" / hook)

    sensitive = project.look()
    plant()
    sensitive.compare()
    project.git("status")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "after", "--allow-empty")
    project.git("diff", "HEAD~1")
    project.git("checkout", "-q", "-b", "more")
    assert not (project.root / "sprung").exists()


def test_what_cannot_be_written_back_is_told_and_leaves_no_lock_behind(project):
    """As on a full disk: here no file may be as long as the configuration was."""
    project.git("config", "user.signature", "x" * 5000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def shrink():
        project.write(".git/config", "[core]\n\tfsmonitor = evil\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))

    project.git("config", "core.editor", "x" * 5000)
    try:
        report = project.run(shrink)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (told,) = report.changed
    assert (told["path"], told["problem"]) == (".git/config", "File too large")
    assert not report.complete
    assert not (project.root / ".git/config.lock").exists()
