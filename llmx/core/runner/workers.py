"""The workers of one user of models: one for each configuration, made when it is needed and ended when it is not."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from llmx.core.gguf.memory import MB, SPARE, InsufficientMemoryError
from llmx.core.runner import Configuration, RunnerError
from llmx.core.runner.opening import fitted
from llmx.core.runner.process import Progress, Worker

LOADING_S = 600.0
"""How long a model may take to load; an answer's own time begins after that."""


class Kept:
    """A worker, how many use it, and until when it is kept after that."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.users = 0
        self.keep_s = 0.0
        self.used = time.monotonic()
        self.lock = asyncio.Lock()


class Workers:
    """Where memory is short, the one that was not used for longest is ended for one that is needed."""

    def __init__(self) -> None:
        self.kept: dict[Configuration, Kept] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def borrowed(
        self, plain: Configuration, keep_s: float | None, progress: Progress | None = None
    ) -> AsyncGenerator[Worker]:
        """The worker for that configuration; kept for ``keep_s`` after its last user, None for as it was."""
        kept = self.kept.setdefault(plain, Kept())
        kept.users += 1
        try:
            yield await self._worker(plain, kept, progress)
            kept.keep_s = kept.keep_s if keep_s is None else keep_s
        finally:
            kept.users -= 1
            kept.used = time.monotonic()
            if not kept.users and (not kept.keep_s or kept.worker is None or not kept.worker.is_alive):
                await self.end(plain)
            elif not kept.users and kept.keep_s != float("inf"):
                self._later(plain, kept)

    async def end(self, plain: Configuration) -> None:
        """End one."""
        kept = self.kept.pop(plain, None)
        if kept and kept.worker:
            await kept.worker.close()

    async def close(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        for plain in list(self.kept):
            await self.end(plain)

    async def _worker(self, plain: Configuration, kept: Kept, progress: Progress | None) -> Worker:
        async with kept.lock:
            if kept.worker and kept.worker.is_alive:
                return kept.worker
            if kept.worker:
                await kept.worker.close()
                kept.worker = None
            configuration = await self._fitted(plain)
            try:
                kept.worker = await asyncio.wait_for(Worker.start(configuration, progress), LOADING_S)
            except TimeoutError:
                raise RunnerError(f"the model was not loaded within {LOADING_S:.0f} s", kind="timeout") from None
            return kept.worker

    async def _fitted(self, plain: Configuration) -> Configuration:
        """The configuration as there is room for it, when what nobody uses has made place."""
        while True:
            idle = self._idle()
            try:
                return await asyncio.to_thread(fitted, plain, wants_usual=bool(idle))
            except InsufficientMemoryError as error:
                if not idle:
                    raise
                if error.required > error.available + await self._held(idle):
                    return await asyncio.to_thread(fitted, plain)  # none is ended for what does not fit without it
                await self.end(idle[0])

    async def _held(self, found: list[Configuration]) -> int:
        """Bytes of memory that ending these would give back, at most."""
        workers = [self.kept[plain].worker for plain in found]
        living = [worker for worker in workers if worker and worker.is_alive]
        return sum([int((await worker.stats())["memory_usage_mb"] * MB) + SPARE for worker in living])

    def _idle(self) -> list[Configuration]:
        """Those that nobody uses, the one that was not used for longest first."""
        found = [plain for plain, kept in self.kept.items() if not kept.users]
        return sorted(found, key=lambda plain: self.kept[plain].used)

    def _later(self, plain: Configuration, kept: Kept) -> None:
        task = asyncio.create_task(self._expire(plain, kept))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _expire(self, plain: Configuration, kept: Kept) -> None:
        """End it where it was not used again."""
        used = kept.used
        await asyncio.sleep(kept.keep_s)
        if self.kept.get(plain) is kept and not kept.users and kept.used == used:
            await self.end(plain)
