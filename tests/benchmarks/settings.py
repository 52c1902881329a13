"""What settings cost on the way of every command: ``python -m tests.benchmarks.settings``.

CPU time of ``active`` with its imports, over what every way in has imported anyway (``llmx.paths`` and
``llmx.core.plugins``), in fresh interpreters, the cases interleaved. Exit 1 when it is over what is allowed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROUNDS = 31
ALLOWED_MS = 0.5
REPOSITORY = Path(__file__).parents[2]

PROBE = """
import os, time
start = time.process_time_ns()
import llmx.core.plugins, llmx.paths
shared = time.process_time_ns()
from llmx.core.settings import active
imported = time.process_time_ns()
active(os.environ, os.getcwd())
done = time.process_time_ns()
print(shared - start, imported - shared, done - imported, done - shared)
"""
FILES = "user and project files"
FULL = "the same, cache full"
VARIABLE = "the same, with a variable"


def main() -> int:
    """Print a table; the exit code says whether the promise holds."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        cases = [_prepared(folder, name) for name in ("no file", FILES, FULL, VARIABLE)]
        figures: dict[str, list[list[float]]] = {home.name: [] for home in cases}
        for turn in range(ROUNDS + 5):
            for home in cases:
                found = _measure(folder, home)
                if turn >= 5:  # the first ones compile bytecode and settings
                    figures[home.name].append(found)
    print(f"{'ms of CPU, medians':<28}{'shared':>8}{'import':>8}{'call':>8}{'import + call':>15}")
    for name, rows in figures.items():
        shared, imported, called, both = (median(column) for column in zip(*rows, strict=True))
        print(f"{name:<28}{shared:>8.3f}{imported:>8.3f}{called:>8.3f}{both:>15.3f}")
    worst = max(median(row[3] for row in figures[name]) for name in (FILES, FULL))
    print(f"allowed with files: {ALLOWED_MS}; found: {worst:.3f}")
    return 0 if worst < ALLOWED_MS else 1


def _prepared(folder: Path, name: str) -> Path:
    """A home with what the case asks for."""
    home = folder / name
    (home / "work" / "project" / "src" / "deep").mkdir(parents=True)
    if name == "no file":
        return home
    (home / ".config" / "llmx").mkdir(parents=True)
    (home / ".config" / "llmx" / "config.toml").write_text("[exec]\ngrace = 2\nisolation.timeout = '10m'\n")
    (home / "work" / "project" / "llmx.toml").write_text("[exec]\nstall_timeout = '1m'\n")
    if name == FULL:
        for number in range(40):
            (home / f"{number}.toml").write_text("")
        for _ in range(2):  # what was written a moment ago is not remembered at first
            for number in range(40):
                _measure(folder, home, LLMX_CONFIG=f"{home}/{number}.toml")
    return home


def _measure(folder: Path, home: Path, **variables: str) -> list[float]:
    """Milliseconds of CPU in a fresh interpreter."""
    env = {"HOME": str(home), "PATH": os.defpath, "PYTHONPATH": str(REPOSITORY), **variables}
    env["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    if home.name == VARIABLE:
        env["LLMX_EXEC__STALL_TIMEOUT"] = "9"
    cwd = home / "work" / "project" / "src" / "deep"
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return [int(word) / 1e6 for word in done.stdout.split()]


if __name__ == "__main__":
    sys.exit(main())
