"""Parameters that nobody has asked for give way where a model does not take them; those that were asked for never."""

import asyncio

import pytest

from llmx.core.backends.errors import BadRequestError, ContextOverflowError
from llmx.core.calls import CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.settings.keys import defaults
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer, whole

KEY = "sk-proj-" + "Zq8w" * 10
USUAL = ("temperature", "top_p", "max_tokens")
USED = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 4096}
GOOD = {
    "anthropic": recorded.streamed(recorded.messages(["x"])),
    "ollama": recorded.streamed(recorded.ollama(["x"]), "application/x-ndjson"),
    "openai-responses": recorded.streamed(recorded.responses(["x"])),
}
BOTH_REFUSED = {"error": {"message": "`temperature` and `top_p` cannot both be specified for this model."}}
TOO_LONG = {"error": {"message": "max_tokens: 4096 > 2048, the output tokens of this model"}}
NO_ROOM = {"error": {"code": "context_length_exceeded", "message": "no"}}
VLLM = whole({"data": [{"id": "m", "max_model_len": 2048}]})


@pytest.fixture
def server():
    with ModelServer() as server:
        yield server


def config(server, endpoint="openai", model="m", *, usual=USUAL, **more):
    parameters = {**USED, **more}
    return LLMConfig(endpoint, model, KEY, f"{server.url}/v1", **parameters, usual=usual, enable_cache=False)


def ask(asked, prompt="hi", *, calls=None, **options):
    return asyncio.run(LLMClient(asked, calls=calls).generate(prompt, **options))


def sent(server):
    """The parameters of each call that was sent."""
    names = {"num_predict": "max_tokens", "max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens"}
    found = []
    for call in server.asked:
        if call.path.endswith(("/chat/completions", "/responses", "/messages", "/api/chat")):
            body = {**call.json, **call.json.get("options", {})}
            named = {names.get(name, name): value for name, value in body.items()}
            found.append({name: value for name, value in named.items() if name in USED})
    return found


@pytest.mark.promise("S4-06")
@pytest.mark.parametrize(
    ("endpoint", "model", "taken"),
    [
        ("openai", "gpt-4o", USUAL),
        ("groq", "openai/gpt-oss-20b", USUAL),
        ("ollama", "qwen2.5:1.5b", USUAL),
        ("openai", "gpt-5-mini", ("max_tokens",)),
        ("openai-responses", "gpt-5", ("max_tokens",)),
        ("openai", "o3", ("max_tokens",)),
        ("anthropic", "claude-3-5-haiku-latest", ("temperature", "max_tokens")),
        ("anthropic", "claude-sonnet-4-20250514", ("temperature", "max_tokens")),
        ("anthropic", "claude-haiku-4-5-20251001", ("temperature", "max_tokens")),
        ("openrouter", "anthropic/claude-sonnet-4.6", ("temperature", "max_tokens")),
        ("anthropic", "claude-opus-4-7", ("max_tokens",)),
        ("anthropic", "claude-sonnet-5", ("max_tokens",)),
        ("openrouter", "moonshotai/kimi-k2.5", ("max_tokens",)),
    ],
)
def test_a_model_is_sent_only_what_it_is_known_to_take_and_all_that_was_asked_for(server, endpoint, model, taken):
    server.answer(GOOD.get(endpoint, recorded.streamed(recorded.chat(["x"]))))
    ask(config(server, endpoint, model))
    ask(config(server, endpoint, model, usual=()))
    assert sent(server) == [{name: USED[name] for name in USED if name in taken}, USED]


@pytest.mark.promise("S4-06")
def test_the_answer_is_as_long_as_the_context_leaves_room_for_unless_a_length_was_asked_for(server):
    server.answer(recorded.streamed(recorded.chat(["x"])))
    server.by_path = {"/v1/models": VLLM, "/tokenize": whole({"tokens": [1] * 984})}
    assert ask(config(server, "vllm"), "x" * 3000).content == "x"
    assert sent(server) == [{**USED, "max_tokens": 2048 - 1000}]
    server.asked.clear()
    for options in ({"usual": ("temperature", "top_p")}, {"usual": ()}):
        with pytest.raises(ContextOverflowError, match="the answer 4096, but its context is 2048"):
            ask(config(server, "vllm", **options), "x" * 3000)
    assert sent(server) == []
    server.by_path["/tokenize"] = whole({"tokens": [1] * 2000})
    with pytest.raises(ContextOverflowError, match="the prompt has 2016 tokens"):
        ask(config(server, "vllm"), "x" * 3000)  # what is left is too short for an answer


@pytest.mark.promise("S4-06")
@pytest.mark.parametrize(
    ("refusal", "left"),
    [
        (BOTH_REFUSED, {"max_tokens": 4096}),
        (TOO_LONG, {**USED, "max_tokens": 512}),
        (NO_ROOM, {**USED, "max_tokens": 512}),
    ],
)
def test_what_a_provider_refuses_is_left_out_where_nobody_has_asked_for_it(server, refusal, left):
    refused = whole(refusal, "400 Bad Request")
    server.answer(refused, recorded.streamed(recorded.chat(["x"])), refused)
    assert ask(config(server)).content == "x"
    assert sent(server) == [USED, left]
    server.asked.clear()
    with pytest.raises(BadRequestError):
        ask(config(server, usual=()))
    assert sent(server) == [USED]


def test_what_stays_refused_is_an_error_after_one_more_try(server):
    server.answer(whole(NO_ROOM, "400 Bad Request"))
    with pytest.raises(ContextOverflowError):
        ask(config(server))
    assert [each["max_tokens"] for each in sent(server)] == [4096, 512]


def test_where_the_prompt_may_be_cut_a_usual_answer_takes_a_quarter_of_the_context(server):
    server.answer(recorded.streamed(recorded.chat(["x"])))
    server.by_path = {"/v1/models": VLLM, "/tokenize": whole({}, "404 Not Found")}
    answer = ask(config(server, "vllm"), "begin " + "x" * 9000 + " end", truncate=True)
    assert "characters were left out" in answer.notices[0]
    assert sent(server) == [{**USED, "max_tokens": 512}]
    said = server.asked[-1].json["messages"][0]["content"]
    assert (said[:6], said[-4:], 500 < len(said) < 1536) == ("begin ", " end", True)


def test_a_call_that_gave_way_is_played_as_it_was_recorded(server, tmp_path):
    server.answer(recorded.streamed(recorded.chat(["x"])))
    server.by_path = {"/v1/models": VLLM, "/tokenize": whole({"tokens": [1] * 984})}
    tape = str(tmp_path / "tape")
    first = ask(config(server, "vllm"), "x" * 3000, calls=Calls(defaults(), CallOptions(record=tape)))
    server.asked.clear()
    again = ask(config(server, "vllm"), "x" * 3000, calls=Calls(defaults(), CallOptions(replay=tape)))
    assert (again.content, server.asked) == (first.content, [])
