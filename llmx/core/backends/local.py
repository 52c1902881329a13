"""``gguf`` and ``mlx``: models that this machine runs itself, each in a process of its own."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from importlib.util import find_spec
from typing import Any

from llmx.core.backends import Capabilities, Embedding, Health
from llmx.core.backends.errors import (
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    ContextOverflowError,
    ModelNotFoundError,
    UnavailableError,
)
from llmx.core.events import Done, Event, FinishReason, ReasoningDelta, TextDelta, Usage
from llmx.core.messages import Message, Reasoning, Request, Text, Tool, ToolCall, ToolResult
from llmx.core.plugins import load
from llmx.core.runner import Ask, Configuration, RunnerError
from llmx.core.runner.engines import MODULES
from llmx.core.runner.finding import find
from llmx.core.runner.host_client import HostClient, HostGoneError
from llmx.core.runner.opening import configuration_of, stamp_of
from llmx.core.runner.workers import Workers
from llmx.core.settings import active
from llmx.errors import LlmxError, NotFoundError, UsageError, install_hint

EXTRAS = {"gguf": ("gguf-prebuilt", ("llama-cpp-python", "xllamacpp")), "mlx": ("mlx", ("mlx",))}
"""Backend -> the extra to install, and the engines of which one is enough."""

_KINDS: dict[str, type[BackendError]] = {
    "context_overflow": ContextOverflowError,
    "bad_request": BadRequestError,
    "timeout": BackendTimeoutError,
    "died": UnavailableError,
    "missing": UnavailableError,
}
DEFAULTS = Ask()


class LocalBackend:
    """Starts a worker for a model and asks it; ends it with the last answer, unless it is to be kept."""

    is_mock = False
    capabilities = Capabilities(images=False)

    def __init__(self, name: str, settings: Mapping[str, object], env: Mapping[str, str] = os.environ) -> None:
        self.name = name
        self._settings, self._env = settings, env
        self._workers = Workers()
        self._keeps = False
        self.find: Callable[[str, str, Mapping[str, str]], str] = find

    def identity(self, model: str) -> str | None:
        """The file, and what changes when it does."""
        try:
            path = self.find(self.name, model, self._env)
            return f"{path} {stamp_of(path)}"
        except (LlmxError, OSError):
            return None

    async def stream(self, request: Request) -> AsyncGenerator[Event]:
        """The answer, piece by piece; closing it ends the answer, and the worker where no other needs it."""
        try:
            ask = ask_of(request, self._settings)
            plain = await self._configuration(request.model)
            async with aclosing(self._asked(plain, ask)) as messages:
                async for message in messages:
                    if event := event_of(message, request.model):
                        yield event
        except BackendError:
            raise
        except LlmxError as error:
            raise self._error(error, request.model) from None

    async def _asked(self, plain: Configuration, ask: Ask) -> AsyncGenerator[dict[str, Any]]:
        """What the model says: on the host where one is there or wanted, else in a worker of this one's own."""
        wanted = float(str(self._settings["gguf.keep_alive"]))
        host = HostClient(self._env)
        if wanted:
            await host.start()
        if wanted or await host.is_there():
            has_begun = False
            try:
                async with aclosing(host.ask(plain, ask, wanted or None)) as said:
                    async for message in said:
                        has_begun = True
                        yield message
                return
            except HostGoneError:  # it may have ended itself the moment it was asked
                if has_begun:
                    raise
        async with (
            self._workers.borrowed(plain, float("inf") if self._keeps else 0.0) as worker,
            aclosing(worker.ask(ask)) as said,
        ):
            async for message in said:
                yield message

    async def _configuration(self, model: str) -> Configuration:
        """Looking for files may wait for a slow disk."""
        return await asyncio.to_thread(
            lambda: configuration_of(self.name, self.find(self.name, model, self._env), self._settings)
        )

    def _error(self, error: LlmxError, model: str) -> BackendError:
        kind = _KINDS.get(error.kind, BackendError) if isinstance(error, RunnerError) else BackendError
        if isinstance(error, NotFoundError):
            kind = ModelNotFoundError
        elif isinstance(error, UsageError):
            kind = BadRequestError
        made = kind(f"{self.name}: {error.message}", hint=error.hint, backend=self.name, model=model)
        made.is_passing = isinstance(error, RunnerError) and error.kind == "died"
        return made

    async def embed(self, texts: Sequence[str], model: str, deadline: float | None = None) -> Embedding:
        """Vectors are not made here."""
        raise BadRequestError(f"{self.name}: no embeddings are made by this backend", backend=self.name)

    async def health(self, deadline: float | None = None) -> Health:
        """Whether an engine is installed; the models are those that have been pulled."""
        extra, engines = EXTRAS[self.name]
        found = [engine for engine in engines if find_spec(MODULES[engine])]
        if not found:
            return Health("down", f"{self.name} needs {' or '.join(engines)}: {install_hint(extra)}")
        models = load("llmx.core.backends.opening:local_models")(self._env)
        own = tuple(ref.model for ref in models if ref.backend == self.name)
        return Health("up", f"{' and '.join(found)} can run models here", own)

    async def memory_mb(self) -> float:
        """What the models that are loaded for this backend use: its own workers', else the host's."""
        own = [kept.worker for kept in self._workers.kept.values() if kept.worker]
        rows = [await worker.stats() for worker in own] or await HostClient(self._env).status()
        return sum(float(row["memory_usage_mb"]) for row in rows)

    def keep(self) -> None:
        """Keep workers between calls from now on."""
        self._keeps = True

    async def aclose(self) -> None:
        """End the workers."""
        self._keeps = False
        await self._workers.close()


