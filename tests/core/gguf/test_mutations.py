"""Two thousand damaged files: each is described or refused with a message, and none is believed to be a giant."""

import asyncio
from collections import Counter
from itertools import islice

import pytest

from llmx.cli.model_info import as_dict, fit_of, lines
from llmx.core.gguf.header import read_header
from llmx.core.gguf.model_facts import facts_of
from llmx.core.runner import Ask, RunnerError
from llmx.core.runner.opening import configuration_of, fitted
from llmx.core.runner.process import Worker
from llmx.core.settings.keys import defaults
from llmx.errors import LlmxError
from tests.core.gguf.mutations import mutations, whole

FILES = 2000
SETTINGS = {**defaults(), "gguf.threads": 1, "gguf.context": 256, "gguf.parallel": 1}


@pytest.mark.promise("S4-27")
def test_every_damaged_file_is_described_or_refused_with_a_message(tmp_path):
    path = str(tmp_path / "model.gguf")
    described = refused = 0
    for data in mutations(FILES):
        with open(path, "wb") as file:
            file.write(data)
        try:
            facts = facts_of(read_header(path))
            fit = fit_of(facts, facts.context or 256)
            assert lines(facts, fit)
            assert as_dict(facts, fit)
        except LlmxError as error:
            assert str(error)  # noqa: PT017  # what is raised is what is looked at
            refused += 1
        else:
            described += 1
    assert described + refused == FILES
    assert described > 50
    assert refused > 500


@pytest.mark.parametrize(("engine", "every"), [("llama-cpp-python", 1), ("xllamacpp", 7)])
def test_every_damaged_file_that_is_described_is_loaded_or_refused_and_kills_a_worker_at_most(engine, every, tmp_path):
    path = str(tmp_path / "model.gguf")
    settings = {**SETTINGS, "gguf.engine": engine}

    async def load(worker, plain):
        """What came of it in one word."""
        try:
            await worker.load(fitted(plain))
            async for message in worker.ask(Ask(prompt="x", max_tokens=2, seconds=20)):
                assert message
        except RunnerError as error:
            assert str(error)  # noqa: PT017  # as above
            return error.kind
        return "loaded"

    async def through():
        worker, found = None, Counter[str]()
        for data in islice(mutations(FILES), 0, None, every):
            with open(path, "wb") as file:
                file.write(data)
            try:
                plain = configuration_of("gguf", path, settings)
                fitted(plain)
            except LlmxError:
                found["refused"] += 1
                continue
            if worker is None or not worker.is_alive:
                worker = Worker(plain)
                await worker.open()
            found[await load(worker, plain)] += 1
            if not worker.is_alive:
                await worker.close()
        assert worker is not None
        await worker.close()
        return found

    found = asyncio.run(asyncio.wait_for(through(), 110))
    assert sum(found.values()) == -(-FILES // every)
    assert found["loaded"] > 20 // every, found
    assert found["load"] > 20 // every, found
    assert found["died"] < 50 // every, found


def test_the_file_that_is_damaged_is_sound(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(whole()[0])
    assert facts_of(read_header(str(path))).parameters > 20_000
