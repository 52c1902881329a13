"""The backend that runs models itself: what a request becomes, and what goes wrong."""

import asyncio
import os

import pytest

from llmx.core.backends.errors import (
    AnswerSchemaError,
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    ContextOverflowError,
    ModelNotFoundError,
    UnavailableError,
)
from llmx.core.backends.local import LocalBackend
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import Image, Message, Parameters, Request, user
from llmx.core.response import gather
from llmx.core.settings.keys import defaults
from tests.core.gguf.scripted import write_scripted
from tests.core.gguf.tiny import write_tiny

INTEGER = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}, "required": ["n"]}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny.gguf")


def backend(**settings):
    return LocalBackend("gguf", {**defaults(), "gguf.threads": 1, **settings})


def answer(asked, model, *messages, **more):
    request = Request(f"file:{model}" if os.path.isabs(model) else model, messages or (user("hello"),), **more)
    return asyncio.run(gather(asked.stream(request)))


def test_a_request_becomes_an_answer_with_its_usage(tiny):
    found = answer(backend(), tiny, parameters=Parameters(temperature=0.0, max_tokens=5))
    assert len(found.content) >= 5
    assert found.finish_reason == "length"
    assert found.usage.completion_tokens == 5
    assert found.usage.prompt_tokens > 5
    assert found.usage.cached_tokens == 0


def test_kept_workers_answer_again_with_what_they_know(tiny):
    async def twice():
        asked = backend()
        asked.keep()
        request = Request(f"file:{tiny}", (user("word " * 50),), parameters=Parameters(max_tokens=2))
        found = [await gather(asked.stream(request)) for _ in range(2)]
        await asked.aclose()
        return found

    first, second = asyncio.run(twice())
    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens > 150


def test_bounds_of_numbers_which_a_grammar_does_not_hold_are_looked_at_after_it(tmp_path, monkeypatch):
    model = write_scripted(tmp_path / "model.gguf", ['{"n"', ": 12345}"])
    monkeypatch.setenv("LLMX_GGUF__THREADS", "1")
    monkeypatch.setenv("LLMX_LLM__REPAIR", "0")
    client = LLMClient(LLMConfig("gguf", f"file:{model}"))
    with pytest.raises(AnswerSchemaError, match="12345"):
        client.generate_sync("hello", schema=INTEGER)


@pytest.mark.parametrize(
    ("error", "match", "more"),
    [
        (ContextOverflowError, "has room for 256", {"messages": (user("word " * 400),)}),
        (BadRequestError, "pictures", {"messages": (Message("user", (Image("image/png", b""),)),)}),
        (ModelNotFoundError, "there is no file", {"model": "/nowhere.gguf"}),
        (ModelNotFoundError, "is not on this machine", {"model": "nobody"}),
        (ModelNotFoundError, "is not on this machine", {"model": "hf:org/repo"}),
    ],
)
def test_what_goes_wrong_is_an_error_of_its_kind(tiny, error, match, more):
    model, messages = more.pop("model", tiny), more.pop("messages", ())
    with pytest.raises(error, match=match) as raised:
        answer(backend(**{"gguf.context": 256}), model, *messages, **more)
    assert isinstance(raised.value, BackendError)


@pytest.mark.promise("S3-07")
def test_time_that_is_up_is_a_timeout_and_loading_does_not_count(tmp_path):
    model = write_tiny(tmp_path / "model.gguf", context=65_536)

    async def hurried():
        asked = backend(**{"gguf.context": 65_536})
        deadline = asyncio.get_running_loop().time() + 0.05
        request = Request(f"file:{model}", (user("x"),), parameters=Parameters(max_tokens=60_000), deadline=deadline)
        return await gather(asked.stream(request))

    with pytest.raises(BackendTimeoutError, match="within the time limit") as raised:
        asyncio.run(hurried())
    assert raised.value.exit_code == 124


def test_an_engine_that_is_not_installed_is_named_with_what_to_type(tiny, monkeypatch):
    monkeypatch.setattr("llmx.core.runner.engines.installed", list)
    with pytest.raises(UnavailableError, match="llama-cpp-python or xllamacpp") as raised:
        answer(backend(), tiny)
    assert "pip install 'llmx-toolkit[gguf-prebuilt]'" in str(raised.value.hint)


def test_a_folder_with_one_model_stands_for_it(tmp_path):
    write_tiny(tmp_path / "only.gguf")
    few = Parameters(max_tokens=2)
    assert answer(backend(), f"{tmp_path}/only.gguf", parameters=few).content
    request = Request(str(tmp_path), (user("x"),), parameters=few)
    assert asyncio.run(gather(backend().stream(request))).content
    write_tiny(tmp_path / "other.gguf")
    with pytest.raises(BadRequestError, match="has 2 models"):
        asyncio.run(gather(backend().stream(request)))
