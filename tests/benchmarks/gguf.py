"""What local models cost: ``python -m tests.benchmarks.gguf [NAME …]``. Exit 1 when a promise is broken.

One thread, the contenders in turn in one run, so that only ratios count; CPU time where one process does the work.
"""

import asyncio
import os
import resource
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import llama_cpp as llama
from gguf import GGUFReader

from llmx.core.gguf.engines.llama import LlamaEngine, open_engine
from llmx.core.gguf.header import read_header
from llmx.core.runner import Ask, Configuration
from llmx.core.runner.host_client import HostClient
from llmx.core.runner.process import Worker
from tests.benchmarks import engines
from tests.benchmarks.measuring import cpu, job, run
from tests.benchmarks.random_model import CONTEXT, header, write_model
from tests.core.gguf.tiny import gguf, write_tiny

ROUNDS = 5
HELD = tempfile.TemporaryDirectory()
FOLDER = Path(HELD.name)


@cache
def model() -> str:
    """The large model."""
    return write_model(FOLDER / "random.gguf")


def configuration(path: str, context: int = CONTEXT, parallel: int = 9) -> Configuration:
    """One thread."""
    return Configuration(path, "llama-cpp-python", context, threads=1, parallel=parallel)


@cache
def engine(path: str) -> LlamaEngine:
    """Loaded once."""
    return open_engine(configuration(path), lambda _stage, _done: None)


def forget(used: LlamaEngine) -> None:
    """Empty the cache."""
    for slot in used._slots:
        used._cut(slot, 0)


def low_level(used: Any, prompt: str, tokens: int) -> None:
    """llama.cpp's own loop: the fewest calls that decode, choose and spell."""
    context = used._context
    sampler = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    llama.llama_sampler_chain_add(sampler, llama.llama_sampler_init_greedy())
    plan = used._vocabulary.tokens(prompt)
    array = (llama.llama_token * len(plan))(*plan)
    llama.llama_decode(context, llama.llama_batch_get_one(array, len(plan)))
    one = (llama.llama_token * 1)()
    for _ in range(tokens):
        token = llama.llama_sampler_sample(sampler, context, -1)
        used._vocabulary.piece(token, special=False)
        one[0] = token
        llama.llama_decode(context, llama.llama_batch_get_one(one, 1))
    llama.llama_sampler_free(sampler)


def measured_header() -> tuple[float, float]:
    """How many times faster a header of 32,000 tokens is read than by ``gguf.GGUFReader``."""
    path = FOLDER / "header.gguf"
    path.write_bytes(gguf(header(32_000), []))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(cpu(lambda: read_header(str(path))))
        theirs.append(cpu(lambda: GGUFReader(str(path))))
    return median(theirs) / median(ours), 50


def decode() -> tuple[float, float]:
    """Tokens a second, over those of the low-level loop."""
    used = engine(model())
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        for found, work in ((theirs, lambda: low_level(used, "x", 64)), (ours, lambda: run(used, job(1, "x", 65)))):
            forget(used)
            llama.llama_memory_clear(used._memory, True)
            found.append(cpu(work))
    return min(theirs) / min(ours), 0.97


def flat() -> tuple[float, float]:
    """What a token costs beside llama.cpp, with 64 tokens over with 4,096.

    llama.cpp's own work is left out, as it grows with the context and takes the processor's caches with it.
    """
    used = engine(write_tiny(FOLDER / "tiny.gguf", context=8192))
    own = {name: getattr(llama, name) for name in ("llama_decode", "llama_sampler_sample")}
    token = used._vocabulary.tokens("a")[0]
    llama.llama_decode = lambda _context, _batch: 0
    llama.llama_sampler_sample = lambda _chain, _context, _index: token
    beside = {}
    try:
        for tokens in (64, 4096):
            found = []
            for _ in range(16 * ROUNDS):
                forget(used)
                found.append(cpu(lambda count=tokens: run(used, job(1, "x", count))))  # type: ignore[misc]
            beside[tokens] = median(found) / tokens
            print(f"                 {tokens} tokens: {1e6 * beside[tokens]:.1f} µs each beside llama.cpp's")
    finally:
        for name, function in own.items():
            setattr(llama, name, function)
    forget(used)
    return beside[64] / beside[4096], 0.8


def prefix() -> tuple[float, float]:
    """How many times sooner a prompt starts that shares 600 tokens with the one before."""
    used = engine(model())
    shared = "".join(f"{number:05d}" for number in range(120))
    forget(used)
    cold = run(used, job(1, f"{shared} one", 1))
    warm = [run(used, job(2 + turn, f"{shared} two{turn}", 1)) for turn in range(ROUNDS)]
    return cold / median(warm), 20


def batch() -> tuple[float, float]:
    """How many times faster eight prompts behind a prefix of 200 tokens are than one after another."""
    used = engine(model())
    shared = "".join(f"{number:05d}" for number in range(40))
    jobs = [job(number, f"{shared}{str(number) * 24}", 32) for number in range(8)]
    alone, together = [], []
    for _ in range(2):
        spent = 0.0
        for each in jobs:
            forget(used)
            spent += cpu(lambda each=each: run(used, each))  # type: ignore[misc]
        alone.append(spent)
        forget(used)
        together.append(cpu(lambda: run(used, *jobs)))
    return min(alone) / min(together), 2.5


def warm() -> tuple[float, float]:
    """How many times sooner a second command's first token comes than a first one's, which starts the host."""
    home = FOLDER / "home"
    home.mkdir()
    host = HostClient({**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home)})
    question = Ask(prompt="".join(f"{number:05d}" for number in range(120)), max_tokens=1, temperature=0.0)

    async def first() -> float:
        started = time.perf_counter()
        await host.start()
        async for _ in host.ask(configuration(model(), parallel=1), question, 60.0):
            return time.perf_counter() - started
        return 0.0

    cold = asyncio.run(first())
    again = [asyncio.run(first()) for _ in range(ROUNDS)]
    asyncio.run(host.unload())
    return cold / min(again), 20


def start() -> tuple[float, float]:
    """400 ms over the time until a worker without a model has answered and ended: CPU of both sides, one by one.

    What a clock shows is less where the machine is quiet (50 to 90 ms), and more where others have the processors.
    """

    def spent() -> float:
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in both)

    async def one() -> float:
        before = spent()
        worker = Worker(configuration("/none"))
        await worker.open()
        await worker.stats()
        await worker.close()
        return spent() - before

    return 0.4 / max(asyncio.run(one()) for _ in range(ROUNDS)), 1


CASES = {
    "header": measured_header,
    "decode": decode,
    "flat": flat,
    "prefix": prefix,
    "batch": batch,
    "warm": warm,
    "start": start,
    **engines.cases(model, FOLDER / "mlx"),
}
"""Name -> what gives the factor found and the least one promised."""


def main(names: list[str]) -> int:
    """Print a line a case."""
    is_kept = True
    for name in names or CASES:
        found, least = CASES[name]()
        is_kept &= found >= least
        print(f"{name:<16} {found:8.2f}   promised {least}", flush=True)
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
