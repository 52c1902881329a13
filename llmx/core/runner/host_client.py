"""Ask the model host: as a worker is asked, but the model is warm and others use it too."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from typing import Any

from llmx.core.runner import Ask, Configuration, RunnerError, heard
from llmx.core.runner.host_place import LONGEST_LINE, log_of, socket_of
from llmx.core.runner.process import environment_of

STARTING_S = 30.0
RETRY_S = 0.05
STARTS_ONE = "llmx model load REF starts one"
STAYS_S = 10.0
"""How long a host stays without a model and without anybody asking."""

Message = dict[str, Any]
Progress = Callable[[str, float], None]


class HostGoneError(RunnerError):
    """The model host ended before it had answered."""

    def __init__(self, message: str = "the model host is gone", *, hint: str | None = None) -> None:
        super().__init__(message, kind="died", hint=hint)


class HostClient:
    """The host of this user; each request is a connection of its own."""

    def __init__(self, env: Mapping[str, str] = os.environ, *, stays_s: float = STAYS_S) -> None:
        self._env, self._stays_s = env, stays_s

    async def is_there(self) -> bool:
        """Whether one answers; where its folder cannot even be made there is none."""
        try:
            _, writer = await asyncio.open_unix_connection(socket_of(self._env))
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    async def start(self) -> None:
        """Start one where none answers; raises ``RunnerError`` where none comes up."""
        deadline = time.monotonic() + STARTING_S
        while not await self.is_there():  # another may be starting one, or one may be about to end
            if time.monotonic() > deadline:
                raise RunnerError(f"no model host came up within {STARTING_S:.0f} s", kind="died")
            if not await asyncio.to_thread(self._start):
                await asyncio.sleep(RETRY_S)

    def _start(self) -> bool:
        """Whether it is this one that answers now; False where another holds the place."""
        command = [sys.executable, "-P", "-m", "llmx.core.runner.host", str(self._stays_s)]
        with open(log_of(self._env), "wb") as log:
            host = subprocess.Popen(  # it outlives this process: nobody waits for it
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                env=environment_of(self._env),
                start_new_session=True,
            )
        assert host.stdout is not None
        with host.stdout:
            said = host.stdout.readline()
        if said == b"ready\n":
            host.returncode = 0  # it goes on by itself, which is no oversight
            return True
        host.wait(STARTING_S)
        if host.returncode:
            with open(log_of(self._env), encoding="utf-8", errors="replace") as log_text:
                last = log_text.read().strip().rpartition("\n")[2]
            raise RunnerError(f"the model host does not start: {last or host.returncode}", kind="died")
        return False

    async def load(self, plain: Configuration, keep_s: float | None, progress: Progress | None = None) -> Message:
        """Load a model; raises ``LlmxError`` with the reason where it cannot be."""
        request = {"op": "load", "configuration": plain, "keep_s": _finite(keep_s)}
        async for message in self._asked(request):
            if "loaded" in message:
                return dict(message["loaded"])
            if progress and "progress" in message:
                progress(message["progress"], message["fraction"])
        raise HostGoneError(hint=STARTS_ONE)

    async def ask(self, plain: Configuration, ask: Ask, keep_s: float | None = None) -> AsyncGenerator[Message]:
        """What the model says, up to its ``end``."""
        request = {"op": "ask", "configuration": plain, "keep_s": _finite(keep_s), "ask": ask}
        is_over = False
        async for message in self._asked(request):
            if "progress" not in message:
                is_over = "end" in message
                yield message
        if not is_over:
            raise HostGoneError(hint=STARTS_ONE)

    async def unload(self, path: str = "") -> list[str]:
        """Unload the models of that file, or all; which they were."""
        return [path async for message in self._asked({"op": "unload", "path": path}) for path in message["unloaded"]]

    async def status(self) -> list[Message]:
        """What is loaded, with its figures; nothing where there is no host."""
        if not await self.is_there():
            return []
        return [row async for message in self._asked({"op": "status"}) for row in message["status"]]

    async def _asked(self, request: Message) -> AsyncGenerator[Message]:
        try:
            reader, writer = await asyncio.open_unix_connection(socket_of(self._env), limit=LONGEST_LINE)
        except OSError:
            raise HostGoneError("no model host is running", hint=STARTS_ONE) from None
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            while line := await reader.readline():
                message = json.loads(line)
                if "error" in message:
                    raise heard(message)
                yield message
        except OSError:
            raise HostGoneError(hint=STARTS_ONE) from None
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _finite(keep_s: float | None) -> float | None:
    """JSON has no infinity; a century is as good."""
    return None if keep_s is None else min(keep_s, 3.2e9)
