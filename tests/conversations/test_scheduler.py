"""Agents in Python, run by the scheduler on the mock."""

import asyncio
from typing import cast

import pytest

from llmx import AgentScheduler, BaseAgent
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig

MOCK = LLMConfig(backend="mock")


class Asks(BaseAgent):
    async def analyze(self):
        return await self.use_llm("Should we match?", context={"offer": "10kg tomatoes"})


class Fails(BaseAgent):
    async def analyze(self):
        raise RuntimeError("no")


class Counts(BaseAgent):
    def __init__(self, llm_client=None):
        super().__init__(llm_client)
        self.turns = 0
        self.thrice = asyncio.Event()

    async def analyze(self):
        self.turns += 1
        if self.turns == 3:
            self.thrice.set()


class Recorder:
    """Stands where a client does and keeps what it is asked."""

    async def generate(self, prompt, system_prompt=None):
        return prompt, system_prompt


@pytest.mark.promise("S3-26")
def test_one_failing_agent_does_not_stop_the_others():
    outcomes = asyncio.run(AgentScheduler(MOCK, [Fails, Asks]).run_once())
    assert str(outcomes["Fails"].error) == "no"
    assert outcomes["Asks"].error is None
    assert outcomes["Asks"].result.mock


@pytest.mark.promise("S3-26")
def test_the_loops_go_on_until_they_are_stopped():
    async def run():
        counts = Counts()
        scheduler = AgentScheduler(MOCK, [Fails, counts], interval=0)
        await scheduler.start()
        await counts.thrice.wait()
        await scheduler.stop()
        seen = counts.turns
        for _ in range(20):
            await asyncio.sleep(0)
        return seen, counts.turns

    seen, after = asyncio.run(run())
    assert seen == after >= 3


def test_the_pause_is_five_minutes_where_nothing_is_said():
    assert AgentScheduler(MOCK).interval == 300


@pytest.mark.promise("S3-27")
def test_context_is_json_in_the_system_message():
    class Named(Asks):
        system = "Be brief."

    prompt, system = asyncio.run(Named(cast(LLMClient, Recorder())).analyze())
    assert prompt == "Should we match?"
    assert system == 'Be brief.\n\nContext:\n{"offer": "10kg tomatoes"}'


@pytest.mark.promise("S3-27")
def test_a_failure_is_raised_and_no_empty_answer(monkeypatch):
    monkeypatch.setenv("LLMX_LLM__RETRY__FIRST", "0.01")
    client = LLMClient(LLMConfig(backend="ollama", model="m", api_base="http://127.0.0.1:9", timeout=20))
    with pytest.raises(Exception, match=r"127\.0\.0\.1:9"):
        asyncio.run(Asks(client).analyze())
