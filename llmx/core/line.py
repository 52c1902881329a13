"""Who is asked, in turn: the chosen backend, then those of ``llm.fallback``; each is opened when its turn comes."""

import time
from collections.abc import Mapping

from llmx.core.access import Access, access_for
from llmx.core.backends import Backend
from llmx.core.backends.endpoints import is_known
from llmx.core.choice import DEFAULT_BACKEND, Asked, AtHand, Choice, Named, at_hand, named
from llmx.core.plugins import load
from llmx.core.usage import Target
from llmx.errors import ConfigError

LOOK_S = 1.0
"""How long a local Ollama may take to say what it has, where no model was named."""


class Line:
    """The backends of one client; place 0 is the one that was asked for, or found where nothing was asked for."""

    def __init__(self, asked: Asked, given: Access, values: Mapping[str, object], env: Mapping[str, str]) -> None:
        self._asked = asked
        self._given = given
        self._values = values
        self._env = env
        self._named = named(asked)
        self._fallbacks = fallbacks(values["llm.fallback"])
        self._open: dict[int, Backend] = {}
        self._keeps = False

    @property
    def last(self) -> int:
        """The place of the last in line."""
        return len(self._fallbacks)

    @property
    def wanted(self) -> tuple[str, str]:
        """The backend and the model that were named; empty for those that were not."""
        return (self._named.backend, self._named.model) if self._named else ("", "")

    async def choice(self, at: int = 0) -> Choice:
        """Who is asked at that place, and why."""
        if at > 0:
            return self._fallbacks[at - 1]
        if self._named is None:
            self._named = at_hand(self._asked, await self._look())
        elif not self._open and self._named.backend == "gguf":
            self._named = load("llmx.core.backends.opening:settled")(self._named, self._env)
        return self._named

    async def backend(self, at: int = 0) -> Backend:
        """The backend at that place; raises ``BackendError`` where it cannot even be tried."""
        if at not in self._open:
            choice = await self.choice(at)
            load("llmx.core.client_trace:chosen")(choice)
            access = access_for(choice.backend, self._given, self._values, self._env)
            self._open[at] = self._opened(choice.backend, access)
            if self._keeps:
                self._open[at].keep()
        return self._open[at]

    async def target(self, at: int = 0) -> Target:
        """Who is asked at that place, and where; nothing is sent, and no key is needed."""
        choice = await self.choice(at)
        access = access_for(choice.backend, self._given, self._values, self._env)
        url = load("llmx.core.backends.opening:url_of")(choice.backend, access, self._env)
        return Target(choice.backend, str(url), choice.model)

    def keep(self) -> None:
        """Keep connections from now on."""
        self._keeps = True

    async def aclose(self) -> None:
        """Let go of all that is open."""
        self._keeps = False
        for backend in self._open.values():
            await backend.aclose()
        self._open.clear()

    def _opened(self, name: str, access: Access) -> Backend:
        backend: Backend = load("llmx.core.backends.opening:open_backend")(name, access, self._env, self._values)
        return backend

    async def _look(self) -> AtHand:
        """What a local Ollama has, else what this machine can run by itself."""
        health = await self._opened(DEFAULT_BACKEND, Access()).health(time.monotonic() + LOOK_S)
        local = () if health.models else load("llmx.core.backends.opening:local_models")(self._env)
        demo = load("llmx.core.demo:demo")() if self._asked.allows_demo and not (health.models or local) else None
        return AtHand(ollama=health.models, local=local, demo=demo)


def fallbacks(listed: object) -> tuple[Choice, ...]:
    """Those that ``llm.fallback`` lists; raises ``ConfigError`` for the mock."""
    words = [str(word) for word in listed] if isinstance(listed, list | tuple) else []
    choices = [named(Asked(flags=Named(word) if is_known(word) else Named("", word))) for word in words]
    if any(choice and choice.backend == "mock" for choice in choices):
        raise ConfigError("llm.fallback names mock, which never stands in for a model", key="llm.fallback")
    return tuple(choice for choice in choices if choice)
