"""The same by replacing whole folders of git's: each is tried alone, as it would undo the others."""

import os
import shutil

from tests.exec.escapes.attempts import Group, changes
from tests.exec.escapes.attempts.files import write
from tests.exec.escapes.attempts.git import hook, prepare

GROUP = Group(prepare)


@GROUP.attempt(changes("work/.git/hooks/post-checkout"), sensitive=".git", alone=True)
def another_git_folder(at):
    shutil.copytree(f"{at.work}/.git", f"{at.work}/.other")
    os.rename(f"{at.work}/.git", f"{at.work}/.before")
    os.rename(f"{at.work}/.other", f"{at.work}/.git")
    hook(at, ".git/hooks/post-checkout")


@GROUP.attempt(lambda seen: seen.path("work/.git").is_file(), sensitive=".git", alone=True)
def git_file_for_the_folder(at):
    """A `.git` file that points to a folder with hooks."""
    os.rename(f"{at.work}/.git", f"{at.work}/.before")
    hook(at, ".before/hooks/post-checkout")
    write(f"{at.work}/.git", "gitdir: .before\n")


@GROUP.attempt(lambda seen: seen.path("work/.git").is_symlink(), sensitive=".git", alone=True)
def git_folder_as_a_link(at):
    os.rename(f"{at.work}/.git", f"{at.work}/.before")
    hook(at, ".before/hooks/post-checkout")
    os.symlink(".before", f"{at.work}/.git")


@GROUP.attempt(changes("work/.git/hooks/post-checkout"), sensitive=".git/hooks", alone=True)
def hooks_folder_as_a_link(at):
    os.rename(f"{at.work}/.git/hooks", f"{at.work}/.git/hooks-before")
    hook(at, "hooks/post-checkout")
    os.symlink("../hooks", f"{at.work}/.git/hooks")


@GROUP.attempt(lambda seen: seen.path("work/.git/config").is_symlink(), sensitive=".git/config", alone=True)
def config_as_a_link(at):
    shutil.copy(f"{at.work}/.git/config", f"{at.work}/config")
    with open(f"{at.work}/config", "a") as file:
        file.write("[core]\n\tfsmonitor = changed\n")
    os.unlink(f"{at.work}/.git/config")
    os.symlink("../config", f"{at.work}/.git/config")


@GROUP.attempt(lambda seen: seen.path("work/.git/commondir").exists(), sensitive=".git/commondir", alone=True)
def another_common_folder(at):
    """Git reads its configuration and hooks from where `commondir` says."""
    shutil.copytree(f"{at.work}/.git", f"{at.work}/.other")
    hook(at, ".other/hooks/post-checkout")
    write(f"{at.work}/.git/commondir", "../.other\n")


@GROUP.attempt(
    lambda seen: seen.path("home/pre-push").exists() or seen.path("home/new").exists(),
    sensitive=".git/hooks",
    alone=True,
)
def put_back_through_a_link(at):
    """Whoever puts a hook back outside must not follow a link that is laid in its way."""
    shutil.rmtree(f"{at.work}/.git/hooks")
    os.symlink(at.home, f"{at.work}/.git/hooks")
    write(f"{at.work}/.git/hooks/new")
