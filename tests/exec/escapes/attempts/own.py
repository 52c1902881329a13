"""What llm-exec itself stands on: its log, its settings, what it trusts, what it has cached."""

import glob
import os

from tests.exec.escapes.attempts import Group, changes
from tests.exec.escapes.attempts.files import write

FILES = {
    "log": ".local/share/llm-exec.log",
    "settings": ".config/llmx/config.toml",
    "trust": ".local/state/llmx/trust.json",
    "state": ".local/state/llmx/any",
}


def prepare(scene):
    """A first run has made the log and the caches."""
    scene.give_text(scene.home / "venv/pyvenv.cfg", "home = /usr/bin\n")
    scene.give_text(scene.home / "venv/bin/llm-exec", "#!/bin/sh\n", mode=0o755)
    scene.env["PATH"] = f"{scene.home}/venv/bin:{scene.place.env['PATH']}"
    scene.env["VIRTUAL_ENV"] = f"{scene.home}/venv"
    for name, path in FILES.items():
        if name != "log":
            scene.give_text(scene.home / path, "# mine\n")
    scene.make_caches()


def append(at, path):
    with open(f"{at.home}/{path}", "a") as file:
        file.write("changed\n")


GROUP = Group(prepare)
for _name, _path in FILES.items():
    GROUP.add(f"append_to_{_name}", append, _path, effect=changes(f"home/{_path}"))


@GROUP.attempt(lambda seen: seen.log_is_lost(), alone=True)
def remove_the_log(at):
    os.unlink(f"{at.home}/{FILES['log']}")


@GROUP.attempt(changes(f"home/{FILES['log']}.1"))
def forge_an_older_log(at):
    write(f"{at.home}/{FILES['log']}.1")


@GROUP.attempt(lambda seen: seen.path("home/.config/llmx/profiles").exists())
def settings_that_are_not_there_yet(at):
    os.makedirs(f"{at.home}/.config/llmx/profiles")


@GROUP.attempt(lambda seen: seen.caches_differ())
def poison_the_caches(at):
    """The filter of system calls, what this machine can do, the compiled settings: all believed by the next run."""
    done, last = 0, None
    for path in glob.glob(f"{at.home}/.cache/llmx/**", recursive=True):
        if os.path.isfile(path):
            try:
                write(path)
                done += 1
            except OSError as error:
                last = error
    if not done:
        raise last or FileNotFoundError("no cache is seen")


@GROUP.attempt(lambda seen: seen.caches_differ(), alone=True)
def replace_the_cache_folder(at):
    os.rename(f"{at.home}/.cache/llmx", f"{at.home}/.cache/old")
    os.makedirs(f"{at.home}/.cache/llmx")


@GROUP.attempt(changes("home/venv/bin/llm-exec"))
def change_the_program(at):
    """The next run would start with this file: its folder is shown, as the first one on PATH."""
    append(at, "venv/bin/llm-exec")