def make_gguf(env: Mapping[str, str] = os.environ, values: Mapping[str, object] | None = None) -> LocalBackend:
    """The backend for GGUF files, with these settings or those in force."""
    return LocalBackend("gguf", values or active(env, os.getcwd()).values, env)


def make_mlx(env: Mapping[str, str] = os.environ, values: Mapping[str, object] | None = None) -> LocalBackend:
    """The backend for MLX models, with these settings or those in force."""
    return LocalBackend("mlx", values or active(env, os.getcwd()).values, env)


def ask_of(request: Request, settings: Mapping[str, object]) -> Ask:
    """The request as a worker takes it; raises ``BadRequestError`` for a picture."""
    given = request.parameters
    return Ask(
        messages=tuple(row for message in request.messages for row in rows_of(message)),
        tools=tuple(tool_of(tool) for tool in request.tools),
        schema=dict(request.schema) if request.schema is not None else None,
        max_tokens=DEFAULTS.max_tokens if given.max_tokens is None else given.max_tokens,
        temperature=DEFAULTS.temperature if given.temperature is None else given.temperature,
        top_p=DEFAULTS.top_p if given.top_p is None else given.top_p,
        seed=given.seed,
        stop=given.stop,
        stops_repetition=bool(settings["gguf.stop_repetition"]),
        seconds=request.remaining,
    )


def rows_of(message: Message) -> list[dict[str, Any]]:
    """A turn as chat templates have it; each result of a tool is a row of its own."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    if results:
        return [{"role": "tool", "content": result.content, "tool_call_id": result.id} for result in results]
    unknown = [part for part in message.parts if not isinstance(part, Text | ToolCall | Reasoning)]
    if unknown:
        raise BadRequestError("models that run here cannot look at pictures yet")
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    row: dict[str, Any] = {"role": message.role, "content": message.text}
    if calls:
        row["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments_of(call)}}
            for call in calls
        ]
    return [row]


def arguments_of(call: ToolCall) -> Any:  # noqa: ANN401  # JSON
    """Templates write the arguments as JSON themselves; text that is none stays as the model wrote it."""
    try:
        return json.loads(call.arguments or "{}")
    except ValueError:
        return call.arguments


def tool_of(tool: Tool) -> dict[str, Any]:
    """A tool as chat templates have it."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


_ENDS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}


def event_of(message: dict[str, Any], model: str) -> Event | None:
    """What a worker said, as an event."""
    match message:
        case {"text": text}:
            return TextDelta(text)
        case {"reasoning": text}:
            return ReasoningDelta(text)
        case {"call": call}:
            return ToolCall(**call)
        case {"usage": spent}:
            return Usage(spent["prompt"], spent["completion"], cached_tokens=spent["cached"])
        case {"end": reason}:
            return Done(_ENDS.get(reason, "unknown"), model)
    return None
