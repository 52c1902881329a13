"""One client over every backend: ``client = get_llm_client()``, then ``await client.generate("…")``."""

import os
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from llmx.core.access import Access, access_for
from llmx.core.backends import Backend, Health
from llmx.core.backends.endpoints import is_known
from llmx.core.backends.errors import BackendError, UnavailableError
from llmx.core.calls import Calls
from llmx.core.choice import DEFAULT_BACKEND, Asked, AtHand, Choice, Named, at_hand, named
from llmx.core.events import Answering, Event
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import Message, Parameters, Request, Tool, message, system, user
from llmx.core.plugins import load
from llmx.core.response import Response, gather
from llmx.core.settings import Settings, active
from llmx.errors import ConfigError, LlmxError

MAX_TOKENS = 512
"""How long an answer may be where nothing is said."""

LOOK_S = 1.0
"""How long a local Ollama may take to say what it has, where no model was named."""


class Answerer(NamedTuple):
    """A backend, the model that it is to run, and why."""

    backend: Backend
    choice: Choice


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
        self._asked = Asked(
            Named(self._given.backend or "", self._given.model or ""),
            agent,
            Named(str(self._settings["llm.backend"] or ""), str(self._settings["llm.model"] or "")),
            self._given.api_base or str(self._settings["llm.api_base"] or ""),
            allows_demo,
            env.get("LLMX_ALLOW_MOCK_FALLBACK") in ("1", "true"),
        )
        self._named = named(self._asked)
        self._calls = calls or Calls(self._settings, cache_dir=self.config.cache_dir, env=env)
        self._answerers: dict[int, Answerer] = {}
        self._keeps = False

    async def __aenter__(self) -> "LLMClient":
        self._keeps = True
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of connections."""
        self._keeps = False
        for answerer in self._answerers.values():
            await answerer.backend.aclose()
        self._answerers.clear()

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
        **parameters: Any,  # noqa: ANN401  # those of Parameters
    ) -> AsyncGenerator[Event]:
        """The answer, piece by piece, the first of which says who answers; to end it early, close it."""
        messages = [user(prompt)] if isinstance(prompt, str) else [message(given) for given in prompt]
        request = Request(
            "",
            tuple([system(system_prompt), *messages] if system_prompt else messages),
            tuple(tools),
            schema,
            self._parameters(parameters),
            time.monotonic() + self.config.timeout if self.config.timeout else None,
        )
        return self._ask(request)

    async def _ask(self, request: Request) -> AsyncGenerator[Event]:
        """The first that is up; another only where no event has come from those before."""
        if self._calls.replays:
            for event in self._calls.played(request, *self._wanted()):
                yield event
            return
        notices: tuple[str, ...] = ()
        at = 0
        while True:
            has_begun = False
            try:
                answerer = await self._answerer(at)
                asked = Request(answerer.choice.model, *(getattr(request, name) for name in _REST))
                who, keeps = _answering(answerer, notices), bool(self.config.enable_cache)
                async with aclosing(self._calls.stream(answerer.backend, who, asked, keeps=keeps)) as events:
                    async for event in events:
                        has_begun = True
                        yield event
                return
            except UnavailableError as error:
                if has_begun or at == len(self._fallbacks()):
                    raise
                load("llmx.core.client_trace:unavailable")(error)
            before, at = await self._choice(at), at + 1
            following = await self._choice(at)
            notices = (*notices, f"{before.backend} is not available; {following.backend} is asked instead")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""
        answerer = await self._answerer()
        deadline = time.monotonic() + self.config.timeout if self.config.timeout else None
        return await answerer.backend.embed(texts, answerer.choice.model, deadline)

    async def health(self) -> Health:
        """Whether the backend that would answer can be used, and why not; never raises."""
        try:
            return await (await self._answerer()).backend.health()
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
        settings = Settings(dict(self._settings), [], [])
        asked = self._asked
        return LLMClient(
            self._given,
            settings=settings,
            agent=asked.agent,
            allows_demo=asked.allows_demo,
            calls=self._calls,
            env=self._env,
        )

    def _parameters(self, given: Mapping[str, Any]) -> Parameters:
        config = self.config
        tokens = MAX_TOKENS if config.max_tokens is None else config.max_tokens
        own = {"temperature": config.temperature, "max_tokens": tokens, "top_p": config.top_p}
        return Parameters(**{**own, **{name: value for name, value in given.items() if value is not None}})

    async def _choice(self, at: int) -> Choice:
        """Who is asked at that place: the first, looked for where nothing was named, then the fallbacks."""
        if at == 0:
            self._named = self._named or at_hand(self._asked, await self._look())
            return self._named
        return self._fallbacks()[at - 1]

    async def _answerer(self, at: int = 0) -> Answerer:
        """The backend at that place, made when it is asked for the first time."""
        if at not in self._answerers:
            choice = await self._choice(at)
            load("llmx.core.client_trace:chosen")(choice)
            self._answerers[at] = self._opened(choice)
        return self._answerers[at]

    def _wanted(self) -> tuple[str, str]:
        """The backend and the model that were named; empty for those that were not."""
        return (self._named.backend, self._named.model) if self._named else ("", "")

    def _opened(self, choice: Choice) -> Answerer:
        given = Access(self._given.api_base or "", self._given.api_key or "")
        access = access_for(choice.backend, given, self._settings, self._env)
        backend = self._open(choice.backend, access)
        if self._keeps:
            backend.keep()
        return Answerer(backend, choice)

    def _open(self, name: str, access: Access) -> Backend:
        backend: Backend = load("llmx.core.backends.opening:open_backend")(name, access, self._env)
        return backend

    def _fallbacks(self) -> list[Choice]:
        listed = self._settings["llm.fallback"]
        words = [str(word) for word in listed] if isinstance(listed, list | tuple) else []
        choices = [named(Asked(flags=Named(word) if is_known(word) else Named("", word))) for word in words]
        if any(choice and choice.backend == "mock" for choice in choices):
            raise ConfigError("llm.fallback names mock, which never stands in for a model", key="llm.fallback")
        return [choice for choice in choices if choice]

    async def _look(self) -> AtHand:
        """What a local Ollama has, else what this machine can run by itself."""
        health = await self._open(DEFAULT_BACKEND, Access()).health(time.monotonic() + LOOK_S)
        local = () if health.models else load("llmx.core.backends.opening:local_models")(self._env)
        return AtHand(ollama=health.models, local=local)


_REST = ("messages", "tools", "schema", "parameters", "deadline")


def _answering(answerer: Answerer, notices: tuple[str, ...]) -> Answering:
    choice, backend = answerer.choice, answerer.backend
    return Answering(backend.name, choice.model, backend.is_mock, (*choice.notices, *notices))
