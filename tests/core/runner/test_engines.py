"""What every engine keeps to, in a worker's process, with a real model."""

import asyncio
import json
from contextlib import aclosing, suppress

import jsonschema
import pytest

from llmx.core.gguf.header import read_header
from llmx.core.gguf.memory import CACHE_TYPES, need
from llmx.core.gguf.model_facts import facts_of
from llmx.core.runner import Ask
from llmx.core.runner.process import Worker
from tests.core.gguf.scripted import write_scripted
from tests.core.gguf.tiny import write_tiny
from tests.core.runner.conftest import configuration, messages, refused, text, with_worker

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 8},
        "unit": {"enum": ["c", "f"]},
        "days": {"type": "array", "items": {"enum": [1, 2, 3]}, "maxItems": 3},
    },
    "required": ["city", "unit", "days"],
    "additionalProperties": False,
}


@pytest.mark.promise("S4-04")
def test_the_same_seed_says_the_same_and_the_number_of_tokens_is_exact(engine, tiny):
    async def ask(worker):
        first = await messages(worker, prompt="hello", max_tokens=8)
        again = await messages(worker, prompt="hello", max_tokens=8)
        drawn = [await text(worker, prompt="hello", max_tokens=30, temperature=1.5, seed=seed) for seed in (5, 5, 6)]
        return first, again, drawn

    first, again, drawn = with_worker(ask, tiny, engine)
    said = "".join(message.get("text", "") for message in first)
    assert len([message for message in first if "text" in message]) == 8
    assert said.isascii()
    assert said.isprintable()
    assert said == "".join(message.get("text", "") for message in again)
    assert first[-2]["usage"]["completion"] == 8
    assert first[-1] == {"end": "length"}
    assert drawn[0] == drawn[1] != drawn[2]


def test_both_engines_say_the_same_where_nothing_is_drawn(tiny):
    async def ask(worker):
        return await text(worker, messages=({"role": "user", "content": "hello"},), max_tokens=24)

    assert with_worker(ask, tiny, "llama-cpp-python") == with_worker(ask, tiny, "xllamacpp")


@pytest.mark.promise("S4-05")
def test_a_second_prompt_computes_only_what_is_new(engine, tiny):
    async def ask(worker):
        shared = "word " * 100
        cold = await messages(worker, prompt=f"{shared} one", max_tokens=4)
        warm = await messages(worker, prompt=f"{shared} two", max_tokens=4)
        same = await messages(worker, prompt=f"{shared} two", max_tokens=4)
        return [found[-2]["usage"] for found in (cold, warm, same)], await text(worker, prompt="two", max_tokens=9)

    (cold, warm, same), _ = with_worker(ask, tiny, engine)
    assert cold["cached"] == 0
    assert warm["prompt"] - warm["cached"] < 12
    assert same["prompt"] - same["cached"] <= 4


def test_what_is_reused_does_not_change_what_is_said(engine, tiny):
    prompts = [f"{'word ' * 60}{number}" for number in range(3)]

    async def together(worker):
        return await asyncio.gather(*[text(worker, prompt=prompt, max_tokens=12) for prompt in prompts])

    async def alone(worker):
        return [await text(worker, prompt=prompt, max_tokens=12) for prompt in prompts]

    assert with_worker(together, tiny, engine) == with_worker(alone, tiny, engine)


def test_more_are_asked_at_once_than_there_is_room_for(engine, tiny):
    async def ask(worker):
        asked = [messages(worker, prompt=f"{number} " + "word " * 80, max_tokens=40) for number in range(12)]
        return await asyncio.gather(*asked)

    found = with_worker(ask, tiny, engine, context=1024, parallel=3)
    assert [each[-2]["usage"]["completion"] for each in found] == [40] * 12
    assert {each[-1]["end"] for each in found} == {"length"}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_schema_is_kept_whatever_the_model_would_say(engine, tiny, temperature):
    async def ask(worker):
        asked = {"prompt": "x", "schema": SCHEMA, "temperature": temperature}
        return [await text(worker, **asked, seed=seed) for seed in range(3)]

    for said in with_worker(ask, tiny, engine):
        jsonschema.validate(json.loads(said), SCHEMA)


def test_a_grammar_is_kept(engine, tiny):
    async def ask(worker):
        return await text(worker, prompt="x", grammar='root ::= "yes" | "no"'), await text(
            worker, prompt="x", max_tokens=3
        )

    said, free = with_worker(ask, tiny, engine)
    assert said in ("yes", "no")
    assert free not in ("yes", "no")


def test_characters_that_are_cut_between_tokens_come_whole(engine, tmp_path):
    pieces = ["Grü", "ße ".encode()[:1], "ße ".encode()[1:], b"\xf0\x9f", b"\x8c", b"\x8d", "!"]
    model = write_scripted(tmp_path / "model.gguf", pieces)

    async def ask(worker):
        return await messages(worker, messages=({"role": "user", "content": "hi"},))

    found = with_worker(ask, model, engine)
    assert "".join(message.get("text", "") for message in found) == "Grüße 🌍!"
    assert not any("\ufffd" in message.get("text", "") for message in found)
    assert found[-1] == {"end": "stop"}


