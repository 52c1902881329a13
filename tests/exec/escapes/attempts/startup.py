"""Files of HOME that something starts or believes later."""

import os

from tests.exec.escapes.attempts import Group, changes

FILES = {
    "bashrc": ".bashrc",
    "profile": ".profile",
    "zshenv": ".zshenv",
    "gitconfig": ".gitconfig",
    "git_config_folder": ".config/git/config",
    "authorized_keys": ".ssh/authorized_keys",
    "path_hijack": ".local/bin/ls",
    "autostart": ".config/autostart/evil.desktop",
    "systemd_unit": ".config/systemd/user/evil.service",
    "ssh_config": ".ssh/config",
    "claude_settings": ".claude/settings.json",
    "codex_config": ".codex/config.toml",
    "npmrc": ".npmrc",
    "pip_config": ".config/pip/pip.conf",
    "python_site": ".local/lib/python3.11/site-packages/usercustomize.py",
    "cargo_config": ".cargo/config.toml",
    "vimrc": ".vimrc",
    "tmux_config": ".tmux.conf",
}
ABSENT = ("autostart", "systemd_unit", "path_hijack", "python_site")
"""Files that do not exist yet; their folders do."""


def prepare(scene):
    for name, path in FILES.items():
        if name in ABSENT:
            scene.give((scene.home / path).parent, folder=True)
        else:
            scene.give_text(scene.home / path, "# mine\n")
    os.symlink(".profile", scene.home / ".bash_profile")
    scene.give(scene.home / ".bash_profile")


def append(at, path):
    """Add a line; a tool folder shown read-only must be so for what is new in it, too."""
    with open(f"{at.home}/{path}", "a") as file:
        file.write("changed\n")


GROUP = Group(prepare)
for _name, _path in FILES.items():
    GROUP.add(_name, append, _path, effect=changes(f"home/{_path}"))


@GROUP.attempt(lambda seen: os.readlink(seen.path("home/.bash_profile")) == "evil")
def replace_a_symlink(at):
    os.unlink(f"{at.home}/.bash_profile")
    os.symlink("evil", f"{at.home}/.bash_profile")
