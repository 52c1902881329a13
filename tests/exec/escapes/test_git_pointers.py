"""A `.git` that a first command forges opens nothing to the second: neither ~/.ssh nor another project."""

import pytest

from tests.exec.escapes.levels import words

READ = "cat {0} 2>/dev/null; for f in {0}; do echo changed >> $f; done 2>/dev/null; true"


def forge(scene, git, **files):
    """A project whose `.git` is the text ``git``; and files in the work tree it lies in."""
    scene.make_repository()
    scene.give_text(scene.work / "evil/.git", git)
    for name, text in files.items():
        scene.give_text(scene.work / name.replace("__", "/"), text)
    return scene.work / "evil"


def try_out(scene, folder, target):
    """What a command run in ``folder`` reads of ``target``; it must not have changed it."""
    before = target.read_bytes()
    script = READ.format(target)
    control = scene.place.run(program=words("control", ["sh", "-c", f"cat {target}"]), cwd=folder)
    assert scene.secret in control.out.decode()
    ran = scene.place.run(program=words("full", ["sh", "-c", script]), cwd=folder)
    assert target.read_bytes() == before
    return ran.out.decode()


@pytest.fixture
def key(scene):
    return scene.give_text(scene.home / ".ssh/id_ed25519", scene.secret, mode=0o600)


@pytest.fixture
def other(scene):
    """Another project with a secret in it."""
    scene.give(scene.home / "other", folder=True)
    scene.make_repository(scene.home / "other")
    return scene.give_text(scene.home / "other/.env", scene.secret)


def test_a_git_file_that_names_the_folder_of_keys(scene, key):
    assert scene.secret not in try_out(scene, forge(scene, f"gitdir: {scene.home}/.ssh\n"), key)


def test_a_git_file_that_names_home(scene, key):
    assert scene.secret not in try_out(scene, forge(scene, f"gitdir: {scene.home}\n"), key)


@pytest.mark.parametrize("target", ["..", "../.."])
def test_a_git_file_that_climbs(scene, key, target):
    assert scene.secret not in try_out(scene, forge(scene, f"gitdir: {target}\n"), key)


def test_a_git_link_to_the_folder_of_keys(scene, key):
    scene.make_repository()
    (scene.give(scene.work / "evil", folder=True) / ".git").symlink_to(scene.home / ".ssh")
    assert scene.secret not in try_out(scene, scene.work / "evil", key)


@pytest.mark.parametrize("common", ["{home}", "{home}/.ssh", "../../../..", "{home}/other/.git/..", "{home}/other"])
def test_a_forged_git_folder_whose_common_folder_lies_elsewhere(scene, key, other, common):
    """The forged folder names the work tree back, as git's own does."""
    folder = forge(
        scene,
        f"gitdir: {scene.work}/.git/worktrees/evil\n",
        **{
            ".git__worktrees__evil__gitdir": f"{scene.work}/evil/.git\n",
            ".git__worktrees__evil__commondir": common.format(home=scene.home) + "\n",
            ".git__worktrees__evil__HEAD": "ref: refs/heads/main\n",
        },
    )
    assert scene.secret not in try_out(scene, folder, key)
    assert scene.secret not in try_out(scene, folder, other)


def test_a_git_file_that_names_the_linked_worktree_of_another_project(scene, other):
    scene.run_as_user("git", "worktree", "add", "-q", "../linked", "-b", "side", cwd=scene.home / "other")
    folder = forge(scene, f"gitdir: {scene.home}/other/.git/worktrees/linked\n")
    assert scene.secret not in try_out(scene, folder, other)


def test_a_work_tree_set_in_the_configuration_of_git(scene, key):
    scene.make_repository()
    scene.run_as_user("git", "config", "core.worktree", scene.home)
    assert scene.secret not in try_out(scene, scene.work, key)


def test_git_folders_of_a_linked_worktree_do_not_open_the_main_work_tree(scene, other):
    scene.run_as_user("git", "worktree", "add", "-q", "../linked", "-b", "side", cwd=scene.home / "other")
    assert scene.secret not in try_out(scene, scene.home / "linked", other)


def test_the_hook_of_a_common_git_folder_is_put_back(scene, other):
    scene.run_as_user("git", "worktree", "add", "-q", "../linked", "-b", "side", cwd=scene.home / "other")
    hook = scene.home / "other/.git/hooks/post-checkout"
    script = ["sh", "-c", f"mkdir -p {hook.parent}; echo '#!/bin/sh' > {hook}; chmod +x {hook}"]
    ran = scene.place.run(program=words("control", script), cwd=scene.home / "linked")
    assert ran.code == 0
    assert hook.exists()
    hook.unlink()
    ran = scene.place.run(program=words("full", script, "--json"), cwd=scene.home / "linked")
    assert not hook.exists()
    assert "post-checkout" in str(ran.result["changed_sensitive"])


PLACES = {
    "a .git file that names a folder of the project": ("gd", "mv .git gd; echo 'gitdir: gd' > .git"),
    "a .git link to a folder of the project": (
        "gd",
        "mkdir deep; mv .git deep/gd; ln -s deep/gd .git; ln -s deep/gd gd",
    ),
    "a bare repository": (".", "mv .git/* .; rm -r .git; git config core.bare true"),
}


@pytest.mark.parametrize(("git", "make"), PLACES.values(), ids=PLACES)
def test_hooks_and_settings_are_put_back_wherever_the_git_folder_of_the_project_is(scene, git, make):
    scene.make_repository()
    scene.run_as_user("sh", "-ec", make)
    hook, config = scene.work / git / "hooks/post-checkout", scene.work / git / "config"
    before = config.read_bytes()
    script = ["sh", "-ec", f"echo '#!/bin/sh' > {hook}; chmod +x {hook}; git config core.fsmonitor {hook}"]
    assert scene.place.run(program=words("control", script), cwd=scene.work).code == 0
    assert hook.exists()
    assert config.read_bytes() != before
    hook.unlink()
    config.write_bytes(before)
    ran = scene.place.run(program=words("full", script, "--json"), cwd=scene.work)
    assert ran.result["exit_code"] == 0
    assert not hook.exists()
    assert config.read_bytes() == before
    assert "core.fsmonitor" in str(ran.result["changed_sensitive"])
