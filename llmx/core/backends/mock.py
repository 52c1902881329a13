"""``mock``: answers without a model, always marked as such. Deterministic, and scripted from a file where one is given.

A script has one JSON object a line, one for each call, in turn and from the start again after the last::

    {"text": "Hello"}                                            words come one by one
    {"events": [{"text": "Hel"}, {"delay": 0.1}, {"reasoning": "hm"}, {"tool": "add", "arguments": {"a": 1}}]}
    {"error": "rate_limited", "message": "slow down", "retry_after": 2}
    {"when": "weather", "text": "Rain"}                          only for a prompt with that text in it

    {"context": 4096}                                            no call: what has more words than that does not fit

``finish_reason`` and ``usage`` may stand beside ``text`` and ``events``; an ``error`` may be one of the events.
"""

import asyncio
import hashlib
import json
import os
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any

from llmx.core.backends import Capabilities, Embedding, Health
from llmx.core.backends.errors import (
    AnswerError,
    AuthError,
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    ContextOverflowError,
    ModelNotFoundError,
    QuotaError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from llmx.core.events import Done, Event, FinishReason, ReasoningDelta, TextDelta, Usage
from llmx.core.messages import Request, ToolCall
from llmx.errors import ConfigError, nearest

ERRORS: dict[str, type[BackendError]] = {
    "answer": AnswerError,
    "auth": AuthError,
    "bad_request": BadRequestError,
    "context_overflow": ContextOverflowError,
    "model_not_found": ModelNotFoundError,
    "quota": QuotaError,
    "rate_limited": RateLimitedError,
    "refused": RefusedError,
    "timeout": BackendTimeoutError,
    "unavailable": UnavailableError,
}
STEPS = ("text", "reasoning", "tool", "delay", "error")
ENTRIES = ("text", "events", "error", "context")
SCRIPT = "LLMX_MOCK_SCRIPT"
"""The variable that names the script."""


class Mock:
    """Says what its script says, else that it is a mock and how the prompt begins."""

    name = "mock"
    is_mock = True
    capabilities = Capabilities(embeddings=True)

    def __init__(self, script: Sequence[Mapping[str, Any]] = ()) -> None:
        self._script = [entry for entry in script if "context" not in entry]
        self._context = next((int(entry["context"]) for entry in script if "context" in entry), None)
        self._calls = 0

    def identity(self, model: str) -> str | None:
        """A script has another answer each time."""
        return None if self._script else ""

    async def stream(self, request: Request) -> AsyncGenerator[Event]:
        """The next answer of the script, piece by piece."""
        prompt = sum(len(message.text.split()) for message in request.messages)
        self._check(request, prompt)
        entry = self._next(request)
        text = ""
        called = 0
        for step in _steps(entry):
            match step:
                case {"delay": seconds}:
                    await _sleep(float(seconds), request)
                case {"error": kind}:
                    raise error(str(kind), step)
                case {"reasoning": thought}:
                    yield ReasoningDelta(str(thought))
                case {"tool": name}:
                    yield ToolCall(f"call_{called}", str(name), json.dumps(step.get("arguments", {})))
                    called += 1
                case {"text": piece}:
                    text += piece
                    yield TextDelta(piece)
        counts = entry.get("usage") or {"prompt_tokens": prompt, "completion_tokens": len(text.split())}
        yield Usage(**counts)
        reason: FinishReason = "tool_calls" if called else "stop"
        yield Done(entry.get("finish_reason", reason), request.model)

    def _check(self, request: Request, prompt: int) -> None:
        """Refuse a prompt that does not fit the context of the script; its tokens are words."""
        answer = request.parameters.max_tokens or 0
        if self._context is None or prompt + answer <= self._context:
            return
        found = ContextOverflowError(
            f"mock: the prompt has {prompt} tokens and the answer {answer}, but its context is {self._context}",
            hint="shorten the prompt, let --truncate do it, or ask for fewer --max-tokens",
            backend="mock",
            model=request.model,
        )
        found.prompt_tokens, found.context = prompt, self._context
        raise found

    def _next(self, request: Request) -> Mapping[str, Any]:
        prompt = request.messages[-1].text if request.messages else ""
        entries = [entry for entry in self._script if str(entry.get("when", "")) in prompt]
        if not entries:
            return {"text": f"Mock response to: {prompt[:50]}{'...' if len(prompt) > 50 else ''}"}
        self._calls += 1
        return entries[(self._calls - 1) % len(entries)]

    async def embed(self, texts: Sequence[str], model: str, deadline: float | None = None) -> Embedding:
        """Eight numbers from a hash of each text: the same text always has the same."""
        made = [[byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:8]] for text in texts]
        return Embedding(made, Usage(sum(len(text.split()) for text in texts), 0))

    async def health(self, deadline: float | None = None) -> Health:
        """It is always there."""
        return Health("up", "mock: it makes its answers up, without any model", ("mock",))

    def keep(self) -> None:
        """There is nothing to keep."""

    async def aclose(self) -> None:
        """There is nothing to close."""


def make_mock(env: Mapping[str, str] = os.environ, _values: object = None) -> Mock:
    """The mock with the script that ``LLMX_MOCK_SCRIPT`` names, if any; raises ``ConfigError`` for a wrong one."""
    path = env.get(SCRIPT)
    return Mock(list(read_script(path)) if path else ())


def read_script(path: str) -> Iterator[dict[str, Any]]:
    """The entries of a script; raises ``ConfigError`` with the line of the first that is wrong."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError(f"{SCRIPT}: {path} cannot be read: {wrong}", source=SCRIPT) from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _entry(line, f"{path}:{number}")


def _entry(line: str, place: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as wrong:
        raise ConfigError(f"{place}: this is no JSON: {wrong}", source=place) from None
    if not isinstance(entry, dict) or sum(key in entry for key in ENTRIES) != 1:
        raise ConfigError(f"{place}: an answer is an object with one of {', '.join(ENTRIES)}", source=place)
    for step in entry.get("events", [entry] if "context" not in entry else []):
        if not isinstance(step, dict) or not any(key in step for key in STEPS):
            raise ConfigError(f"{place}: an event is an object with one of {', '.join(STEPS)}", source=place)
        if "error" in step and step["error"] not in ERRORS:
            near = nearest(str(step["error"]), ERRORS)
            hint = f"did you mean {near}?" if near else f"the errors are {', '.join(ERRORS)}"
            raise ConfigError(f"{place}: there is no error {step['error']!r}", source=place, hint=hint)
    return entry


def _steps(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if "text" in entry:
        return [{"text": word} for word in re.findall(r"\s*\S+\s*", entry["text"]) or [entry["text"]] if word]
    return entry.get("events") or [entry]


def error(kind: str, told: Mapping[str, Any]) -> BackendError:
    """The error that a script asks for."""
    return ERRORS[kind](f"mock: {told.get('message', kind)}", backend="mock", retry_after=told.get("retry_after"))


async def _sleep(seconds: float, request: Request) -> None:
    """Wait as the script says, at most until the deadline."""
    remaining = request.remaining
    if remaining is not None and remaining <= seconds:
        started = time.monotonic()
        await asyncio.sleep(max(0.0, remaining))
        waited = time.monotonic() - started
        raise BackendTimeoutError(
            f"mock: no whole answer within the time limit; given up after {waited:.1f} s", backend="mock"
        )
    await asyncio.sleep(seconds)