def test_an_answer_ends_where_the_context_does(engine, tiny):
    async def ask(worker):
        found = await messages(worker, prompt="hello", max_tokens=4000)
        return found, await text(worker, prompt="hello", max_tokens=4)

    found, after = with_worker(ask, tiny, engine, context=256)
    assert found[-1] == {"end": "length"}
    assert 200 < found[-2]["usage"]["completion"] <= 256
    assert len(after) >= 4


def test_what_cannot_be_asked_is_refused_and_the_worker_lives(engine, tiny):
    async def ask(worker):
        with refused("context_overflow", r"the prompt has \d+ tokens, and the context has room for 512"):
            await messages(worker, prompt="word " * 600)
        for grammar in ("root ::= (", 'x ::= "a"', 'root ::= root "a" | "b"', "", "root ::= nothing"):
            if grammar:
                with refused("bad_request", "grammar"):
                    await messages(worker, prompt="x", grammar=grammar)
        with refused("bad_request", r"chat template|grammar|parse"):
            await messages(worker, messages=({"role": "user"},))
        assert worker.is_alive
        return await messages(worker, prompt="lone \ud800 surrogate", max_tokens=4)

    assert with_worker(ask, tiny, engine, context=512)[-1] == {"end": "length"}


def test_time_that_is_up_ends_an_answer_in_its_prompt_too(engine, tmp_path):
    model = write_tiny(tmp_path / "model.gguf", context=8192)

    async def ask(worker):
        for prompt, tokens in (("x", 3000), ("word " * 900, 1)):
            with refused("timeout", "within the time limit"):
                await messages(worker, prompt=prompt, max_tokens=tokens, seconds=0.01)
        return await text(worker, prompt="x", max_tokens=4)

    assert with_worker(ask, model, engine, context=8192)


def test_a_prompt_that_nobody_waits_for_is_not_read_to_its_end(engine, tmp_path):
    model = write_tiny(tmp_path / "model.gguf", width=256, layers=4, context=65_536)

    async def ask(worker):
        stream = worker.ask(Ask(prompt="word " * 4000, max_tokens=1, temperature=0.0))
        waiting = asyncio.create_task(anext(stream))
        while not (await worker.stats())["active_sessions"]:
            await asyncio.sleep(0.01)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await stream.aclose()
        assert await text(worker, prompt="x", max_tokens=4)
        return (await worker.stats())["total_tokens_processed"]

    assert with_worker(ask, model, engine, context=65_536) < 10_000


def test_an_answer_that_nobody_waits_for_is_ended(engine, tiny):
    async def ask(worker):
        async with aclosing(worker.ask(Ask(prompt="x", max_tokens=100_000, temperature=0.0))) as stream:
            await anext(stream)
        while (await worker.stats())["active_sessions"]:
            await asyncio.sleep(0.01)
        return (await worker.stats())["total_tokens_processed"]

    assert with_worker(ask, tiny, engine, context=65_536) < 60_000


@pytest.mark.promise("S4-22")
def test_figures_are_told(engine, tiny):
    async def ask(worker):
        before = await worker.stats()
        await text(worker, prompt="hello", max_tokens=16)
        return before, await worker.stats()

    before, after = with_worker(ask, tiny, engine)
    assert (before["total_tokens_processed"], before["average_tokens_per_second"]) == (0, 0.0)
    assert after["total_tokens_processed"] >= 17
    assert after["average_tokens_per_second"] > 0
    assert after["model_size_mb"] == 0.2
    assert 10 < after["memory_usage_mb"] < 500


@pytest.mark.promise("S4-28")
def test_loading_tells_how_far_it_is(engine, tiny):
    told = []

    async def load():
        worker = await Worker.start(configuration(tiny, engine), lambda stage, done: told.append((stage, done)))
        await worker.close()

    asyncio.run(load())
    assert [stage for stage, _ in told] == sorted((stage for stage, _ in told), reverse=True)  # Loading, Initializing
    assert told[0] == ("Loading", 0.0)
    assert told[-1] == ("Initializing", 1.0)


@pytest.mark.parametrize("cache_type", sorted(CACHE_TYPES))
def test_every_type_of_cache_works_and_takes_the_memory_that_was_counted_for_it(engine, cache_type, tmp_path):
    model = write_tiny(tmp_path / "model.gguf", width=256, layers=4, context=32_768)

    async def ask(worker):
        assert len(await text(worker, prompt="hello", max_tokens=4)) >= 4
        return (await worker.stats())["memory_usage_mb"]

    plain = configuration(model, engine, context=32_768, cache_type=cache_type)
    counted = need(facts_of(read_header(model)), plain.context, cache_type=cache_type, parallel=plain.parallel)
    assert with_worker(ask, model, engine, context=32_768, cache_type=cache_type) < counted.total / 1e6 + 40
