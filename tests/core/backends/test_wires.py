"""How one request is written in each wire format: roles, parts, tools, schema; and what only one format has."""

import asyncio
import base64
from typing import Any

import pytest

from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.http import HttpBackend
from llmx.core.backends.wires import WIRES, Shown, is_strict
from llmx.core.events import ToolCallDelta, Usage
from llmx.core.messages import (
    Image,
    Message,
    Parameters,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    system,
    user,
)
from llmx.core.plugins import load
from llmx.core.response import gather
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer, head, sse

PNG = b"\x89PNG\r\n\x1a\n"
B64 = base64.b64encode(PNG).decode()
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
ADD = Tool("add", "Add.", {"type": "object"})
TURNS = (
    system("Be brief."),
    user("look", [Image("image/png", PNG)]),
    Message("assistant", (Reasoning("hm", "sig"), Text("ok"), ToolCall("c1", "add", '{"a": 1}'))),
    Message("tool", (ToolResult("c1", "3"),)),
)
SAMPLING = Parameters(temperature=0.0, max_tokens=0, seed=0, stop=("END",))


def written(wire: str, request: Request, endpoint: str = "openai") -> dict[str, Any]:
    body: dict[str, Any] = load(WIRES[wire])().post(request, ENDPOINTS[endpoint], Shown()).body
    return body


def test_openai_chat_as_it_is_sent():
    body = written("openai-chat", Request("m", TURNS, (ADD,), SCHEMA, SAMPLING))
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    assert body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [image, {"type": "text", "text": "look"}]},
            {"role": "assistant", "content": "ok", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "3"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "seed": 0,
        "stop": ("END",),
        "max_tokens": 0,
        "tools": [
            {"type": "function", "function": {"name": "add", "description": "Add.", "parameters": {"type": "object"}}}
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    }


def test_anthropic_as_it_is_sent():
    body = written("anthropic", Request("claude", TURNS, (ADD,), None, SAMPLING))
    source = {"type": "base64", "media_type": "image/png", "data": B64}
    assert body == {
        "model": "claude",
        "max_tokens": 0,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": "look"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "sig"},
                    {"type": "text", "text": "ok"},
                    {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "3", "is_error": False}],
            },
        ],
        "stream": True,
        "temperature": 0.0,
        "stop_sequences": ("END",),
        "tools": [{"name": "add", "description": "Add.", "input_schema": {"type": "object"}}],
    }


def test_ollama_as_it_is_sent():
    body = written("ollama", Request("m", TURNS, (), SCHEMA, SAMPLING), "ollama")
    assert body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "look", "images": [B64]},
            {
                "role": "assistant",
                "content": "ok",
                "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}],
            },
            {"role": "tool", "content": "3", "tool_name": "add"},
        ],
        "stream": True,
        "options": {"num_ctx": 8192, "temperature": 0.0, "num_predict": 0, "seed": 0, "stop": ("END",)},
        "format": SCHEMA,
    }


def test_openai_responses_as_it_is_sent():
    body = written("openai-responses", Request("m", TURNS, (ADD,), SCHEMA, SAMPLING))
    assert body == {
        "model": "m",
        "instructions": "Be brief.",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": f"data:image/png;base64,{B64}"},
                    {"type": "input_text", "text": "look"},
                ],
            },
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "ok"}]},
            {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'},
            {"type": "function_call_output", "call_id": "c1", "output": "3"},
        ],
        "stream": True,
        "store": False,
        "temperature": 0.0,
        "max_output_tokens": 0,
        "tools": [
            {
                "type": "function",
                "strict": False,
                "name": "add",
                "description": "Add.",
                "parameters": {"type": "object"},
            }
        ],
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
    }


@pytest.mark.parametrize(
    ("model", "field"),
    [("gpt-4o", "max_tokens"), ("o3-mini", "max_completion_tokens"), ("openai/gpt-5", "max_completion_tokens")],
)
def test_the_length_stands_in_the_field_that_the_model_takes(model, field):
    body = written("openai-chat", Request(model, TURNS[:2], parameters=Parameters(max_tokens=5)))
    assert {name for name in body if "tokens" in name} == {field}


