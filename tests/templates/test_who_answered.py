"""A result says which weights have spoken, as far as whoever ran them tells it."""

import asyncio

from llmx.core.calls import CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.response import gather
from llmx.core.settings.keys import defaults
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer, sse, whole
from tests.templates.conftest import perform
from tests.templates.test_metering import ASK

TAGS = whole({"models": [{"name": "m-1:latest", "digest": "ab" * 32}]})
SIGNED = recorded.chat_chunk({"content": "yes"}, "stop", system_fingerprint="fp_1")


def asked(backend, url, model, *, cache=False, **options):
    config = LLMConfig(backend, model, "k" * 20, url, temperature=0.0, enable_cache=cache)
    return LLMClient(config, calls=Calls(defaults(), CallOptions(**options)))


def test_a_model_of_ollamas_has_its_digest_as_long_as_it_is_the_one_that_answered(own, alone):
    name = own(ASK, ask_j2="n?")
    found = []
    with ModelServer() as server:
        server.answer(recorded.streamed(recorded.ollama(["yes"]), "application/x-ndjson"))
        server.by_path = {"/api/tags": TAGS, "/api/show": recorded.SHOWN}
        for _ in range(2):  # the second answer is a kept one
            result = perform(name, client=asked("ollama", server.url, "m-1", cache=True))
            (who,) = result.provenance["models"]
            found.append((who["digest"], who["why_no_digest"], who["endpoint"]))
    kept = "the answer was kept, and what is there now may be another model"
    assert found == [(f"sha256:{'ab' * 32}", None, server.url), (None, kept, server.url)]


def test_what_a_provider_tells_its_models_apart_by_is_kept_also_on_a_cassette(own, alone, tmp_path):
    name, tape = own(ASK, ask_j2="n?"), str(tmp_path / "tape")
    with ModelServer() as server:
        server.answer(recorded.streamed(sse(SIGNED)), recorded.streamed(recorded.chat(["yes"])))
        first = perform(name, client=asked("openai", server.url, "gpt-4o", record=tape))
        plain = perform(name, client=asked("openai", server.url, "gpt-4o"))
    again = perform(name, client=asked("openai", "", "gpt-4o", replay=tape))
    told = [result.provenance["models"][0] for result in (first, plain, again)]
    assert [each["fingerprint"] for each in told] == ["fp_1", None, "fp_1"]
    none = "openai tells no digest of its models"
    assert [each["why_no_digest"] for each in told[:2]] == [f"{none}; its fingerprint is told", none]
    assert perform(name).provenance["models"][0]["why_no_digest"] == "a mock has no weights"


def test_an_answer_says_it_too():
    with ModelServer() as server:
        server.answer(recorded.streamed(sse(SIGNED)))
        answer = asyncio.run(gather(asked("openai", server.url, "gpt-4o").stream("hi")))
    assert answer.as_dict()["fingerprint"] == "fp_1"
