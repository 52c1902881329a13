"""All wire formats against a real llama.cpp server, which speaks three of them, with a tiny model of random numbers."""

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing

import pytest

from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.errors import ContextOverflowError
from llmx.core.backends.http import HttpBackend
from llmx.core.backends.retries import Retries
from llmx.core.backends.wires import WIRES
from llmx.core.client import get_llm_client
from llmx.core.events import Done, TextDelta, Usage
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import Parameters, Request, Tool, assistant, system, user
from llmx.core.plugins import load
from llmx.core.response import gather
from llmx.core.structured import unfenced
from tests.contracts.real_server import CONTEXT
from tests.core.gguf.tiny import write_tiny

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="xllamacpp has wheels for Linux only")

SPOKEN = ["llama-server", "openai", "openai-responses", "anthropic"]
"""The endpoints whose formats it speaks; the first two differ in what is asked beside the call."""

ENDS = {"openai-responses": "stop"}
"""Where it ends otherwise than asked for: its responses are always told to be complete, also those that were cut."""

SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.gguf")


def serving(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contracts.real_server", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def address(server):
    url = server.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:"), url
    return url


@pytest.fixture(scope="module")
def url(model):
    with serving(str(model)) as server:
        yield address(server)
        server.stdin.close()


def backend(url, name):
    base = url if name == "anthropic" else f"{url}/v1"
    endpoint = ENDPOINTS[name]._replace(base_url=base)
    return HttpBackend(endpoint, load(WIRES[endpoint.wire])(), "k" * 20, Retries(tries=1))


def request(*messages, **more):
    turns = messages or (system("Be brief."), user("one"), assistant("two"), user("thrée 🌍"))
    return Request("tiny", turns, parameters=Parameters(max_tokens=8, temperature=0.0), **more)


def asked(url, name, *messages, **more):
    return asyncio.run(gather(backend(url, name).stream(request(*messages, **more))))


@pytest.mark.promise("S3-01", "S3-15")
@pytest.mark.parametrize("name", SPOKEN)
def test_a_conversation_is_answered_with_its_cost_and_its_end(url, name):
    response = asked(url, name)
    assert response.content.isprintable()
    assert response.finish_reason == ENDS.get(name, "length")
    assert response.usage.completion_tokens == 8
    assert response.usage.prompt_tokens is not None
    assert response.usage.prompt_tokens > 20


@pytest.mark.parametrize("name", SPOKEN)
def test_the_answer_comes_in_pieces(url, name):
    async def events():
        return [event async for event in backend(url, name).stream(request())]

    found = asyncio.run(events())
    assert len([event for event in found if isinstance(event, TextDelta)]) > 2
    assert isinstance(found[-2], Usage)
    assert isinstance(found[-1], Done)


def test_all_formats_say_the_same(url):
    assert len({asked(url, name).content for name in SPOKEN}) == 1


@pytest.mark.parametrize("name", ["llama-server", "openai"])
def test_an_answer_that_must_fit_a_schema_is_constrained_to_it(url, name):
    long = Parameters(max_tokens=40, temperature=0.0)
    fitting = Request("tiny", (user("hi"),), schema=SCHEMA, parameters=long)
    whole = asyncio.run(gather(backend(url, name).stream(fitting)))
    assert isinstance(json.loads(unfenced(whole.content))["a"], bool)


@pytest.mark.parametrize("name", SPOKEN)
def test_tools_can_be_offered(url, name):
    tool = Tool("add", "Add.", {"type": "object", "properties": {"a": {"type": "integer"}}})
    assert asked(url, name, user("hi"), tools=(tool,)).finish_reason in ("length", "stop", "tool_calls")


@pytest.mark.parametrize("name", SPOKEN)
def test_a_prompt_that_does_not_fit_is_one_error_whoever_notices(url, name):
    with pytest.raises(ContextOverflowError) as raised:
        asked(url, name, user("hello " * CONTEXT))
    assert str(CONTEXT) in raised.value.message
    if name == "llama-server":
        assert "the prompt has" in raised.value.message
        assert (raised.value.context, raised.value.prompt_tokens > CONTEXT) == (CONTEXT, True)


@pytest.mark.parametrize("name", ["llama-server", "openai"])
def test_truncated_on_demand_it_is_answered(url, name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    client = get_llm_client(LLMConfig(name, "tiny", "k" * 20, f"{url}/v1", max_tokens=8))
    response = asyncio.run(client.generate("hello " * CONTEXT, truncate=True))
    assert response.usage.completion_tokens == 8
    assert "left out of message 1" in response.notices[0]


def test_health_lists_its_model(url, model):
    health = asyncio.run(backend(url, "llama-server").health())
    assert (health.status, health.models) == ("up", (str(model),))


def test_closing_a_stream_frees_the_server_for_the_next(url):
    async def first_then_next():
        asked = backend(url, "openai")
        endless = Request("tiny", (user("hi"),), parameters=Parameters(max_tokens=900, temperature=0.0))
        async with aclosing(asked.stream(endless)) as stream:
            await anext(stream)
        return await gather(asked.stream(request()))

    assert asyncio.run(first_then_next()).usage.completion_tokens == 8


def test_vectors(model):
    with serving(str(model), "embeddings") as server:
        asked = backend(address(server), "llama-server")
        vectors = asyncio.run(asked.embed(["one", "two", "one"], "tiny")).vectors
        server.stdin.close()
    assert len(vectors) == 3
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-3)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-3)