def test_usage_is_asked_for_only_where_that_is_allowed():
    assert "stream_options" not in written("openai-chat", Request("m", ()), "mistral")


@pytest.mark.promise("S0-61", "S2-09")
@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=list(ENDPOINTS))
def test_every_endpoint_has_a_url_a_wire_and_a_key_or_a_server_to_start(endpoint):
    wire = load(WIRES[endpoint.wire])()
    assert wire.root(endpoint.base_url).startswith("http")
    assert endpoint.is_loopback == bool(endpoint.server) == (not endpoint.variables)
    assert endpoint.is_home
    assert not endpoint._replace(base_url="https://elsewhere.test/v1").is_home


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (SCHEMA, True),
        ({**SCHEMA, "required": []}, False),
        ({**SCHEMA, "additionalProperties": True}, False),
        ({"type": "array", "items": SCHEMA}, True),
        ({"anyOf": [SCHEMA, {"type": "object", "properties": {}}]}, False),
        ({"type": "string"}, True),
    ],
)
def test_strict_is_asked_for_only_where_the_schema_is_strict(schema, strict):
    assert is_strict(schema) == strict


def answered(wire: str, body: bytes, kind: str = "text/event-stream", request: Request | None = None) -> Any:
    with ModelServer() as server:
        server.by_path = {"/api/show": recorded.SHOWN}
        server.answer([head(kind), body])
        name = next(name for name, endpoint in ENDPOINTS.items() if endpoint.wire == wire)
        backend = HttpBackend(ENDPOINTS[name]._replace(base_url=server.url), load(WIRES[wire])())
        return asyncio.run(gather(backend.stream(request or Request("m", (user("hi"),)))))


@pytest.mark.parametrize(
    ("wire", "body", "usage"),
    [
        ("openai-chat", recorded.chat(["x"]), Usage(7, 5, 2, 3)),
        ("openai-responses", recorded.responses(["x"]), Usage(7, 5, 2, 3)),
        ("anthropic", recorded.messages(["x"]), Usage(7, 5, None, 3)),
        ("ollama", recorded.ollama(["x"]), Usage(7, 5)),
        ("openai-chat", recorded.chat(["x"], usage=False), Usage()),
    ],
)
def test_usage_is_what_the_server_counted_and_unknown_is_not_zero(wire, body, usage):
    assert answered(wire, body, "application/x-ndjson" if wire == "ollama" else "text/event-stream").usage == usage


def test_reasoning_and_its_signature_are_kept_for_the_next_turn():
    response = answered("anthropic", recorded.messages_call())
    assert (response.reasoning, response.signature) == ("hm", "sig==")
    assert response.message.parts[0] == Reasoning("hm", "sig==")


def test_anthropic_answers_a_schema_by_a_tool_whose_input_is_the_answer():
    request = Request("claude", (user("hi"),), schema=SCHEMA)
    body = written("anthropic", request)
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert body["tools"][0]["input_schema"] == SCHEMA
    response = answered("anthropic", recorded.messages_call("answer"), request=request)
    assert (response.content, response.tool_calls, response.finish_reason) == ('{"a": 1, "b": 2}', (), "stop")


def test_responses_may_come_whole_only():
    item = {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}
    body = sse(
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {}},
        event=True,
    )
    response = answered("openai-responses", body)
    assert (response.content, response.finish_reason, response.usage) == ("Hello", "stop", Usage())


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_openai_servers_tell_reasoning_under_two_names(field):
    body = sse(recorded.chat_chunk({field: "hm"}), recorded.chat_chunk({"content": "x"}, "stop"))
    assert answered("openai-chat", body).reasoning == "hm"


def test_unknown_reasons_events_and_choices_are_no_error():
    odd = recorded.chat_chunk({"content": "no"})
    odd["choices"][0]["index"] = 1
    body = sse(odd, recorded.chat_chunk({"content": "x", "strange": 1}, "strange_reason"))
    response = answered("openai-chat", body)
    assert (response.content, response.finish_reason) == ("x", "unknown")
    assert ToolCallDelta(0, "", "", "").position == 0
    text = recorded.messages(["x"]).replace(b'"ping"', b'"brand_new"')
    assert answered("anthropic", text).content == "x"
