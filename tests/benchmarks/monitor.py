"""What watching a tree of 50 processes costs: ``python -m tests.benchmarks.monitor [SECONDS]``.

One sample: at most 1.5 ms of CPU, aim 1 ms. ``--monitor``: under 1 % of a core over a minute; samples become rarer,
so a shorter run (20 s unless said otherwise) shows a higher share than a whole minute has.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from types import SimpleNamespace
from typing import cast

from llmx.core.plugins import load
from llmx.core.process import tree
from llmx.core.process.sample import TICK, proportional_bytes
from llmx.core.process.supervise import Ending, Supervisor

PROCESSES = 50
TREE = """
import os, sys, time
seconds = float(sys.argv[1])
for _ in range(int(sys.argv[2]) - 1):
    if os.fork() == 0:
        time.sleep(seconds)
        os._exit(0)
print("ready", flush=True)
time.sleep(seconds)
"""
WORDS = [sys.executable, "-I", "-S", "-c", TREE]
SAMPLERS = ("llmx.core.process.sample:Sampler", "llmx.core.process.portable:Sampler")


def milliseconds(action: Callable[[], object], times: int = 20) -> float:
    """The median CPU time of ``action`` over 15 rounds of ``times`` calls."""
    rounds = []
    for _ in range(15):
        started = time.process_time()
        for _ in range(times):
            action()
        rounds.append((time.process_time() - started) / times * 1e3)
    return median(rounds)


def measure_samples() -> None:
    """Print the cost of each kind of look at the tree."""
    watched = SimpleNamespace(ending=Ending(), strangers=frozenset(tree.children(os.getpid())))
    with subprocess.Popen([*WORDS, "60", str(PROCESSES)], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        for target in SAMPLERS:
            sampler = load(target)(cast(Supervisor, watched))
            pids = sampler.take().pids
            assert len(pids) == PROCESSES, len(pids)
            without = milliseconds(partial(sampler.take, io=False))
            full = milliseconds(sampler.take)
            print(f"{without:8.2f} ms  one sample, {sampler.source}\n{full:8.2f} ms  the same with I/O (every fifth)")
        print(f"{milliseconds(partial(proportional_bytes, pids, otherwise=0), 2):8.2f} ms  PSS of the tree")
        os.killpg(process.pid, 9)


def own_cpu(*options: str, seconds: float) -> float:
    """CPU seconds of llm-exec itself, its children not counted, around a tree that rests for ``seconds``."""
    words = [
        sys.executable,
        "-m",
        "llmx",
        "exec",
        "--no-sandbox",
        "--json",
        *options,
        "--",
        *WORDS,
        str(seconds),
        str(PROCESSES),
    ]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with open(f"/proc/{process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def main() -> None:
    """Print the cost of one sample, then the share of a core that ``--monitor`` takes."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    measure_samples()
    plain, limited, monitored = (
        own_cpu(*options, seconds=seconds) for options in ((), ("--max-procs", "1000"), ("--monitor",))
    )
    print(f"{plain * 1e3:8.0f} ms  llm-exec itself in {seconds:g} s without --monitor, its start included")
    print(f"{100 * (monitored - plain) / seconds:8.2f} %   of a core more with --monitor")
    print(f"{100 * (limited - plain) / seconds:8.2f} %   of a core more with a watchdog every 20 ms (--max-procs)")


if __name__ == "__main__":
    main()
