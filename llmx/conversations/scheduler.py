"""Run agents once, or again and again: a loop each, so that one that fails does not stop the others."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from llmx.conversations.working_agent import BaseAgent
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig

INTERVAL_S = 300.0


class Outcome(NamedTuple):
    """What one turn of an agent came to: its result, or what it failed with."""

    agent: str
    result: Any = None
    error: Exception | None = None


class AgentScheduler:
    """Gives every agent the client and runs them; ``agents`` are classes of agents, or agents.

    ``told`` is called with every outcome, also of turns in the background.
    """

    def __init__(
        self,
        llm_config: LLMConfig | None = None,
        agents: Iterable[type[BaseAgent] | BaseAgent] = (),
        *,
        interval: float = INTERVAL_S,
        told: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self.llm_client = LLMClient(llm_config)
        self.interval = interval
        self.agents = [agent(self.llm_client) if isinstance(agent, type) else agent for agent in agents]
        self._told = told
        self._loops: list[asyncio.Task[None]] = []

    async def run_once(self) -> dict[str, Outcome]:
        """One turn of every agent, all at the same time; their outcomes by name."""
        outcomes = await asyncio.gather(*(self._turn(agent) for agent in self.agents))
        return {outcome.agent: outcome for outcome in outcomes}

    async def start(self) -> None:
        """Begin the loops: a turn, then a pause, until ``stop``."""
        if not self._loops:
            self._loops = [asyncio.create_task(self._loop(agent)) for agent in self.agents]

    async def wait(self) -> None:
        """Until the loops have been stopped."""
        await asyncio.gather(*self._loops)

    async def stop(self) -> None:
        """End the loops, also in the middle of a turn."""
        loops, self._loops = self._loops, []
        for loop in loops:
            loop.cancel()
        for loop in loops:
            with suppress(asyncio.CancelledError):
                await loop

    async def _loop(self, agent: BaseAgent) -> None:
        while True:
            await self._turn(agent)
            await asyncio.sleep(self.interval)

    async def _turn(self, agent: BaseAgent) -> Outcome:
        name = agent.name or type(agent).__name__
        try:
            outcome = Outcome(name, await agent.analyze())
        except Exception as error:  # whatever it is, the other agents go on
            outcome = Outcome(name, error=error)
        self._told(outcome)
        return outcome
