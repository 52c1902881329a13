"""A worker as its user has it: started, asked many things at once, and its death told as an error."""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from llmx.core.process import Launch, spawn
from llmx.core.runner import Ask, Configuration, RunnerError, heard
from llmx.core.runner.deaths import death
from llmx.errors import LlmxError

LONGEST_LINE = 64 << 20
LOG_TAIL = 8192
GRACE_S = 5.0
"""How long past a deadline a worker may be silent before it is taken for hung, and ended."""

END_S = 2.0
"""How long a worker may take to end itself; one that computes without a break is ended."""

HANDED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV")
FAMILIES = ("LC_", "CUDA_", "HIP_", "ROCR_", "GGML_", "LLAMA_", "OMP_", "MLX_", "COVERAGE_", "XDG_")
"""What a worker sees of the environment: no keys, whatever a model file may do there."""

Message = dict[str, Any]
Progress = Callable[[str, float], None]


def environment_of(env: Mapping[str, str]) -> dict[str, str]:
    """What a process with models in it sees of an environment, and where it finds this very llmx."""
    return {
        **{name: value for name, value in env.items() if name in HANDED_ON or name.startswith(FAMILIES)},
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if os.path.isabs(path)),
        "PYTHONUNBUFFERED": "1",
        "GGML_NO_BACKTRACE": "1",
    }


class Worker:
    """A process with one model in it. Made by ``start``; ``close`` ends it at once."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.facts: Message = {}
        """What the worker said of itself when it was loaded."""
        self.death: LlmxError | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the process has ended
        self._queues: dict[int, asyncio.Queue[Message]] = {0: asyncio.Queue()}
        self._last = 0
        self.pid, self._connection = self._spawn()
        self._writer: asyncio.StreamWriter
        self._reading: asyncio.Task[None]

    @classmethod
    async def start(cls, configuration: Configuration, progress: Progress | None = None) -> "Worker":
        """A worker with its model loaded; raises ``LlmxError`` with the reason where it cannot be."""
        worker = cls(configuration)
        await worker.open()
        try:
            await worker.load(configuration, progress)
        except BaseException:
            await worker.close()
            raise
        return worker

    async def open(self) -> None:
        """Begin to hear what it says."""
        reader, self._writer = await asyncio.open_connection(sock=self._connection, limit=LONGEST_LINE)
        self._reading = asyncio.create_task(self._read(reader))

    async def load(self, configuration: Configuration, progress: Progress | None = None) -> None:
        """Have it load the model; raises ``LlmxError`` with the reason where it cannot."""
        self._send({"op": "load", **configuration._asdict()})
        while "loaded" not in (message := await self._next(0)):
            if "error" in message:
                raise heard(message)
            if progress and "progress" in message:
                progress(message["progress"], message["fraction"])
        self.facts = message["loaded"]

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self.death is None

    @property
    def active(self) -> int:
        """How many questions it works on."""
        return len(self._queues) - 1

    async def ask(self, ask: Ask) -> AsyncGenerator[Message]:
        """What the model says, message by message, the last one with ``end``; closing it ends the answer.

        Raises ``RunnerError`` for what goes wrong, the worker's death included.
        """
        self._last += 1
        id = self._last
        self._queues[id] = asyncio.Queue()
        deadline = None if ask.seconds is None else asyncio.get_running_loop().time() + ask.seconds + GRACE_S
        is_over = False
        try:
            self._send({"op": "ask", "id": id, **ask._asdict()})
            while not is_over:
                message = await self._next(id, deadline)
                is_over = "end" in message or "error" in message
                if "error" in message:
                    raise heard(message)
                yield message
        finally:
            del self._queues[id]
            if not is_over and self.is_alive:
                self._send({"op": "cancel", "id": id})

    async def stats(self) -> Message:
        """Its figures now."""
        self._send({"op": "stats"})
        found: Message = (await self._next(0))["stats"]
        return found

    async def close(self) -> None:
        """End the process and everything that waits for it."""
        if self.death is None:
            self.death = RunnerError("the model was unloaded", kind="died")
            with suppress(OSError, RuntimeError):
                self._writer.write_eof()  # it ends itself where nobody can say anything to it any more
            await asyncio.wait({self._reading}, timeout=END_S)
            if not self._reading.done():
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
        await self._reading
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def _spawn(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            launch = Launch(
                sys.executable,
                [sys.executable, "-P", "-m", "llmx.core.runner.worker"],
                env=environment_of(os.environ),
                cwd="/",
                streams=(theirs.fileno(), self._log.fileno(), self._log.fileno()),
                limits=((resource.RLIMIT_CORE, 0),),
                keep=(),
            )
            try:
                return spawn(launch), ours
            except BaseException:
                ours.close()
                self._log.close()
                raise

    def _send(self, message: Message) -> None:
        if self.death is not None:
            raise self.death
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _next(self, id: int, deadline: float | None = None) -> Message:
        """The next message for that question; ends a worker that is silent past the deadline."""
        try:
            async with asyncio.timeout_at(deadline):
                message = await self._queues[id].get()
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            raise RunnerError(
                "no answer within the time limit; the model's process was ended", kind="timeout"
            ) from None
        if not message:
            self._queues[id].put_nowait(message)
            assert self.death is not None
            raise self.death
        return message

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Hand out what the worker says, until it ends; then tell everybody why."""
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                message = json.loads(line)
                queue = self._queues.get(message.pop("id", 0))
                if queue:
                    queue.put_nowait(message)
        status = await asyncio.to_thread(self._reap)
        if self.death is None:
            self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - LOG_TAIL))
            log = self._log.read().decode("utf-8", "replace")
            self.death = death(status, os.path.basename(self.configuration.path), log)
        self._log.close()
        for queue in self._queues.values():
            queue.put_nowait({})

    def _reap(self) -> int:
        """Wait for the process, which has closed its socket and is about to end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)
        try:
            return os.waitpid(self.pid, 0)[1]
        except ChildProcessError:  # somebody else has reaped it
            return 0
