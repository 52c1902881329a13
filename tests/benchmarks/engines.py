"""The engines beside llama-cpp-python: what ``.gguf`` measures of it, where the measure makes sense for them too."""

import os
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from statistics import median

from mlx_lm import stream_generate
from mlx_lm.sample_utils import make_sampler

from llmx.core.gguf.engines.server import open_engine as open_server
from llmx.core.mlx.engine import MlxEngine
from llmx.core.mlx.engine import open_engine as open_mlx
from llmx.core.runner import Configuration
from llmx.core.runner.engines import Engine
from tests.benchmarks.measuring import cpu, job, run
from tests.benchmarks.random_mlx import write_model

ROUNDS = 3
PREFIX = "".join(f"{number:05d}" for number in range(120))
_NUMBERS = count()


def fresh(text: str) -> str:
    """A text that no cache knows the beginning of."""
    return f"{next(_NUMBERS):04d}{text}"


@cache
def xllamacpp(path: str) -> Engine:
    """Loaded once."""
    engine = open_server(Configuration(path, "xllamacpp", 8192, threads=1, parallel=9), lambda *_: None)
    run(engine, job(1, "x", 2))
    return engine


@cache
def mlx(folder: Path) -> MlxEngine:
    """Loaded once; its kernels are not compiled, which would take longer than all of this."""
    os.environ["MLX_DISABLE_COMPILE"] = "1"
    engine = open_mlx(Configuration(write_model(folder), "mlx", 8192, threads=1, parallel=9), lambda *_: None)
    run(engine, job(1, "x", 2))
    return engine


def sooner(engine: Engine) -> float:
    """How many times sooner a prompt starts that shares 600 tokens with the one before."""
    shared = fresh(PREFIX)
    cold = run(engine, job(1, f"{shared} one", 1))
    return cold / median(run(engine, job(2 + turn, f"{shared} two{turn}", 1)) for turn in range(ROUNDS))


def together(engine: Engine) -> float:
    """How many times faster eight prompts behind a prefix of 200 tokens are than one after another."""
    asked = [f"{PREFIX[:200]}{str(number) * 24}" for number in range(8)]
    alone = sum(_spent(engine, fresh(prompt)) for prompt in asked)
    beginning = fresh("")
    return alone / cpu(lambda: run(engine, *[job(each, beginning + asked[each], 32) for each in range(8)]))


def _spent(engine: Engine, prompt: str) -> float:
    return cpu(lambda: run(engine, job(1, prompt, 32)))


def decode(engine: MlxEngine, tokens: int = 64) -> float:
    """Tokens a second, over those of mlx-lm's own loop."""
    greedy = make_sampler(temp=0.0)

    def own() -> None:
        prompt = engine._tokenizer.encode(fresh("x"))
        for _ in stream_generate(engine._model, engine._tokenizer, prompt, max_tokens=tokens, sampler=greedy):
            pass

    ours, theirs = [], []
    for _ in range(2 * ROUNDS):
        theirs.append(cpu(own))
        ours.append(cpu(lambda: run(engine, job(1, fresh("x"), tokens))))
    return min(theirs) / min(ours)


def cases(model: Callable[[], str], folder: Path) -> dict[str, Callable[[], tuple[float, float]]]:
    """Name -> what gives the factor found and the least one asked for.

    The server decodes eight answers at once hardly faster than one after another, so that less is asked of it there.
    """
    return {
        "xllamacpp.prefix": lambda: (sooner(xllamacpp(model())), 20),
        "xllamacpp.batch": lambda: (together(xllamacpp(model())), 2),
        "mlx.decode": lambda: (decode(mlx(folder)), 0.9),
        "mlx.prefix": lambda: (sooner(mlx(folder)), 20),
        "mlx.batch": lambda: (together(mlx(folder)), 2.5),
    }
