"""MLX models on a processor: through the same worker, the same backend and the same command as the others."""

import asyncio
import json
from typing import Any

import jsonschema
import pytest

from llmx.core.backends.errors import BackendError, ContextOverflowError
from llmx.core.backends.local import LocalBackend
from llmx.core.messages import Parameters, Request, Tool, user
from llmx.core.mlx.engine import open_engine
from llmx.core.response import gather
from llmx.core.runner import Configuration
from llmx.core.runner.engines import Job
from llmx.core.runner.process import Worker
from llmx.core.settings.keys import defaults
from tests.core.mlx.scripted import write_scripted
from tests.core.mlx.tiny import write_tiny
from tests.core.runner.conftest import messages, refused, text

SCHEMA = {
    "type": "object",
    "properties": {"unit": {"enum": ["c", "f"]}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["unit", "days"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder that mlx-lm loads."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """Kernels would be compiled with g++ on first use."""
    monkeypatch.setenv("MLX_DISABLE_COMPILE", "1")


@pytest.mark.promise("S3-11")
def test_it_keeps_to_what_every_engine_does(model):
    """In one worker, as its start costs seconds."""

    async def ask():
        worker = await Worker.start(Configuration(model, "mlx", 0))
        try:
            return await asked(worker)
        finally:
            await worker.close()

    async def asked(worker):
        hello = ({"role": "user", "content": "hello"},)
        first = await messages(worker, messages=hello, max_tokens=8)
        assert first == await messages(worker, messages=hello, max_tokens=8) or first[-2]["usage"]["cached"] == 0
        assert (first[-1], first[-2]["usage"]["completion"]) == ({"end": "length"}, 8)
        cold = (await messages(worker, prompt="word " * 100 + "one", max_tokens=4))[-2]["usage"]
        warm = (await messages(worker, prompt="word " * 100 + "two", max_tokens=4))[-2]["usage"]
        assert (cold["cached"], warm["prompt"] - warm["cached"] < 12) == (0, True)
        many = await asyncio.gather(*[text(worker, prompt=f"{n}", max_tokens=6) for n in range(6)])
        assert many == [await text(worker, prompt=f"{n}", max_tokens=6) for n in range(6)]
        drawn = [await text(worker, prompt="x", max_tokens=20, temperature=1.5, seed=seed) for seed in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]
        beside = [text(worker, prompt=f"{n}", max_tokens=9, temperature=1.5, seed=n) for n in range(3)]
        again = text(worker, prompt="x", max_tokens=20, temperature=1.5, seed=1)
        assert (await asyncio.gather(again, *beside))[0] == drawn[0]  # its draws are its own in any company
        for temperature in (0.0, 1.0):
            said = await text(worker, prompt="x", schema=SCHEMA, max_tokens=80, temperature=temperature, seed=3)
            jsonschema.validate(json.loads(said), SCHEMA)
        assert await text(worker, prompt="x", grammar='root ::= "yes" | "no"') in ("yes", "no")
        with refused("bad_request", "grammar"):
            await messages(worker, prompt="x", grammar="root ::= (")
        for prompt, tokens in (("x", 100_000), ("word " * 3000, 4)):
            with refused("timeout", "within the time limit"):
                await messages(worker, prompt=prompt, max_tokens=tokens, seconds=0.1)
        assert (await worker.stats())["active_sessions"] == 0

    asyncio.run(ask())


def test_the_backend_runs_it(model, monkeypatch):
    async def ask():
        backend = LocalBackend("mlx", defaults())
        request = Request(model, (user("hello"),), parameters=Parameters(temperature=0.0, max_tokens=5))
        with_tools = Request(model, (user("hi"),), (Tool("add", "", {}),), parameters=Parameters(max_tokens=5))
        backend.keep()
        try:
            assert (await backend.health()).is_up
            return await gather(backend.stream(request)), await gather(backend.stream(with_tools))
        finally:
            await backend.aclose()

    answer, with_tools = asyncio.run(ask())
    assert (answer.backend, answer.finish_reason) == ("", "length")
    assert answer.usage.completion_tokens == 5
    assert with_tools.usage.prompt_tokens > answer.usage.prompt_tokens


@pytest.mark.promise("S4-39")
def test_an_answer_ends_at_its_end_its_length_its_context_or_where_it_repeats_itself(tmp_path):
    circling = write_scripted(tmp_path / "model", ["one ", "and the same "], ends=False, context=400)

    async def asked(**parameters):
        backend = LocalBackend("mlx", {**defaults(), "gguf.stop_repetition": parameters.pop("stops", True)})
        request = Request(circling, (user("hello"),), parameters=Parameters(temperature=0.0, **parameters))
        return await gather(backend.stream(request))

    circle = asyncio.run(asked(max_tokens=300))
    assert circle.finish_reason == "stop"
    assert circle.content.count("and the same") < 10
    whole = asyncio.run(asked(max_tokens=10_000, stops=False))
    assert (whole.finish_reason, whole.usage.total_tokens) == ("length", 400)
    with pytest.raises(ContextOverflowError, match="the context has room for 400"):
        asyncio.run(gather(LocalBackend("mlx", defaults()).stream(Request(circling, (user("x" * 500),)))))


@pytest.mark.parametrize(("config", "message"), [(None, "no config.json"), ("{", "cannot be loaded")])
def test_a_folder_that_is_no_model_is_an_error_with_the_reason(tmp_path, config, message):
    if config:
        (tmp_path / "config.json").write_text(config)

    async def ask():
        return await gather(LocalBackend("mlx", defaults()).stream(Request(str(tmp_path), (user("x"),))))

    with pytest.raises(BackendError, match=message) as raised:
        asyncio.run(ask())
    assert raised.value.exit_code == 3


@pytest.mark.promise("S3-11")
def test_where_mlx_is_not_installed_it_says_what_it_needs(monkeypatch):
    monkeypatch.setattr("llmx.core.backends.local.find_spec", lambda _name: None)
    health = asyncio.run(LocalBackend("mlx", defaults()).health())
    assert (health.is_up, "pip install 'llmx-toolkit[mlx]'" in health.reason) == (False, True)


@pytest.mark.promise("S3-11")
def test_a_mac_without_apple_silicon_is_told_what_it_needs(model, monkeypatch):
    monkeypatch.setattr("llmx.core.mlx.engine.sys.platform", "darwin")  # here is no Metal, as there
    with refused("missing", "mlx needs Apple silicon") as raised:
        open_engine(Configuration(model, "mlx", 0), lambda *_: None)
    assert raised.value.exit_code == 3


def test_a_batch_that_breaks_ends_its_answers_with_the_reason_and_the_next_begins_anew(model):
    progress = []
    engine = open_engine(Configuration(model, "mlx", 0), lambda *told: progress.append(told))
    job = Job(1, "hello", 4, 0.0, 1.0, 0, None, "", deadline=float("inf"))

    def broken(*_):
        raise ValueError("no such kernel")

    def told():
        outputs: list[Any] = []
        while engine.is_busy:
            outputs += engine.step()
        return outputs

    engine.add(job)
    engine.add(job._replace(id=2))
    engine._batch.next = broken
    lost = told()
    assert [(output.id, output.end) for output in lost] == [(1, "error"), (2, "error")]
    assert all("no such kernel" in output.error.message for output in lost)
    engine.add(job._replace(id=3))
    engine.add(job._replace(id=4, prompt=""))
    engine.add(job._replace(id=5, max_tokens=0))
    ends = {output.id: output.end for output in told() if output.end}
    assert ends == {3: "length", 4: "error", 5: "length"}


def test_prompts_that_come_together_are_read_once_as_far_as_they_begin_alike(model):
    engine = open_engine(Configuration(model, "mlx", 0, parallel=4), lambda *_: None)
    beginning, other = "word " * 40, "none of it " * 20
    prompts = [f"{beginning}{number}" for number in range(3)] + [other]

    def told(*jobs):
        answers, spent = dict.fromkeys((job.id for job in jobs), b""), {}
        for job in jobs:
            engine.add(job)
        while engine.is_busy:
            for output in engine.step():
                assert not output.error
                answers[output.id] += output.data
                spent[output.id] = output.spent
        return list(answers.values()), [spent[job.id].prompt - spent[job.id].cached for job in jobs]

    jobs = [Job(number, prompt, 6, 0.0, 1.0, 0, None, "", float("inf")) for number, prompt in enumerate(prompts)]
    together, computed = told(*jobs)
    assert all(tokens < 12 for tokens in computed[:3])
    assert computed[3] > 50
    engine._kept.clear()
    assert together == [told(job)[0][0] for job in jobs]


def test_a_job_that_waits_ends_when_it_is_not_wanted_any_more(model):
    engine = open_engine(Configuration(model, "mlx", 0, parallel=1), lambda *_: None)
    job = Job(1, "word " * 60, 400, 0.0, 1.0, 0, None, "", float("inf"))
    for each in (job, job._replace(id=2), job._replace(id=3, deadline=0.0)):
        engine.add(each)
    ended: dict[int, str] = {}
    while len(ended) < 2:
        engine.cancel(2)
        ended |= {output.id: output.end for output in engine.step() if output.end}
    assert ended == {2: "cancelled", 3: "timeout"}
