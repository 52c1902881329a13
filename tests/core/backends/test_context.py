"""A prompt that does not fit is refused before it is sent, with the numbers, wherever the context can be known."""

import asyncio

import pytest

from llmx.core.backends.contexts import listed
from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.errors import ContextOverflowError
from llmx.core.backends.http import HttpBackend
from llmx.core.backends.wires import WIRES
from llmx.core.client import get_llm_client
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import Parameters, Request, system, user
from llmx.core.plugins import load
from llmx.core.response import gather
from tests.core.backends import recorded
from tests.core.backends.asking import KEY
from tests.core.backends.server import whole

LLAMA_SERVER = whole({"data": [{"id": "/x.gguf", "meta": {"n_ctx": 2048, "n_ctx_train": 32768}}]})
VLLM = whole({"data": [{"id": "other", "max_model_len": 9}, {"id": "m-1", "max_model_len": 2048}]})
LMSTUDIO = whole({"data": [{"id": "m-1", "loaded_context_length": 2048, "max_context_length": 9999}]})
SHOWN = whole({"model_info": {"qwen2.context_length": 2048}})


def tokens(count):
    return whole({"tokens": [1] * count})


TELLERS = [
    # endpoint, what it tells beside the call, how much it takes, and what the error says of the prompt
    ("ollama", {"/api/show": SHOWN}, 1400, "may have 2016 tokens"),
    ("llama-server", {"/v1/models": LLAMA_SERVER, "/tokenize": tokens(1900)}, 1400, "has 1916 tokens"),
    ("vllm", {"/v1/models": VLLM, "/tokenize": tokens(1900)}, 1400, "has 1916 tokens"),
    ("vllm", {"/v1/models": VLLM, "/tokenize": whole({}, "404 Not Found")}, 1400, "may have 2016 tokens"),
    ("lmstudio", {"/api/v0/models": LMSTUDIO}, 1400, "may have 2016 tokens"),
    (
        "anthropic",
        {
            "/v1/models/m-1": whole({"id": "m-1", "max_input_tokens": 200_000}),
            "/v1/messages/count_tokens": whole({"input_tokens": 199_999}),
        },
        90_000,
        "has 199999 tokens",
    ),
]
ANSWERS = {
    "ollama": recorded.streamed(recorded.ollama(["x"]), "application/x-ndjson"),
    "anthropic": recorded.streamed(recorded.messages(["x"])),
}
CALLS = ("/api/chat", "/v1/chat/completions", "/v1/messages")


def asked(server, endpoint, size, answer_tokens=512):
    base_url = server.url if endpoint in ("ollama", "anthropic") else f"{server.url}/v1"
    backend = HttpBackend(ENDPOINTS[endpoint]._replace(base_url=base_url), load(WIRES[ENDPOINTS[endpoint].wire])(), KEY)
    request = Request("m-1", (user("x" * size),), parameters=Parameters(max_tokens=answer_tokens))
    return asyncio.run(gather(backend.stream(request)))


@pytest.mark.parametrize(("endpoint", "told", "fits", "said"), TELLERS, ids=[row[0] for row in TELLERS])
def test_what_does_not_fit_is_refused_with_the_numbers_and_not_sent(server, endpoint, told, fits, said):
    server.answer(ANSWERS.get(endpoint, recorded.streamed(recorded.chat(["x"]))))
    server.by_path = told
    assert asked(server, endpoint, fits).content == "x"
    server.asked.clear()
    with pytest.raises(ContextOverflowError, match=said) as raised:
        asked(server, endpoint, 2000 if endpoint != "anthropic" else 300_000)
    assert "and the answer 512, but its context is" in raised.value.message
    assert raised.value.context in (2048, 200_000)
    assert not {call.path for call in server.asked} & set(CALLS)


def test_where_a_tokenizer_counts_fewer_tokens_than_bytes_the_prompt_is_sent(server):
    server.answer(recorded.streamed(recorded.chat(["x"])))
    server.by_path = {"/v1/models": LLAMA_SERVER, "/tokenize": tokens(500)}
    assert asked(server, "llama-server", 6000).content == "x"


@pytest.mark.parametrize(
    "list_", [whole({}, "404 Not Found"), whole({"data": "x"}), whole([1]), whole({"data": []}), whole(b"<html>")]
)
def test_a_server_that_does_not_tell_its_context_is_asked_all_the_same(server, list_):
    server.answer(recorded.streamed(recorded.chat(["x"])))
    server.by_path = {"/v1/models": list_}
    assert asked(server, "vllm", 5000).content == "x"


