"""What git runs later: hooks and keys of its configuration that name commands."""

import os
import subprocess

from tests.exec.escapes.attempts import Group, changes
from tests.exec.escapes.attempts.files import write

KEYS = {
    "hooks_path": "core.hooksPath",
    "fsmonitor": "core.fsmonitor",
    "ssh_command": "core.sshCommand",
    "pager": "core.pager",
    "editor": "core.editor",
    "askpass": "core.askPass",
    "git_proxy": "core.gitProxy",
    "worktree": "core.worktree",
    "filter_clean": "filter.evil.clean",
    "filter_process": "filter.evil.process",
    "alias": "alias.status",
    "include": "include.path",
    "include_if": "includeIf.gitdir:/.path",
    "credential": "credential.helper",
    "external_diff": "diff.external",
    "diff_driver": "diff.evil.textconv",
    "merge_driver": "merge.evil.driver",
    "mergetool": "mergetool.evil.cmd",
    "merge_tool_by_path": "merge.tool",
    "diff_tool_by_path": "diff.tool",
    "lines_of_a_rebase": "rebase.instructionFormat",
    "cookies": "http.cookieFile",
    "signing_program": "gpg.program",
    "signing_program_ssh": "gpg.ssh.program",
    "sequence_editor": "sequence.editor",
    "show_pager": "pager.log",
    "upload_pack": "remote.origin.uploadpack",
    "remote_helper": "remote.origin.vcs",
    "submodule_update": "submodule.evil.update",
    "trailer": "trailer.evil.command",
    "interactive_filter": "interactive.diffFilter",
}
SUBMODULE = ".git/modules/sub"
DEEPER_SUBMODULE = ".git/modules/libs/sub"


def prepare(scene):
    """A repository with a hook of its user's own, one that is not executable, and the git folders of two submodules."""
    scene.make_repository()
    scene.run_as_user("git", "remote", "add", "origin", "https://example.org/mine.git")
    for name in ("tasks.json", "dotgit/HEAD", "dotgit/config", "dotgit/objects/x", "dotgit/refs/x"):
        scene.give_text(scene.work / "prepared" / name, "changed")
    scene.give_text(scene.work / "prepared/dotgit/config", "[core]\n\tfsmonitor = changed\n")
    scene.give_text(scene.work / ".git/hooks/pre-push", "#!/bin/sh\n# mine\n", mode=0o755)
    scene.give_text(scene.work / ".git/hooks/pre-rebase", "#!/bin/sh\n# mine\n", mode=0o644)
    for submodule, work in ((SUBMODULE, "../../../sub"), (DEEPER_SUBMODULE, "../../../../libs/sub")):
        for name in ("hooks", "info", "objects", "refs"):
            scene.give(scene.work / submodule / name, folder=True)
        scene.give_text(scene.work / submodule / "HEAD", "ref: refs/heads/main\n")
        scene.give_text(scene.work / submodule / "config", f"[core]\n\tbare = false\n\tworktree = {work}\n")


def hook(at, path, mode=0o755):
    os.makedirs(os.path.dirname(f"{at.work}/{path}"), exist_ok=True)
    write(f"{at.work}/{path}", "#!/bin/sh\n# changed\n")
    os.chmod(f"{at.work}/{path}", mode)


def configure(at, key):
    subprocess.run(["git", "config", "--file", f"{at.work}/.git/config", key, "!changed"], check=True, cwd="/")


GROUP = Group(prepare)
GROUP.add("new_hook", hook, ".git/hooks/pre-commit", effect=changes("work/.git/hooks/pre-commit"),
          sensitive=".git/hooks/pre-commit")  # fmt: skip
GROUP.add("changed_hook", hook, ".git/hooks/pre-push", effect=changes("work/.git/hooks/pre-push"),
          sensitive=".git/hooks/pre-push")  # fmt: skip
GROUP.add("submodule_hook", hook, f"{SUBMODULE}/hooks/pre-commit", sensitive=f"{SUBMODULE}/hooks/pre-commit",
          effect=changes(f"work/{SUBMODULE}/hooks/pre-commit"))  # fmt: skip


