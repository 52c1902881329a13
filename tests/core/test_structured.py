"""Answers that must fit a JSON Schema: what counts as fitting, how often a model may try, and how it ends."""

import asyncio
import json

import pytest

from llmx.core.backends.errors import AnswerSchemaError, BadRequestError
from llmx.core.client import get_llm_client
from llmx.core.events import TextDelta
from llmx.core.llm_config import LLMConfig
from llmx.core.structured import Schema, unfenced
from llmx.errors import UsageError
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer, whole

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.fixture
def server():
    with ModelServer() as server:
        yield server


def says(*texts):
    return [recorded.streamed(recorded.chat([text])) for text in texts]


def ask(server, **options):
    client = get_llm_client(LLMConfig("openai", "m", "k" * 9, server.url))
    return asyncio.run(client.generate("Hi", schema=SCHEMA, **options))


def test_an_answer_that_fits_comes_back_as_its_json_and_the_endpoint_was_told_the_schema(server):
    server.answer(*says('```json\n{"a": 1}\n```'))
    assert ask(server).content == '{"a": 1}'
    sent = server.asked[0].json["response_format"]
    assert sent == {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}


def test_an_answer_that_does_not_fit_is_repaired_and_all_rounds_are_counted(server):
    server.answer(*says("sorry", '{"a": "x"}', '{"a": 2}'))
    response = ask(server)
    assert response.content == '{"a": 2}'
    assert response.usage.completion_tokens == 3 * 5
    rounds = [asked.json["messages"] for asked in server.asked]
    assert [len(turns) for turns in rounds] == [1, 3, 5]
    assert rounds[2][3] == {"role": "assistant", "content": '{"a": "x"}'}
    assert "$.a: 'x' is not of type 'integer'" in rounds[2][4]["content"]


def test_after_the_last_round_it_is_an_error_of_its_own_that_keeps_the_answer(server):
    server.answer(*says("one", "two", "three", '{"a": 1}'))
    with pytest.raises(AnswerSchemaError, match="after 2 repairs") as raised:
        ask(server)
    assert (raised.value.exit_code, raised.value.answer) == (7, "three")
    assert len(server.asked) == 3


@pytest.mark.parametrize(("repairs", "calls"), [("0", 1), ("1", 2)])
def test_the_settings_say_how_often(server, monkeypatch, repairs, calls):
    monkeypatch.setenv("LLMX_LLM__REPAIR", repairs)
    server.answer(*says("no"))
    with pytest.raises(AnswerSchemaError):
        ask(server)
    assert len(server.asked) == calls


def test_an_answer_cut_for_its_length_says_what_would_help(server):
    server.answer(recorded.streamed(recorded.chat(['{"a": '], "length")))
    with pytest.raises(AnswerSchemaError) as raised:
        ask(server)
    assert "--max-tokens" in str(raised.value.hint)


def test_an_endpoint_that_takes_no_schema_is_told_it_in_words(server):
    refused = whole({"error": {"message": "'response_format' of type 'json_schema' is not supported"}}, "400 Bad")
    server.answer(refused, *says('{"a": 1}'))
    assert ask(server).content == '{"a": 1}'
    body = server.asked[1].json
    assert "response_format" not in body
    assert body["messages"][0]["role"] == "system"
    assert json.dumps(SCHEMA) in body["messages"][0]["content"]


def test_any_other_refusal_stays_one(server):
    server.answer(whole({"error": {"message": "no"}}, "400 Bad Request"))
    with pytest.raises(BadRequestError, match="HTTP 400: no"):
        ask(server)
    assert len(server.asked) == 1


def test_nothing_is_said_before_it_fits(server):
    server.answer(*says("no", '{"a": 1}'))

    async def texts():
        client = get_llm_client(LLMConfig("openai", "m", "k" * 9, server.url))
        return [e.text async for e in client.stream("Hi", schema=SCHEMA) if isinstance(e, TextDelta)]

    assert asyncio.run(texts()) == ['{"a": 1}']


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('\n```\n{"a": 1}\n```\n', '{"a": 1}'),
        ("```json\n[1,\n 2]\n```", "[1,\n 2]"),
        ('<think>\nhm {\n</think>\n\n{"a": 1}', '{"a": 1}'),
        ('<think>hm</think>\n```json\n{"a": 1}\n```', '{"a": 1}'),
        ('Here: {"a": 1}', 'Here: {"a": 1}'),
        ("", ""),
    ],
)
def test_fences_and_thoughts_around_the_json_are_taken_off_and_nothing_else(text, inner):
    assert unfenced(text) == inner


def test_draft_4_schemas_are_read_as_such():
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "minimum": 1}
    assert Schema({**old, "exclusiveMinimum": True}).wrong("1")
    assert not Schema(old).wrong("1")


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"$ref": "http://127.0.0.1:9/x.json"}, {"$ref": "#/definitions/none"}]
)
def test_what_is_no_schema_or_not_all_of_one_is_refused(schema):
    with pytest.raises(UsageError, match="the schema"):
        Schema(schema).wrong("{}")
