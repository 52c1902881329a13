"""A backend is made with the settings of the call, also those of a file or a profile that was named for it."""

import asyncio

import pytest

from llmx.core.access import Access
from llmx.core.backends.errors import ContextOverflowError, UnavailableError
from llmx.core.backends.opening import open_backend
from llmx.core.messages import Parameters, Request, user
from llmx.core.response import gather
from llmx.core.settings.keys import defaults
from tests.core.backends.asking import free_port
from tests.core.gguf.tiny import write_tiny


def test_a_model_that_runs_here_has_them(tmp_path):
    model = write_tiny(tmp_path / "tiny.gguf")
    request = Request(f"file:{model}", (user("x" * 1000),), parameters=Parameters(max_tokens=1))
    small = open_backend("gguf", Access(), values={**defaults(), "gguf.threads": 1, "gguf.context": 256})
    with pytest.raises(ContextOverflowError, match="256"):
        asyncio.run(gather(small.stream(request)))


def test_an_endpoint_is_tried_as_often_as_they_say(caplog):
    values = {**defaults(), "llm.retry.tries": 3, "llm.retry.first": 0.0}
    backend = open_backend("vllm", Access(f"http://127.0.0.1:{free_port()}"), values=values)
    with caplog.at_level("INFO", "llmx"), pytest.raises(UnavailableError):
        asyncio.run(gather(backend.stream(Request("m", (user("x"),)))))
    assert len(caplog.records) == 2
