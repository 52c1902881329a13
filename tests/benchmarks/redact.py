"""What redaction costs: ``python -m tests.benchmarks.redact`` (the quick check: aim 60 microseconds)."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median

from llmx.core.redact import Masker, mask_argv

ENV = {f"VARIABLE_{n}": f"/some/typical/value/{n}" for n in range(38)} | {"A_TOKEN": "hidden-value-1", "HOME": "/root"}
COMMANDS = [["true"], ["ls", "-la"], ["git", "commit", "-m", "message"], ["pytest", "-q", "tests/core"]]
SECRETIVE = [["curl", "-H", "Authorization: Bearer abc123", "https://example.com"], ["x", "--token", "hidden-value-1"]]


def microseconds(action: Callable[[], object], times: int = 1000) -> float:
    """The median CPU time of ``action`` over 15 rounds of ``times`` calls."""
    rounds = []
    for _ in range(15):
        started = time.process_time()
        for _ in range(times):
            action()
        rounds.append((time.process_time() - started) / times * 1e6)
    return median(rounds)


def main() -> None:
    """Print one line for each case."""
    for argv in [*COMMANDS, *SECRETIVE]:
        print(f"{microseconds(partial(mask_argv, argv, ENV)):10.1f} us  {' '.join(argv)}")
    line = b"2026-11-21 04:28:37 INFO request key: value token: none path=/usr/lib/x.py user=me\n"
    data = line * (10_000_000 // len(line))
    started = time.process_time()
    masker = Masker(ENV)
    masker.feed(data)
    masker.finish()
    print(f"{time.process_time() - started:10.2f} s   10 MB of log")


if __name__ == "__main__":
    main()
