"""The calls in what models of all families write."""

import json

import pytest

from llmx.core.runner.tool_calls import MARKS, parse_calls

TOOLS = ("get_weather", "add")
WEATHER = {"city": "Rome", "days": 2}


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("hermes", '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome", "days": 2}}\n</tool_call>'),
        ("hermes, cut", '<tool_call>{"name": "get_weather", "arguments": {"city": "Rome", "days": 2}}'),
        ("hermes, text", '<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Rome\\", \\"days\\": 2}"}'),
        (
            "qwen coder",
            "<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n<parameter=days>\n2\n</parameter>"
            "\n</function>\n</tool_call>",
        ),
        ("qwen coder, bare", "<function=get_weather>\n<parameter=city>Rome</parameter><parameter=days>2</parameter>"),
        ("llama 3", '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Rome", "days": 2}}<|eom_id|>'),
        ("llama 3, bare", '{"name": "get_weather", "parameters": {"city": "Rome", "days": 2}}'),
        ("llama 3, functions", '<function=get_weather>{"city": "Rome", "days": 2}</function>'),
        ("mistral", '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Rome", "days": 2}}]'),
        ("mistral, newer", '[TOOL_CALLS]get_weather[ARGS]{"city": "Rome", "days": 2}'),
        ("mistral, with an id", '[TOOL_CALLS]get_weather[CALL_ID]a1b2c3d4e[ARGS]{"city": "Rome", "days": 2}'),
        ("openai", '{"function": {"name": "get_weather", "arguments": {"city": "Rome", "days": 2}}}'),
        ("fenced", '```json\n{"name": "get_weather", "arguments": {"city": "Rome", "days": 2}}\n```'),
    ],
)
def test_a_call_is_found(family, text):
    calls, rest = parse_calls(text, TOOLS)
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [("get_weather", WEATHER)], family
    assert rest == ""


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "add", "arguments": {}}</tool_call>\n<tool_call>{"name": "add"}</tool_call>',
        '[TOOL_CALLS][{"name": "add", "arguments": {}}, {"name": "add", "arguments": {}}]',
        "[TOOL_CALLS]add[ARGS]{}[TOOL_CALLS]add[ARGS]{}",
        '{"name": "add", "parameters": {}}; {"name": "add", "parameters": {}}',
        "<function=add></function>\n<function=add></function>",
    ],
)
def test_several_calls_are_found_in_their_order(text):
    calls, _ = parse_calls(text, TOOLS)
    assert [call[:] for call in calls] == [("add", "{}")] * 2
    assert len({call.as_dict()["id"] for call in calls}) == 2


@pytest.mark.parametrize(
    "text",
    [
        '{"city": "Rome"}',
        '{"name": "Rome", "arguments": {}}',
        "[1, 2, 3]",
        "{not json",
        "[" * 100_000,
        "<tool_call>not json</tool_call>",
        "[TOOL_CALLS]add[ARGS]not json",
        *MARKS,
    ],
)
def test_what_is_no_call_stays_text(text):
    assert parse_calls(text, TOOLS) == ([], text)


def test_what_stands_around_calls_is_kept():
    text = '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>\nThat is all.'
    calls, rest = parse_calls(text, TOOLS)
    assert (calls[0].name, rest) == ("add", "That is all.")


def test_a_parameter_is_json_where_it_is_some_and_else_text():
    _ = "<function=add><parameter=a>1</parameter><parameter=b>1 a</parameter><parameter=c>null</parameter></function>"
    assert json.loads(parse_calls(_, TOOLS)[0][0].arguments) == {"a": 1, "b": "1 a", "c": None}
