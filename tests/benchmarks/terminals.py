"""What a window costs: ``python -m tests.benchmarks.terminals``.

The same command with and without a window of tmux, interleaved: wall time because that is what one waits for, CPU time
of llm-exec and its children beside it. At most 150 ms more of wall time.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROUNDS = 31
MOST_MS = 150.0
WORDS = [sys.executable, "-m", "llmx", "exec", "--json"]
WINDOW = ("--terminal", "tmux")


def once(words: list[str], folder: Path, env: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU time of one run, in milliseconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1e3, cpu * 1e3


def main() -> None:
    """Print both, and exit with 1 when the window costs too much."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    (work := folder / "work").mkdir()
    server = ["tmux", "-f", "/dev/null", "-S", f"{folder}/tmux"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LLMX_", "TMUX"))}
    env |= {"HOME": str(folder), "TMUX": f"{folder}/tmux,1,0", "LLMX_EXEC__WEZTERM__MONITOR": "false"}
    subprocess.run([*server, "new-session", "-d", "sh"], env=env | {"TERM": "xterm"}, check=True)
    try:
        print(f"{'':34}{'wall, median':>14}{'least':>8}{'CPU':>8}  (ms, {ROUNDS} rounds)")
        costs = [more(options, work, env) for options in (("--no-sandbox",), ())]
    finally:
        subprocess.run([*server, "kill-server"], env=env, check=True)
        shutil.rmtree(folder)
    sys.exit(max(costs) > MOST_MS)


def more(options: tuple[str, ...], work: Path, env: dict[str, str]) -> float:
    """Print what runs with ``options`` cost without and with a window; how much longer half of them take at most."""
    lines = {name: [*WORDS, *options, *window, "--", "true"] for name, window in (("plain", ()), ("window", WINDOW))}
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in lines}
    for _ in range(ROUNDS):
        for name, words in lines.items():
            figures[name].append(once(words, work, env))
    for name, pairs in figures.items():
        walls, cpus = zip(*pairs, strict=True)
        shown = f"{' '.join(options) or 'in the sandbox'}, {name}"
        print(f"{shown:34}{median(walls):14.1f}{min(walls):8.1f}{median(cpus):8.1f}")
    cost = median([window[0] - plain[0] for window, plain in zip(figures["window"], figures["plain"], strict=True)])
    print(f"{'':34}{cost:14.1f} more, at most {MOST_MS:.0f}")
    return cost


if __name__ == "__main__":
    main()