LISTED = ("openai", "gpt-4o", 128_000)


@pytest.mark.parametrize(
    ("words", "given", "is_sent"),
    [(127_000, 0, True), (128_000, 0, False), (128_000, 200_000, True), (2000, 2000, False), (1400, 2000, True)],
)
def test_where_no_server_tells_only_what_cannot_fit_is_refused(server, monkeypatch, words, given, is_sent):
    endpoint, model, room = LISTED
    monkeypatch.setattr("llmx.core.backends.contexts.listed", lambda _url, name: room if name == model else None)
    server.answer(recorded.streamed(recorded.chat(["x"])))
    backend = HttpBackend(
        ENDPOINTS[endpoint]._replace(base_url=server.url), load(WIRES["openai-chat"])(), KEY, context=given
    )
    request = Request(model, (user("word " * words),), parameters=Parameters(max_tokens=512))
    if is_sent:
        assert asyncio.run(gather(backend.stream(request))).content == "x"
        return
    with pytest.raises(
        ContextOverflowError, match=f"the prompt has at least {words} tokens and the answer 512"
    ) as raised:
        asyncio.run(gather(backend.stream(request)))
    assert raised.value.context == (given or room)
    assert server.asked == []


def test_the_context_of_a_known_model_is_listed_by_where_it_is_asked():
    assert listed("https://api.openai.com/v1", "gpt-4o") == 128_000
    assert listed("https://api.openai.com/v1", "never-heard-of") is None
    assert listed("http://127.0.0.1:1/v1", "gpt-4o") is None


def test_what_is_set_stands_below_what_a_server_tells(server, monkeypatch):
    monkeypatch.setenv("LLMX_LLM__CONTEXT", "1024")
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    server.answer(ANSWERS["ollama"])
    server.by_path = {"/api/show": SHOWN}
    client = get_llm_client(LLMConfig("ollama", "m-1", max_tokens=100))
    assert asyncio.run(client.generate("x" * 500)).content == "x"
    assert server.asked[-1].json["options"]["num_ctx"] == 1024
    with pytest.raises(ContextOverflowError, match="its context is 1024"):
        asyncio.run(client.generate("x" * 1500))


def test_what_surely_fits_costs_no_question(server):
    server.answer(recorded.streamed(recorded.chat(["x"])))
    asked(server, "llama-server", 100)
    assert [call.path for call in server.asked] == ["/v1/chat/completions"]


class TestTruncate:
    """``truncate`` must be asked for, and is told."""

    def test_a_prompt_is_cut_to_fit_and_the_answer_says_what_is_missing(self, server, monkeypatch):
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.answer(ANSWERS["ollama"])
        server.by_path = {"/api/show": SHOWN}
        client = get_llm_client(LLMConfig("ollama", "m-1"))
        turns = [system("rules " * 20), user("begin " + "x" * 3000 + " end"), user("the question")]
        with pytest.raises(ContextOverflowError):
            asyncio.run(client.chat(turns))
        response = asyncio.run(client.chat(turns, truncate=True))
        sent = [row["content"] for row in server.asked[-1].json["messages"]]
        assert sent[0] == turns[0].text
        assert sent[1].startswith("begin xxx")
        assert sent[1].endswith("xxx end")
        assert sent[2] == "the question"
        assert "characters were left out of message 2 (user)" in response.notices[0]

    def test_a_provider_that_only_refuses_is_asked_with_less_and_less(self, server):
        refusal = whole({"error": {"code": "context_length_exceeded", "message": "no"}}, "400 Bad Request")
        server.answer(refusal, refusal, recorded.streamed(recorded.chat(["x"])))
        client = get_llm_client(LLMConfig("openai", "m-1", KEY, server.url))
        response = asyncio.run(client.generate("x" * 100_000, truncate=True))
        sizes = [len(call.json["messages"][0]["content"]) for call in server.asked]
        assert sizes[0] > 1.9 * sizes[1] > 2 * sizes[2]
        assert len(response.notices) == 1

    def test_what_cannot_be_made_to_fit_stays_refused(self, monkeypatch, tmp_path):
        script = tmp_path / "small.jsonl"
        script.write_text('{"context": 10}\n')
        monkeypatch.setenv("LLMX_MOCK_SCRIPT", str(script))
        with pytest.raises(ContextOverflowError, match="context is 10"):
            asyncio.run(get_llm_client(LLMConfig("mock")).generate("a " * 1000, truncate=True))
