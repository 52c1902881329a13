"""Try one thing after the other that asking models rests on, with real calls of the smallest size."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal, NamedTuple

from llmx.conversations.chat import Conversation
from llmx.core.backends.mock import SCRIPT
from llmx.core.calls import Calls
from llmx.core.client import LLMClient
from llmx.core.events import Done
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import user
from llmx.core.settings import Settings
from llmx.errors import LlmxError

AT_ONCE = 10
OLLAMA_S, ANSWER_S = 2.0, 60.0
"""How long Ollama may take to say whether it is up, and any model to say one word."""


class Row(NamedTuple):
    """One part, how it went, and why."""

    part: str
    status: Literal["ok", "failed", "skipped"]
    reason: str
    ms: int


class SkippedError(Exception):
    """The part cannot be tried here, for the reason given."""


class Trial(NamedTuple):
    """The settings in force, and what every call goes through."""

    settings: Settings
    calls: Calls


async def tried(trial: Trial) -> list[Row]:
    """All parts, in their order."""
    return [await _tried(part, trial) for part in PARTS]


async def _tried(part: str, trial: Trial) -> Row:
    started = time.monotonic()
    try:
        status, reason = "ok", await PARTS[part](trial)
    except SkippedError as why:
        status, reason = "skipped", str(why)
    except LlmxError as error:
        status, reason = "failed", error.message
    return Row(part, status, reason, round((time.monotonic() - started) * 1000))  # type: ignore[arg-type]


def _client(config: LLMConfig, trial: Trial) -> LLMClient:
    """A client whose answers are not kept ones, and whose mock has no script."""
    env = {name: value for name, value in os.environ.items() if name != SCRIPT}
    return LLMClient(replace(config, enable_cache=False), settings=trial.settings, calls=trial.calls, env=env)


async def _mock(trial: Trial) -> str:
    client = _client(LLMConfig(backend="mock"), trial)
    response = await client.generate("hello", system_prompt="Be brief.")
    _expect(response.mock and bool(response.content), "the mock's answer is not marked as one")
    return "it answers, and is marked as a mock"


async def _stream(trial: Trial) -> str:
    client = _client(LLMConfig(backend="mock"), trial)
    events = [event async for event in client.stream("hello")]
    _expect(isinstance(events[-1], Done), "the stream has no end")
    return f"{len(events)} events"


async def _chat(trial: Trial) -> str:
    conversation = Conversation(_client(LLMConfig(backend="mock"), trial), "Be brief.")
    for text in ("one", "two"):
        async for _ in conversation.say(user(text)):
            pass
    said = [(turn.role, turn.text) for turn in conversation.turns]
    _expect(len(said) == 4 and said[2] == ("user", "two"), "a turn is missing")
    return "two turns, each with what was said before"


async def _at_once(trial: Trial) -> str:
    client = _client(LLMConfig(backend="mock"), trial)
    answers = await asyncio.gather(*[client.generate(f"number {number}") for number in range(AT_ONCE)])
    mixed = [answer for number, answer in enumerate(answers) if not answer.content.endswith(f"number {number}")]
    _expect(not mixed, "answers went to other questions")
    return f"{AT_ONCE} calls, each with its own answer"


async def _ollama(trial: Trial) -> str:
    if trial.calls.replays:
        raise SkippedError("a cassette does not say whether Ollama is up")
    client = _client(LLMConfig(backend="ollama", timeout=ANSWER_S, max_tokens=1), trial)
    health = await client.health()
    if not health.is_up:
        raise SkippedError(health.reason)
    if not health.models:
        raise SkippedError("Ollama is up, and has no model: ollama pull qwen2.5:1.5b")
    config = LLMConfig("ollama", health.models[0], timeout=ANSWER_S, max_tokens=1)
    response = await _client(config, trial).generate("hello")
    return f"{response.model} answers"


async def _configured(trial: Trial) -> str:
    if not any(trial.settings[key] for key in ("llm.backend", "llm.model", "llm.api_base")):
        raise SkippedError("nothing is configured: llmx config set llm.model …")
    response = await _client(LLMConfig(timeout=ANSWER_S, max_tokens=1), trial).generate("hello")
    return f"{response.backend}, model {response.model} answers"


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise LlmxError(what)


PARTS: dict[str, Callable[[Trial], Awaitable[str]]] = {
    "mock": _mock,
    "stream": _stream,
    "chat": _chat,
    "at-once": _at_once,
    "ollama": _ollama,
    "configured": _configured,
}
