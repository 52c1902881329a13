"""What local models cost: ``python -m tests.benchmarks.gguf [NAME …]``. Exit 1 when a promise is broken.

CPU time, one thread, the contenders in turn in one run, so that only ratios count.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from gguf import GGUFReader

from llmx.core.gguf.header import read_header
from tests.core.gguf.tiny import ARRAY, STRING, gguf, metadata, vocabulary

ROUNDS = 5


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that a call takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def header(folder: Path) -> tuple[float, float]:
    """How many times faster a header of 32,000 tokens is read than by ``gguf.GGUFReader``."""
    tokens, kinds, merges = vocabulary()
    tokens = [*tokens[:-3], *(f"word{number}" for number in range(32_000 - len(tokens))), *tokens[-3:]]
    said = metadata(tokens, [*kinds, *[1] * (32_000 - len(kinds))], merges)
    path = folder / "model.gguf"
    path.write_bytes(gguf(said | {"tokenizer.ggml.tokens": (ARRAY, (STRING, tokens))}, []))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(cpu(lambda: read_header(str(path))))
        theirs.append(cpu(lambda: GGUFReader(str(path))))
    return median(theirs) / median(ours), 50


CASES: dict[str, Callable[[Path], tuple[float, float]]] = {"header": header}
"""Name -> what gives the factor found and the least one promised."""


def main(names: list[str]) -> int:
    """Print a line a case."""
    is_kept = True
    for name in names or CASES:
        with tempfile.TemporaryDirectory() as folder:
            found, least = CASES[name](Path(folder))
        is_kept &= found >= least
        print(f"{name:<12} {found:8.2f}   promised {least}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
