"""Bytes of a model become speech, thoughts and tool calls, however they are cut."""

import pytest

from llmx.core.runner import Ask
from llmx.core.runner.answering import Answer

TOOL = {"type": "function", "function": {"name": "add", "description": "", "parameters": {}}}
CALL = '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'


def said(pieces, *, prompt="", reason="stop", **ask):
    """Text, thoughts, the names of calls and the reason of the end."""
    answer = Answer(Ask(**ask), prompt)
    found = [message for piece in pieces for message in answer.take(piece)]
    if not answer.is_over:
        found += answer.end(reason)
    else:
        found += answer.end("cancelled")
    text = "".join(message.get("text", "") for message in found)
    thought = "".join(message.get("reasoning", "") for message in found)
    return text, thought, [message["call"]["name"] for message in found if "call" in message], found[-1]["end"]


def cut(text):
    """Whole, in single bytes, and in two at every place."""
    data = text.encode()
    return [[data], [bytes([byte]) for byte in data], *[[data[:at], data[at:]] for at in range(1, len(data))]]


@pytest.mark.parametrize(
    ("text", "ask", "expected"),
    [
        ("Grüße 🌍", {}, ("Grüße 🌍", "", [], "stop")),
        ("", {}, ("", "", [], "stop")),
        ("<think>hm, 1 < 2</think>\n\nYes.", {}, ("Yes.", "hm, 1 < 2", [], "stop")),
        ("<thin ice", {}, ("<thin ice", "", [], "stop")),
        ("one END two", {"stop": ("END",)}, ("one ", "", [], "stop")),
        ("one EN two", {"stop": ("END",)}, ("one EN two", "", [], "stop")),
        ("one EN", {"stop": ("END",)}, ("one EN", "", [], "stop")),
        ("a\n\nb", {"stop": ("\n\n", "b")}, ("a", "", [], "stop")),
        (f"I add.{CALL}", {"tools": (TOOL,)}, ("I add.", "", ["add"], "tool_calls")),
        (f"<think>so</think>{CALL}{CALL}", {"tools": (TOOL,)}, ("", "so", ["add", "add"], "tool_calls")),
        (CALL, {}, (CALL, "", [], "stop")),
        ('{"name": "add", "arguments": {}}', {"tools": (TOOL,)}, ("", "", ["add"], "tool_calls")),
        ('{"sum": 3}', {"tools": (TOOL,)}, ('{"sum": 3}', "", [], "stop")),
        ("1 < 2", {"tools": (TOOL,)}, ("1 < 2", "", [], "stop")),
    ],
)
def test_an_answer_is_understood_however_it_is_cut(text, ask, expected):
    for pieces in cut(text) or [[b""]]:
        assert said(pieces, **ask) == expected, pieces


def test_half_a_character_at_the_end_is_marked_and_not_lost():
    assert said(["🌍".encode()[:2]], reason="length") == ("\ufffd", "", [], "length")


def test_a_prompt_that_opens_a_thought_begins_with_one():
    assert said([b"hm</think>Yes"], prompt="<|assistant|><think>\n")[:2] == ("Yes", "hm")


def test_a_call_that_was_cut_for_its_length_says_so():
    assert said([CALL.encode()], tools=(TOOL,), reason="length")[3] == "length"


@pytest.mark.promise("S4-39")
def test_what_repeats_itself_is_ended_when_asked():
    loop = [b"the same words again. "] * 40
    text, _, _, end = said(loop, stops_repetition=True)
    assert (len(text) < 22 * 10, end) == (True, "stop")
    assert said(loop)[0] == "the same words again. " * 40
    for harmless in ("-" * 400, "".join(f"{number}, " for number in range(300)), "ab" * 4):
        assert said([harmless.encode()], stops_repetition=True)[0] == harmless
