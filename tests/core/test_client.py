"""The client of the library: who answers, with which URL and key, and what it says about the answer."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import time

import pytest

from llmx.core.access import Access
from llmx.core.backends.errors import AuthError, BackendTimeoutError, BadRequestError, UnavailableError
from llmx.core.client import LLMClient, get_llm_client
from llmx.core.events import Answering, Done, TextDelta
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import Message, Text, assistant, system, user
from llmx.core.response import Response
from llmx.errors import ConfigError, InconclusiveError, UsageError
from tests.core.backends import recorded
from tests.core.backends.server import HANG, ModelServer, whole

GOOD = recorded.streamed(recorded.chat(["Hello"]))
KEY = "sk-proj-" + "Zq8w" * 10
PROVIDERS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY", "OLLAMA_HOST", "HF_TOKEN")


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    for name in PROVIDERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server():
    with ModelServer() as server:
        server.answer(GOOD)
        yield server


def generate(config=None, prompt="Hi", **options):
    return asyncio.run(get_llm_client(config).generate(prompt, **options))


@pytest.mark.promise("S3-13")
def test_the_mock_says_the_same_each_time_and_that_it_is_one():
    first, second = (generate(LLMConfig(backend="mock", enable_cache=False)) for _ in range(2))
    assert first == second
    assert first.mock
    assert (first.backend, first.model, first.finish_reason) == ("mock", "mock", "stop")
    assert first.tokens_used == first.usage.total_tokens


@pytest.mark.promise("S3-04", "S3-06", "S3-16")
def test_the_request_carries_model_roles_and_parameters_as_given(server):
    config = LLMConfig("openai", "gpt-4", KEY, server.url, temperature=0.0, top_p=0.9, max_tokens=7)
    turns: list[Message | dict[str, str]] = [{"role": "user", "content": "a"}, assistant("b"), user("c")]
    asyncio.run(get_llm_client(config).chat(turns))
    body = server.asked[0].json
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("gpt-4", 0.0, 0.9, 7)
    assert [(row["role"], row["content"]) for row in body["messages"]] == [
        *(("user", "a"), ("assistant", "b"), ("user", "c")),
    ]
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.promise("S4-08")
@pytest.mark.parametrize(("given", "roles"), [("Be brief.", ["system", "user"]), ("", ["user"]), (None, ["user"])])
def test_a_system_prompt_is_sent_only_where_there_is_one(server, given, roles):
    generate(LLMConfig("openai", "m", KEY, server.url), system_prompt=given)
    assert [row["role"] for row in server.asked[0].json["messages"]] == roles


@pytest.mark.promise("S3-02")
@pytest.mark.parametrize(
    ("variable", "value", "sent"),
    [
        ("LLM_MODEL", "m-2", {"model": "m-2"}),
        ("LLM_TEMPERATURE", "0", {"temperature": 0.0}),
        ("LLM_MAX_TOKENS", "9", {"max_tokens": 9}),
        ("LLM_TOP_P", "0.5", {"top_p": 0.5}),
        ("LLMX_LLM__TEMPERATURE", "0.25", {"temperature": 0.25}),
    ],
)
def test_each_variable_reaches_the_wire(server, monkeypatch, variable, value, sent):
    monkeypatch.setenv("LLM_BACKEND", "remote")
    monkeypatch.setenv("LLM_API_BASE", server.url)
    monkeypatch.setenv("LLM_API_KEY", KEY)
    monkeypatch.setenv("LLM_MODEL", "m-1")
    monkeypatch.setenv(variable, value)
    assert generate().content == "Hello"
    assert server.asked[0].json.items() >= sent.items()
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_what_is_unset_is_not_sent_but_for_the_length(server):
    generate(LLMConfig("openai", "m", KEY, server.url))
    body = server.asked[0].json
    assert body["max_tokens"] == 512
    assert not {"temperature", "top_p", "seed", "stop"} & set(body)
    generate(LLMConfig("openai", "m", KEY, server.url), temperature=0.5, max_tokens=3)
    assert (server.asked[1].json["temperature"], server.asked[1].json["max_tokens"]) == (0.5, 3)


@pytest.mark.promise("S3-12")
def test_remote_speaks_to_anthropic_in_its_own_format(server):
    server.answer(recorded.streamed(recorded.messages(["Hello"])))
    response = generate(LLMConfig("remote", "claude-3-opus", KEY, f"{server.url}/v1"))
    assert (response.content, response.backend) == ("Hello", "anthropic")
    asked = server.asked[0]
    assert (asked.path, asked.headers["x-api-key"]) == ("/v1/messages", KEY)
    assert asked.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.promise("S2-11")
def test_a_missing_key_is_told_with_the_variable_and_nothing_is_sent():
    with pytest.raises(AuthError, match="there is none in GROQ_API_KEY") as raised:
        generate(LLMConfig("groq", "x"))
    assert raised.value.exit_code == 3
    health = asyncio.run(get_llm_client(LLMConfig("groq", "x")).health())
    assert (health.status, health.is_up) == ("unauthorized", False)


@pytest.mark.promise("S3-17")
def test_a_health_check_is_true_or_false_and_never_an_exception(server):
    server.answer(recorded.MODELS)
    assert asyncio.run(get_llm_client(LLMConfig("openai", "m", KEY, server.url)).health_check())
    server.answer(whole({}, "401 Unauthorized"))
    assert not get_llm_client(LLMConfig("openai", "m", KEY, server.url)).health_check_sync()
    assert not asyncio.run(get_llm_client(LLMConfig("vllm", "x", api_base="http://127.0.0.1:9")).health_check())


@pytest.mark.promise("S3-20")
def test_an_unknown_backend_is_refused_at_once_and_a_mock_only_where_allowed(monkeypatch):
    monkeypatch.setenv("LLM_BACKEND", "olama")
    with pytest.raises(UsageError, match="no backend 'olama'"):
        get_llm_client()
    monkeypatch.setenv("LLMX_ALLOW_MOCK_FALLBACK", "1")
    for _ in range(2):
        response = generate()
        assert response.mock
        assert "LLMX_ALLOW_MOCK_FALLBACK" in response.notices[0]


def test_a_configured_backend_that_is_down_is_an_error_and_never_replaced(monkeypatch):
    monkeypatch.setenv("LLM_BACKEND", "ollama")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("LLMX_ALLOW_MOCK_FALLBACK", "1")
    monkeypatch.setenv("LLM_TIMEOUT", "1")
    with pytest.raises(UnavailableError) as raised:
        generate()
    assert raised.value.exit_code == 3


def test_where_nothing_is_configured_a_running_ollama_is_looked_for(server, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    server.by_path = {"/api/show": recorded.SHOWN, "/api/tags": whole({"models": [{"name": "tiny"}]})}
    server.answer(recorded.streamed(recorded.ollama(["Hello"]), "application/x-ndjson"))
    response = generate()
    assert (response.content, response.backend) == ("Hello", "ollama")
    assert server.asked[-1].json["model"] == "tiny"
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    with pytest.raises(InconclusiveError, match="no model is configured"):
        generate()


class TestFallback:
    def settings(self, monkeypatch, server, *others):
        monkeypatch.setenv("LLM_BACKEND", "vllm")
        monkeypatch.setenv("LLM_MODEL", "m-1")
        monkeypatch.setenv("LLM_API_BASE", "http://127.0.0.1:9")
        monkeypatch.setenv("LLMX_LLM__FALLBACK", ",".join(others))
        monkeypatch.setenv("LLMX_LLM__RETRY__FIRST", "0.01")
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.by_path = {"/api/show": recorded.SHOWN}
        server.answer(recorded.streamed(recorded.ollama(["Hello"]), "application/x-ndjson"))

    @pytest.mark.promise("S3-32")
    def test_another_answers_where_the_first_is_not_available_and_the_answer_says_so(self, monkeypatch, server):
        self.settings(monkeypatch, server, "lmstudio/x", "ollama/tiny")
        response = generate()
        assert (response.content, response.backend, response.model) == ("Hello", "ollama", "m-1")
        assert response.notices == (
            "vllm is not available; lmstudio is asked instead",
            "lmstudio is not available; ollama is asked instead",
        )

    def test_only_where_it_is_not_available(self, monkeypatch, server):
        self.settings(monkeypatch, server, "ollama/tiny")
        with ModelServer() as first:
            first.answer(whole({}, "400 Bad Request"))
            monkeypatch.setenv("LLM_API_BASE", first.url)
            with pytest.raises(BadRequestError, match="rejects the request"):
                generate()
        assert server.asked == []

    def test_the_mock_never_stands_in(self, monkeypatch, server):
        self.settings(monkeypatch, server, "mock")
        with pytest.raises(ConfigError, match="mock"):
            generate()


class TestKeysGoNowhereElse:
    """A key is sent to the endpoint that it was given for."""

    def sent(self, server, config):
        server.answer(GOOD)
        generate(config)
        return server.asked[-1].headers.get("authorization")

    def test_the_providers_variable_is_not_sent_to_another_host(self, server, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert self.sent(server, LLMConfig("openai", "m", api_base=server.url)) is None

    def test_the_settings_key_is_not_sent_to_another_endpoint_or_url(self, server, monkeypatch):
        monkeypatch.setenv("LLM_BACKEND", "openai")
        monkeypatch.setenv("LLM_API_KEY", KEY)
        monkeypatch.setenv("LLM_ENABLE_CACHE", "false")
        assert self.sent(server, LLMConfig("vllm", "m", api_base=server.url)) is None
        assert self.sent(server, LLMConfig("openai", "m", api_base=server.url)) is None
        assert self.sent(server, LLMConfig("openai", "m", "env:LLM_API_KEY", server.url)) == f"Bearer {KEY}"

    @pytest.mark.parametrize("bad", ["a b", "a\nb", "schlüssel", " "])
    def test_what_is_no_key_is_refused_without_showing_it(self, server, bad):
        with pytest.raises(ConfigError) as raised:
            generate(LLMConfig("openai", "m", bad, server.url))
        assert bad.strip() == "" or bad not in raised.value.message
        assert server.asked == []

    def test_no_text_form_of_a_config_or_client_shows_it(self):
        config = LLMConfig("openai", "m", KEY)
        client = LLMClient(config)
        assert KEY not in repr(config) + str(client) + repr(client.config) + repr(Access("", KEY))


@pytest.mark.promise("S3-14")
def test_the_sync_wrappers_work_without_and_within_a_running_loop(server):
    client = get_llm_client(LLMConfig("openai", "m", KEY, server.url))
    assert client.generate_sync("Hi").content == "Hello"

    async def within():
        async with client:
            return [client.chat_sync([user("Hi")]).content, (await client.generate("Hi")).content]

    assert asyncio.run(within()) == ["Hello", "Hello"]


@pytest.mark.promise("S3-14")
def test_many_calls_run_at_once(monkeypatch, tmp_path):
    script = tmp_path / "slow.jsonl"
    script.write_text('{"events": [{"delay": 0.3}, {"text": "x"}]}\n')
    monkeypatch.setenv("LLMX_MOCK_SCRIPT", str(script))

    async def many():
        client = get_llm_client(LLMConfig(backend="mock"))
        return await asyncio.gather(*[client.generate("Hi") for _ in range(100)])

    started = time.monotonic()
    assert [response.content for response in asyncio.run(many())] == ["x"] * 100
    assert time.monotonic() - started < 15  # one after the other they take 30 s


@pytest.mark.promise("S3-07")
def test_the_timeout_is_over_all_of_a_call(server):
    server.answer([HANG])
    with pytest.raises(BackendTimeoutError):
        generate(LLMConfig("openai", "m", KEY, server.url, timeout=0.2))
    assert server.left.wait(5)


def test_a_stream_begins_with_who_answers_and_ends_with_why_it_ended(server):
    async def events():
        return [event async for event in get_llm_client(LLMConfig("openai", "m", KEY, server.url)).stream("Hi")]

    found = asyncio.run(events())
    assert found[0] == Answering("openai", "m")
    assert found[1] == TextDelta("Hello")
    assert isinstance(found[-1], Done)


def test_connections_are_kept_within_async_with(server):
    server.answer(whole(recorded.chat(["Hello"]), kind="text/event-stream"))

    async def thrice():
        async with get_llm_client(LLMConfig("openai", "m", KEY, server.url)) as client:
            return [(await client.generate("Hi")).content for _ in range(3)]

    assert asyncio.run(thrice()) == ["Hello"] * 3


def test_vectors(server):
    server.answer(recorded.VECTORS)
    client = get_llm_client(LLMConfig("openai", "m", KEY, server.url))
    assert asyncio.run(client.embed(["a", "b"])) == [[1.0, 0.5], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 2.1),
        ("temperature", "0.7"),
        ("max_tokens", 0),
        ("top_p", -0.1),
        ("timeout", -1),
        ("top_p", True),
    ],
)
def test_a_config_that_cannot_be_meant_is_refused(field, value):
    with pytest.raises(ConfigError, match=f"{field}="):
        LLMConfig(**{field: value})


@pytest.mark.parametrize(
    "given", [{"role": "sytem", "content": "x"}, {"role": "user"}, {"role": "user", "content": [1]}]
)
def test_what_is_no_message_is_refused(given):
    with pytest.raises(UsageError):
        asyncio.run(get_llm_client(LLMConfig(backend="mock")).chat([given]))


def test_an_answer_goes_on_as_a_message():
    response = Response("yes", "m", "mock", "stop")
    assert response.message == assistant("yes")
    assert system("x") == Message("system", (Text("x"),))
    assert json.loads(json.dumps(response.as_dict()))["mock"] is False
    assert dataclasses.replace(response, cached=True).cached


def test_importing_the_client_imports_nothing_heavy():
    code = "import sys; import llmx.core.client; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert not {"httpx", "asyncio", "logging", "rich", "pydantic", "jsonschema", "ssl"} & set(done.stdout.split())