@GROUP.attempt(changes(f"work/{DEEPER_SUBMODULE}/hooks/pre-commit"), sensitive=f"{DEEPER_SUBMODULE}/hooks/pre-commit")
def hook_of_a_submodule_in_what_looks_like_another(at):
    hook(at, f"{DEEPER_SUBMODULE}/hooks/pre-commit")
    write(f"{at.work}/.git/modules/libs/HEAD", "ref: refs/heads/main\n")


def _configured(key):
    def told(seen):
        asked = ["git", "config", "--file", seen.path("work/.git/config"), "--get-all", key]
        return "changed" in subprocess.run(asked, check=False, capture_output=True, text=True, cwd="/").stdout

    return told


for _name, _key in KEYS.items():
    GROUP.add(f"config_{_name}", configure, _key, effect=_configured(_key), sensitive=".git/config")


@GROUP.attempt(
    lambda seen: os.access(seen.path("work/.git/hooks/pre-rebase"), os.X_OK), sensitive=".git/hooks/pre-rebase"
)
def sleeping_hook_made_executable(at):
    os.chmod(f"{at.work}/.git/hooks/pre-rebase", 0o755)


@GROUP.attempt(changes("work/.git/config.worktree"), sensitive=".git/config.worktree")
def config_of_the_worktree(at):
    write(f"{at.work}/.git/config.worktree", "[core]\n\tfsmonitor = changed\n")


@GROUP.attempt(changes(f"work/{SUBMODULE}/config"), sensitive=f"{SUBMODULE}/config")
def config_of_a_submodule(at):
    with open(f"{at.work}/{SUBMODULE}/config", "a") as file:
        file.write("\tfsmonitor = changed\n")


@GROUP.attempt(changes("work/nested/.git/hooks/post-checkout"), sensitive="nested/.git/hooks/post-checkout")
def hook_in_a_new_repository(at):
    subprocess.run(["git", "init", "-q", f"{at.work}/nested"], check=True)
    hook(at, "nested/.git/hooks/post-checkout")


@GROUP.attempt(changes("work/deep/er/.git/config"), sensitive="deep/er/.git")
def config_in_a_new_repository(at):
    subprocess.run(["git", "init", "-q", f"{at.work}/deep/er"], check=True)
    subprocess.run(["git", "config", "core.fsmonitor", "changed"], check=True, cwd=f"{at.work}/deep/er")


@GROUP.attempt(changes("work/bare.git/hooks/post-receive"), sensitive="bare.git")
def hook_in_a_new_bare_repository(at):
    subprocess.run(["git", "init", "-q", "--bare", f"{at.work}/bare.git"], check=True)
    hook(at, "bare.git/hooks/post-receive")


@GROUP.attempt(_configured("remote.origin.pushurl"), sensitive="remote.origin.pushurl")
def push_elsewhere(at):
    config = f"{at.work}/.git/config"
    subprocess.run(["git", "config", "--file", config, "remote.origin.pushurl", "changed"], check=True, cwd="/")


@GROUP.attempt(changes("work/prepared/.git/config"), sensitive="prepared/.git/config")
def rename_into_a_repository(at):
    os.rename(f"{at.work}/prepared/dotgit", f"{at.work}/prepared/.git")


@GROUP.attempt(changes("work/pointed/.git", ".git/evil"), sensitive="pointed/.git")
def point_into_the_git_folder(at):
    subprocess.run(["git", "init", "-q", "--bare", f"{at.work}/.git/evil"], check=True)
    os.makedirs(f"{at.work}/pointed")
    write(f"{at.work}/pointed/.git", "gitdir: ../.git/evil\n")


@GROUP.attempt(changes("work/.git/modules/" + "/".join("abcdefghijklmnop") + "/config"), sensitive=".git/modules/a/b/")
def git_folder_deeper_than_any(at):
    folder = f"{at.work}/.git/modules/" + "/".join("abcdefghijklmnop")
    os.makedirs(folder)
    for name in ("HEAD", "config"):
        write(f"{folder}/{name}")
