"""How fast each way in starts: ``python -m tests.benchmarks.startup``.

llmx is built as a wheel and installed into a fresh virtual environment of Debian's Python, bytecode compiled, with a
user's and a project's settings files in place. What is compared is CPU time (user and system, of the process and of
all it has waited for) as a ratio to ``python -c pass`` of the same environment: medians of rounds in which every case
runs once, so that what else the machine does falls on all alike. Exit 1 when a bound is broken.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
WARM_UP = 5
"""Rounds that are not counted: they fill the settings cache and the kernel's."""


class Case(NamedTuple):
    """A command below the environment's ``bin``, the ratio it may reach, and the one it aims at."""

    words: tuple[str, ...]
    bound: float
    aim: float


BARE = ("python", "-c", "pass")
CASES = (
    Case(("llm-exec", "--no-sandbox", "--", "true"), 1.45, 1.25),
    Case(("llm-exec", "--no-sandbox", "--json", "--timeout", "60", "--monitor", "--", "true"), 2.0, 1.7),
    Case(("llmx", "--version"), 1.2, 1.1),
    Case(("llmx", "--help"), 7, 6),
    Case(("llmx", "version"), 7, 6),
    Case(("llmx", "help", "exit-codes"), 7, 6),
)


def install(folder: Path, python: str) -> Path:
    """Make a virtual environment with llmx's wheel in it; its ``bin``."""
    binaries = folder / "venv" / "bin"
    run([python, "-m", "venv", str(binaries.parent)])
    run([str(binaries / "pip"), "install", "-qU", "pip"])
    run([str(binaries / "pip"), "install", "-q", "--compile", str(ROOT)])
    return binaries


def run(command: list[str]) -> None:
    """Run a step of the preparation; its output is shown where it fails."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(Path.home()))
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def environment(home: Path) -> dict[str, str]:
    """What a user's shell would hand on; bytecode is written and read as for everyone."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    return kept | {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def settle(folder: Path) -> tuple[Path, Path]:
    """A home and a project, each with a settings file; both folders."""
    home = folder / "home"
    project = home / "project"
    (home / ".config" / "llmx").mkdir(parents=True)
    project.mkdir()
    (home / ".config" / "llmx" / "config.toml").write_text('[exec]\ngrace = 2\nisolation.timeout = "10m"\n')
    (project / "llmx.toml").write_text('[exec]\nstall_timeout = "1m"\n')
    return home, project


def cpu_ms(command: list[str], env: dict[str, str], silence: int) -> float:
    """Milliseconds of CPU that one run of ``command`` costs, with all it has waited for."""
    streams = [(os.POSIX_SPAWN_DUP2, silence, descriptor) for descriptor in (0, 1, 2)]
    pid = os.posix_spawn(command[0], command, env, file_actions=streams)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed: exit code {os.waitstatus_to_exitcode(status)}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def measure(binaries: Path, home: Path, project: Path, rounds: int) -> dict[tuple[str, ...], float]:
    """The median cost of the bare interpreter and of every case, in milliseconds."""
    costs: dict[tuple[str, ...], list[float]] = {words: [] for words in (BARE, *(case.words for case in CASES))}
    env = environment(home)
    os.chdir(project)
    silence = os.open(os.devnull, os.O_RDWR)
    for turn in range(WARM_UP + rounds):
        for words, found in costs.items():
            cost = cpu_ms([str(binaries / words[0]), *words[1:]], env, silence)
            if turn >= WARM_UP:
                found.append(cost)
    os.close(silence)
    return {words: median(found) for words, found in costs.items()}


def table(costs: dict[tuple[str, ...], float]) -> str:
    """The figures as Markdown."""
    bare = costs[BARE]
    rows = [f"| `python -c pass` | | | 1 | {bare:.2f} |"]
    for case in CASES:
        cost = costs[case.words]
        rows.append(f"| `{' '.join(case.words)}` | {case.bound} | {case.aim} | {cost / bare:.2f} | {cost:.2f} |")
    return "\n".join(["| what | at most | aim | measured | ms of CPU |", "|---|---|---|---|---|", *rows])


def main() -> int:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(description="How fast each way in starts.")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--python", default="/usr/bin/python3", help="the interpreter to make the environment of")
    parser.add_argument("--bin", type=Path, help="an environment's bin folder in which llmx is installed already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        binaries = options.bin or install(Path(name), options.python)
        home, project = settle(Path(name))
        costs = measure(binaries, home, project, options.rounds)
        os.chdir("/")
    print(table(costs))
    return 1 if any(costs[case.words] / costs[BARE] > case.bound for case in CASES) else 0


if __name__ == "__main__":
    sys.exit(main())
