"""One client over every backend: ``client = get_llm_client()``, then ``await client.generate("…")``."""

import os
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from copy import copy
from typing import Any

from llmx.core.access import Access
from llmx.core.asking import Asking, Ways
from llmx.core.backends import Health
from llmx.core.backends.errors import BackendError
from llmx.core.calls import CallOptions, Calls
from llmx.core.choice import Asked, Named
from llmx.core.events import Answering, Event
from llmx.core.line import Line
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import Message, Parameters, Request, Tool, message, system, user
from llmx.core.plugins import load
from llmx.core.response import Embedded, Response, gather
from llmx.core.settings import Settings, active
from llmx.core.usage import Meter, Target
from llmx.errors import LlmxError

MAX_TOKENS = 512
"""How long an answer may be where nothing is said."""


def get_llm_client(config: LLMConfig | None = None) -> "LLMClient":
    """A client as the settings say, with ``config`` over them; raises ``UsageError`` for an unknown backend."""
    return LLMClient(config)


class LLMClient:
    """Asks models. In ``async with`` it keeps its connections; else it makes one for each call."""

    def __init__(
        self,
        config: LLMConfig | None = None,
        *,
        settings: Settings | None = None,
        agent: str = "",
        allows_demo: bool = False,
        calls: Calls | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        settings = settings or active(env, os.getcwd())
        self._env, self._settings = env, settings.values
        self._given = config or LLMConfig()
        self.config = self._given.over(settings.values)
        asked = Asked(
            Named(self._given.backend or "", self._given.model or ""),
            agent,
            Named(str(settings["llm.backend"] or ""), str(settings["llm.model"] or "")),
            self._given.api_base or str(settings["llm.api_base"] or ""),
            allows_demo,
            env.get("LLMX_ALLOW_MOCK_FALLBACK") in ("1", "true"),
        )
        self._asked = asked
        self._calls = calls or Calls(self._settings, cache_dir=self.config.cache_dir, env=env)
        self._line = self._new_line()

    @property
    def options(self) -> CallOptions:
        """How its calls are treated."""
        return self._calls.options

    @property
    def repairs(self) -> int:
        """How often a model may mend an answer that does not fit its schema."""
        return int(str(self._settings["llm.repair"]))

    @property
    def wanted(self) -> tuple[str, str]:
        """The backend and the model that were named; empty for those that were not."""
        return self._line.wanted

    @property
    def fallbacks(self) -> int:
        """How many others may be asked in its place."""
        return self._line.last

    def metered(self, meter: Meter) -> "LLMClient":
        """Another of the same with connections of its own, which tells ``meter`` of every call."""
        other = self._copy()
        other._calls = self._calls.varied(meter=meter)
        return other

    def sampled(self, number: int) -> "LLMClient":
        """This one, for another of several answers to the same questions."""
        other = copy(self)
        other._calls = self._calls.varied(sample=number)
        return other

    @property
    def given(self) -> LLMConfig:
        """What was asked for, before the settings."""
        return self._given

    def asking(self, config: LLMConfig) -> "LLMClient":
        """One for another model, whose calls are counted, limited and recorded with this one's."""
        other = copy(self)
        other._given, other.config = config, config.over(self._settings)
        flags = Named(config.backend or "", config.model or "")
        base_url = config.api_base or str(self._settings["llm.api_base"] or "")
        other._asked = self._asked._replace(flags=flags, base_url=base_url)
        other._line = other._new_line()
        return other

    def _new_line(self) -> Line:
        given = Access(self._given.api_base or "", self._given.api_key or "")
        return Line(self._asked, given, self._settings, self._env)

    async def __aenter__(self) -> "LLMClient":
        self._line.keep()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._line.aclose()

    async def generate(self, prompt: str, system_prompt: str | None = None, **options: Any) -> Response:  # noqa: ANN401
        """The whole answer to one prompt; ``options`` are those of ``stream``."""
        return await gather(self.stream(prompt, system_prompt, **options))

    async def chat(self, messages: Iterable[Message | Mapping[str, Any]], **options: Any) -> Response:  # noqa: ANN401
        """The whole answer to a conversation: messages, or dicts with ``role`` and ``content``."""
        return await gather(self.stream(messages, **options))

    def stream(
        self,
        prompt: str | Iterable[Message | Mapping[str, Any]],
        system_prompt: str | None = None,
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
        truncate: bool = False,
        **parameters: Any,  # noqa: ANN401  # those of Parameters
    ) -> AsyncGenerator[Event]:
        """The answer, piece by piece, the first of which says who answers; to end it early, close it.

        With a ``schema`` it comes when it fits; else ``AnswerSchemaError``. A prompt that does not fit the model's
        context is ``ContextOverflowError``, unless ``truncate`` allows to leave out the middle of the oldest turns.
        """
        request = self.request(prompt, system_prompt, tools=tools, schema=schema, **parameters)
        ways = Ways(self._line, self._calls, keeps=bool(self.config.enable_cache), truncates=truncate)
        if schema is None:
            return Asking(ways, request).events()
        fitting: AsyncGenerator[Event] = load("llmx.core.structured:fitting")(
            lambda asked: Asking(ways, asked).events(), request, self._settings["llm.repair"]
        )
        return fitting

    def request(
        self,
        prompt: str | Iterable[Message | Mapping[str, Any]],
        system_prompt: str | None = None,
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
        **parameters: Any,  # noqa: ANN401  # those of Parameters
    ) -> Request:
        """What would be asked, of whichever model."""
        messages = [user(prompt)] if isinstance(prompt, str) else [message(given) for given in prompt]
        told = tuple([system(system_prompt), *messages] if system_prompt else messages)
        return Request("", told, tuple(tools), schema, self._parameters(parameters), self._deadline())

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""
        return (await self.embedded(texts)).vectors

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        """A vector for each text, with who made them and what they cost; no other backend ever stands in."""
        made: Embedded = await load("llmx.core.embedding:embedded")(
            self._line, self._calls, texts, self._deadline(), keeps=bool(self.config.enable_cache)
        )
        return made

    async def who(self) -> Answering:
        """Who would answer."""
        backend, choice = await self._line.backend(), await self._line.choice()
        return Answering(backend.name, choice.model, backend.is_mock, choice.notices, demo=choice.is_demo)

    async def target(self) -> Target:
        """Who would be asked, and where; nothing is sent, and no key is needed."""
        return await self._line.target()

    async def targets(self) -> list[Target]:
        """The same, with those behind it that may be asked in its place."""
        return [await self._line.target(at) for at in range(self._line.last + 1)]

    async def health(self) -> Health:
        """Whether the backend that would answer can be used, and why not; never raises."""
        try:
            return await (await self._line.backend()).health()
        except BackendError as error:
            return Health(error.standing, error.message)
        except LlmxError as error:
            return Health("wrong", error.message)

    async def health_check(self) -> bool:
        """Whether the backend that would answer can be used."""
        return (await self.health()).is_up

    def generate_sync(self, prompt: str, system_prompt: str | None = None, **options: Any) -> Response:  # noqa: ANN401
        """``generate`` for code that is not asynchronous."""
        response: Response = self._blocking(lambda: self._copy().generate(prompt, system_prompt, **options))
        return response

    def chat_sync(self, messages: Iterable[Message | Mapping[str, Any]], **options: Any) -> Response:  # noqa: ANN401
        """``chat`` for code that is not asynchronous."""
        response: Response = self._blocking(lambda: self._copy().chat(messages, **options))
        return response

    def health_check_sync(self) -> bool:
        """``health_check`` for code that is not asynchronous."""
        return bool(self._blocking(lambda: self._copy().health_check()))

    def _blocking(self, work: Any) -> Any:  # noqa: ANN401  # a function that makes a coroutine, and its result
        return load("llmx.core.blocking:run")(work)

    def _copy(self) -> "LLMClient":
        """Another of the same, without this one's connections, which belong to this one's event loop."""
        other = copy(self)
        other._line = self._new_line()
        return other

    def _deadline(self) -> float | None:
        return time.monotonic() + self.config.timeout if self.config.timeout else None

    def _parameters(self, given: Mapping[str, Any]) -> Parameters:
        config = self.config
        tokens = MAX_TOKENS if config.max_tokens is None else config.max_tokens
        own = {"temperature": config.temperature, "max_tokens": tokens, "top_p": config.top_p}
        asked = {name: value for name, value in given.items() if value is not None}
        usual = tuple(name for name in config.usual if name not in asked)
        return Parameters(**{**own, "usual": usual, **asked})
