"""What the caller's environment holds, read back or made to run."""

import glob
import os
import subprocess

from tests.exec.escapes.attempts import Group, tells

SECRETS = (
    *("AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GITHUB_TOKEN", "HF_TOKEN", "DATABASE_URL"),
    *("PGPASSWORD", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "KUBECONFIG", "DOCKER_HOST"),
    *("TMUX", "DISPLAY", "MY_COMPANYS_THING", "NPM_TOKEN", "VAULT_ADDR"),
)
LOADERS = {
    "BASH_ENV": ("bash", "-c", "true"),
    "ENV": ("sh", "-i", "-c", "true"),
    "PYTHONSTARTUP": ("env",),
    "PYTHONPATH": ("env",),
    "LD_PRELOAD": ("env",),
    "LD_LIBRARY_PATH": ("env",),
    "LD_AUDIT": ("env",),
    "NODE_OPTIONS": ("env",),
    "PERL5OPT": ("env",),
    "RUBYOPT": ("env",),
    "GIT_SSH_COMMAND": ("env",),
    "GIT_CONFIG_PARAMETERS": ("env",),
    "PROMPT_COMMAND": ("env",),
    "BASH_FUNC_true%%": ("env",),
}


def prepare(scene):
    """Each variable holds the secret; those that name files name one that tells it when it runs."""
    speaker = scene.give_text(scene.elsewhere / "speaks.sh", f"echo {scene.secret}\n")
    for name in SECRETS:
        scene.env[name] = scene.secret
    for name in LOADERS:
        scene.env[name] = str(speaker) if name in ("BASH_ENV", "ENV") else f"/nowhere/{scene.secret}"
    scene.env["GIT_CONFIG_PARAMETERS"] = f"'a.b={scene.secret}'"
    scene.env["PYTHONPATH"] = f"{scene.repository}:/nowhere/{scene.secret}"  # the tool itself is found there
    scene.env["NODE_OPTIONS"] = f"--title={scene.secret}"
    scene.env["BASH_FUNC_true%%"] = f"() {{ echo {scene.secret}; }}"


def value(at, name):
    return os.environ[name]


def run(at, words, name):
    ran = subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return [line for line in (ran.stdout + ran.stderr).split("\n") if "=" not in line or line.startswith(f"{name}=")]


GROUP = Group(prepare)
for _name in SECRETS:
    GROUP.add(f"value_of_{_name}", value, _name, effect=tells)
for _name, _words in LOADERS.items():
    GROUP.add(f"loader_{_name.rstrip('%')}", run, _words, _name, effect=tells)


@GROUP.attempt(tells)
def environment_of_everyone(at):
    """The sandbox's own processes must not hold what the command may not see."""
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                found.append(file.read())
        except OSError as error:
            found.append(str(error).encode())
    return found
