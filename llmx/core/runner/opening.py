"""Which worker a model needs, and those that are there."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from llmx.core.gguf.header import read_header
from llmx.core.gguf.memory import LEAST_CONTEXT, need, require_room, usual_context
from llmx.core.gguf.model_facts import facts_of
from llmx.core.process.headroom import headroom
from llmx.core.runner import Configuration, RunnerError
from llmx.core.runner.engines import choose
from llmx.core.runner.process import Progress, Worker
from llmx.errors import UsageError


def configuration_of(
    backend: str, path: str, settings: Mapping[str, object], *, context: int | None = None
) -> Configuration:
    """How the model at ``path`` is to be run; what is not set is chosen for the model and this machine.

    Raises ``LlmxError`` for a file that is no model, and for a model or a context that the machine has no room for.
    """
    threads = settings["gguf.threads"]
    plain = Configuration(
        path=path,
        engine="mlx" if backend == "mlx" else choose(str(settings["gguf.engine"])),
        context=context or _whole(settings["gguf.context"]),
        threads=min(_whole(threads), MOST_THREADS) or max(1, len(_processors()) // 2),
        gpu_layers=-1 if settings["gguf.gpu_layers"] is None else _whole(settings["gguf.gpu_layers"]),
        cache_type=str(settings["gguf.cache_type"]),
        parallel=_whole(settings["gguf.parallel"]),
    )
    return plain if backend == "mlx" else _fitted(plain)


def _fitted(plain: Configuration) -> Configuration:
    """With a context that the model and the memory have room for."""
    facts, room = facts_of(read_header(plain.path)), headroom()
    if plain.context and plain.context < LEAST_CONTEXT:
        raise UsageError(f"a context of {plain.context} tokens is too small", hint=f"the least is {LEAST_CONTEXT}")
    if plain.parallel > MOST_PARALLEL:
        raise UsageError(f"gguf.parallel is {plain.parallel}; the most is {MOST_PARALLEL}")
    kind, parallel = plain.cache_type, plain.parallel
    usual = usual_context(facts, room.bytes, cache_type=kind, parallel=parallel)
    context = plain.context or usual or LEAST_CONTEXT
    require_room(facts, need(facts, context, cache_type=kind, parallel=parallel), room, cache_type=kind)
    return plain._replace(context=context, stamp=stamp_of(plain.path))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _processors() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return list(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def stamp_of(path: str) -> tuple[int, ...]:
    """What of a file or folder changes when it is written again: device, inode, time and size."""
    status = os.stat(path)
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


MOST_THREADS = 512
MOST_PARALLEL = 64
"""Sequences in one context; for more, as for more threads, the library aborts."""


class Workers:
    """The workers of one user of models, one for each configuration; those that nobody needs are ended."""

    def __init__(self) -> None:
        self._workers: dict[Configuration, Worker] = {}
        self._users: dict[Configuration, int] = {}
        self._starting: dict[Configuration, asyncio.Lock] = {}

    @asynccontextmanager
    async def borrowed(
        self, configuration: Configuration, *, keeps: bool, progress: Progress | None = None
    ) -> AsyncGenerator[Worker]:
        """The worker for that configuration, started where there is none; ended with its last user unless it keeps."""
        self._users[configuration] = self._users.get(configuration, 0) + 1
        try:
            yield await self._worker(configuration, progress)
        finally:
            self._users[configuration] -= 1
            if not self._users[configuration] and not keeps:
                await self._end(configuration)

    async def close(self) -> None:
        """End them all."""
        for configuration in list(self._workers):
            await self._end(configuration)

    async def _worker(self, configuration: Configuration, progress: Progress | None) -> Worker:
        async with self._starting.setdefault(configuration, asyncio.Lock()):
            worker = self._workers.get(configuration)
            if worker is None or not worker.is_alive:
                if worker:
                    await worker.close()
                try:
                    worker = await asyncio.wait_for(Worker.start(configuration, progress), LOADING_S)
                except TimeoutError:
                    raise RunnerError(f"the model was not loaded within {LOADING_S:.0f} s", kind="timeout") from None
                self._workers[configuration] = worker
            return worker

    async def _end(self, configuration: Configuration) -> None:
        self._starting.pop(configuration, None)
        self._users.pop(configuration, None)
        worker = self._workers.pop(configuration, None)
        if worker:
            await worker.close()


LOADING_S = 600.0
"""How long a model may take to load; an answer's own time begins after that."""
