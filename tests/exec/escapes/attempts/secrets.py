"""Reading what is nobody's business: keys, tokens, histories, other projects."""

import glob
import os
import subprocess

from tests.exec.escapes.attempts import Group, tells

FILES = {
    "ssh_key": ".ssh/id_ed25519",
    "aws": ".aws/credentials",
    "netrc": ".netrc",
    "bash_history": ".bash_history",
    "python_history": ".python_history",
    "git_credentials": ".git-credentials",
    "kube": ".kube/config",
    "docker": ".docker/config.json",
    "gcloud": ".config/gcloud/credentials.db",
    "github_cli": ".config/gh/hosts.yml",
    "gnupg": ".gnupg/private-keys-v1.d/key",
    "npmrc": ".npmrc",
    "pypirc": ".pypirc",
    "cargo_credentials": ".cargo/credentials.toml",
    "chrome": ".config/google-chrome/Default/Cookies",
    "firefox": ".mozilla/firefox/p/logins.json",
    "keyring": ".local/share/keyrings/login.keyring",
    "password_store": ".password-store/a.gpg",
    "other_project": "other/.env",
    "claude_login": ".claude/.credentials.json",
    "codex_login": ".codex/auth.json",
    "huggingface_token": ".cache/huggingface/token",
    "llmx_settings": ".config/llmx/config.toml",
    "llmx_log": ".local/share/llm-exec.log",
}


def prepare(scene):
    for path in FILES.values():
        scene.give_text(scene.home / path, f"# {scene.secret}\n", mode=0o600)
    scene.give(scene.home / ".cargo/bin", folder=True)
    scene.give_text(scene.home / f"named-{scene.secret}", "")
    scene.give_text(scene.elsewhere / "private", scene.secret, mode=0o600)


def read(at, path):
    with open(path, errors="replace") as file:
        return file.read()


GROUP = Group(prepare)
for _name, _path in FILES.items():
    GROUP.add(f"read_{_name}", lambda at, path: read(at, f"{at.home}/{path}"), _path, effect=tells)


@GROUP.attempt(tells)
def list_home(at):
    return os.listdir(at.home)


@GROUP.attempt(tells)
def search_home(at):
    return subprocess.run(
        ["grep", "-rh", "#", at.home, "--exclude-dir=work"], check=False, capture_output=True, text=True
    ).stdout


@GROUP.attempt(tells)
def read_home_through_the_root_of_others(at):
    found = []
    for root in glob.glob("/proc/[0-9]*/root") + glob.glob("/proc/[0-9]*/cwd/.."):
        try:
            found.append(read(at, f"{root}{at.home}/.ssh/id_ed25519"))
        except OSError as error:
            found.append(str(error))
    return found


@GROUP.attempt(tells)
def link_into_the_work_tree(at):
    os.link(f"{at.home}/.ssh/id_ed25519", f"{at.work}/key")
    return read(at, f"{at.work}/key")


@GROUP.attempt(tells)
def move_into_the_work_tree(at):
    os.rename(f"{at.home}/.kube", f"{at.work}/kube")
    return read(at, f"{at.work}/kube/config")


@GROUP.attempt(tells)
def read_a_private_file_elsewhere(at):
    """A file of the same user that lies neither in HOME nor in a temporary folder."""
    return read(at, f"{at.elsewhere}/private")
