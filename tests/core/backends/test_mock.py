"""The mock and its script."""

import asyncio
import time

import pytest

from llmx.core.backends.errors import BackendError, BackendTimeoutError
from llmx.core.backends.mock import ERRORS, make_mock
from llmx.core.messages import Request, ToolCall, user
from llmx.core.response import gather
from llmx.errors import ConfigError


@pytest.fixture
def mock(tmp_path):
    """A mock with these lines as its script."""

    def made(*lines):
        path = tmp_path / "script.jsonl"
        path.write_text("\n".join(lines))
        return make_mock({"LLMX_MOCK_SCRIPT": str(path)})

    return made


def ask(mock, prompt="hi", within=None):
    deadline = None if within is None else time.monotonic() + within
    return asyncio.run(gather(mock.stream(Request("m", (user(prompt),), deadline=deadline))))


@pytest.mark.promise("S3-13")
def test_without_a_script_it_says_how_the_prompt_begins():
    assert ask(make_mock({})).content == "Mock response to: hi"
    assert ask(make_mock({}), "x" * 60).content == f"Mock response to: {'x' * 50}..."


def test_answers_come_in_turn_and_from_the_start_again(mock):
    scripted = mock('{"text": "one  and\\ntwo"}', "", '{"text": ""}')
    assert [ask(scripted).content for _ in range(3)] == ["one  and\ntwo", "", "one  and\ntwo"]


def test_an_answer_may_be_for_one_prompt_only(mock):
    scripted = mock('{"when": "weather", "text": "Rain"}')
    assert ask(scripted, "how is the weather?").content == "Rain"
    assert ask(scripted, "hi").content == "Mock response to: hi"


def test_events_errors_usage_and_the_end_are_as_scripted(mock):
    scripted = mock(
        '{"events": [{"reasoning": "hm"}, {"text": "a"}, {"tool": "add", "arguments": {"a": 1}}], '
        '"usage": {"prompt_tokens": 3}}',
        '{"events": [{"text": "a"}, {"error": "rate_limited", "message": "slow", "retry_after": 2}]}',
        '{"text": "a", "finish_reason": "length"}',
    )
    response = ask(scripted)
    assert (response.reasoning, response.content, response.finish_reason) == ("hm", "a", "tool_calls")
    assert response.tool_calls == (ToolCall("call_0", "add", '{"a": 1}'),)
    assert (response.usage.prompt_tokens, response.tokens_used) == (3, None)
    with pytest.raises(ERRORS["rate_limited"], match="slow") as raised:
        ask(scripted)
    assert raised.value.retry_after == 2
    assert ask(scripted).finish_reason == "length"


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_of_a_backend_can_be_scripted(mock, kind):
    with pytest.raises(BackendError) as raised:
        ask(mock(f'{{"error": "{kind}"}}'))
    assert type(raised.value) is ERRORS[kind]


def test_a_delay_ends_with_the_deadline(mock):
    started = time.monotonic()
    with pytest.raises(BackendTimeoutError):
        ask(mock('{"events": [{"delay": 60}]}'), within=0.05)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "no JSON"),
        ("[]", "one of text, events, error"),
        ('{"txt": "x"}', "one of text, events, error"),
        ('{"text": "x", "error": "auth"}', "one of text, events, error"),
        ('{"events": [1]}', "one of text, reasoning"),
        ('{"events": [{}]}', "one of text, reasoning"),
        ('{"error": "rate_limit"}', "no error 'rate_limit'"),
    ],
)
def test_a_wrong_script_is_told_by_its_line(mock, line, said):
    with pytest.raises(ConfigError, match=said) as raised:
        mock('{"text": "x"}', line)
    assert "script.jsonl:2" in raised.value.message


def test_a_script_that_is_not_there_is_told():
    with pytest.raises(ConfigError, match="cannot be read"):
        make_mock({"LLMX_MOCK_SCRIPT": "/nowhere/x"})
