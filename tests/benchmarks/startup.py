"""What each way in costs, as a ratio to ``python -c pass`` of the same interpreter.

Builds the wheel, installs it into a virtual environment of /usr/bin/python3 with bytecode compiled, writes a user's and
a project's settings file, and takes medians of CPU time (user and system, children included) over interleaved rounds.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 81
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable

LLM_EXEC = ["llm-exec", "--no-sandbox"]
# what is run -> its name, bound and aim
WAYS = {
    "`llm-exec --no-sandbox -- true`": ([*LLM_EXEC, "--", "true"], 1.45, 1.25),
    "`… --json --timeout 60 --monitor -- true`": (
        [*LLM_EXEC, "--json", "--timeout", "60", "--monitor", "--", "true"],
        2.0,
        1.7,
    ),
    "`llmx --version`": (["llmx", "--version"], 1.2, 1.1),
    "`llmx __complete profiles`": (["llmx", "__complete", "profiles"], 2, 1.5),
    "`llmx --help`, piped": (["llmx", "--help"], 7, 6),
    "`llmx version`": (["llmx", "version"], 7, 6),
}


def install(folder):
    """An installed llmx in ``folder``; returns its folder of commands."""
    clean = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", ".coverage*")
    shutil.copytree(ROOT, folder / "source", ignore=clean)
    run = lambda *command: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: E731
    run(PYTHON, "-m", "venv", "venv")
    run("venv/bin/pip", "install", "-qU", "pip")
    run("venv/bin/pip", "install", "-q", "--compile", "./source")
    return folder / "venv/bin"


def write_settings(folder):
    """A user's and a project's settings file; returns (HOME, the project)."""
    home, project = folder / "home", folder / "project"
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text('[exec.isolation]\ntimeout = "4m"\n')
    project.mkdir()
    (project / "llmx.toml").write_text("[exec]\ngrace = 3\n")
    return home, project


def cpu_seconds(command, environment):
    """CPU time of ``command`` and all that it has waited for."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    pid = os.posix_spawn(command[0], command, environment, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    assert status == 0, command
    return used.ru_utime + used.ru_stime


def medians(commands, environment, rounds=ROUNDS):
    """The median of each command's CPU seconds over interleaved rounds."""
    for command in commands:
        for _ in range(3):
            cpu_seconds(command, environment)
    taken = [[cpu_seconds(command, environment) for command in commands] for _ in range(rounds)]
    return [sorted(column)[rounds // 2] for column in zip(*taken, strict=True)]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = install(folder)
        home, project = write_settings(folder)
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
        os.chdir(project)
        words = [[str(commands / words[0]), *words[1:]] for words, _, _ in WAYS.values()]
        base, *costs = medians([[str(commands / "python"), "-c", "pass"], *words], environment)
        print(f"`python -c pass`: {base * 1000:.1f} ms CPU\n\n| what | at most | aim | measured |\n|---|---|---|---|")
        for (what, (_, bound, aim)), cost in zip(WAYS.items(), costs, strict=True):
            print(f"| {what} | {bound} | {aim} | {cost / base:.2f} |")


if __name__ == "__main__":
    main()
