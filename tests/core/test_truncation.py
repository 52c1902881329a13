"""What is left out of a prompt, and what stays whatever happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.messages import Message, Text, ToolCall, ToolResult, assistant, system, user
from llmx.core.truncation import KEPT, shortened, size_of

LONG = "".join(f"line {number}\n" for number in range(200))


def test_the_oldest_turn_loses_its_middle_first_and_says_how_much():
    messages = (system("rules"), user(LONG), assistant(LONG), user("the question"))
    found = shortened(messages, 500)
    assert found is not None
    shorter, notes = found
    assert shorter[0] == messages[0]
    assert shorter[2:] == messages[2:]
    text = shorter[1].text
    assert text.startswith("line 0\n")
    assert text.endswith("line 199\n")
    kept = text.partition("\n[… ")[0], text.rpartition("left out …]\n")[2]
    gone = len(LONG) - sum(map(len, kept))
    assert f"[… {gone} characters left out …]" in text
    assert notes == (f"{gone} characters were left out of message 2 (user)",)


def test_each_turn_keeps_its_ends_as_long_as_that_is_enough():
    messages = (user(LONG), assistant(LONG), user(LONG))
    found = shortened(messages, 2 * size_of(messages) // 3)
    assert found is not None
    for message in found[0]:
        assert message.text.startswith("line 0\n")
        assert message.text.endswith("line 199\n")
    assert len(found[1]) == 3


def test_where_that_is_not_enough_the_turns_before_the_last_go_but_never_the_question():
    messages = (user(LONG), assistant(LONG), user("the question"))
    found = shortened(messages, size_of(messages) - 150)
    assert found is not None
    assert "line" not in found[0][0].text
    assert len(found[0][1].text) < KEPT
    assert found[0][2] == messages[2]


@pytest.mark.parametrize("messages", [(user("short"),), (system(LONG), user("hi")), ()])
def test_what_cannot_be_shortened_enough_is_told(messages):
    assert shortened(messages, 1000) is None


def test_results_of_tools_are_shortened_and_calls_stay():
    call, result = ToolCall("1", "read", "{}"), ToolResult("1", LONG)
    found = shortened((Message("assistant", (Text("I read."), call)), Message("tool", (result,)), user("so?")), 900)
    assert found is not None
    assert call in found[0][0].parts
    part = found[0][1].parts[0]
    assert isinstance(part, ToolResult)
    assert (part.id, len(part.content) < len(LONG)) == ("1", True)


@given(
    st.lists(st.tuples(st.sampled_from([system, user, assistant]), st.text(max_size=900)), max_size=5),
    st.integers(1, 3000),
)
def test_whatever_the_texts_at_least_that_much_goes_and_the_rest_is_whole(turns, excess):
    messages = tuple(make(text) for make, text in turns)
    found = shortened(messages, excess)
    if found is None:
        return
    shorter, _ = found
    assert size_of(shorter) <= size_of(messages) - excess
    assert [message.role for message in shorter] == [message.role for message in messages]
    assert all(new == old for new, old in zip(shorter, messages, strict=True) if old.role == "system")
    assert len(shorter[-1].text) >= min(len(messages[-1].text), KEPT // 4)
