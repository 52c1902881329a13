"""The parser gives back what was typed, whatever it was, and refuses with ``LlmxError`` only."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.errors import LlmxError, UsageError
from llmx.exec.argv import asks_for_json, parse
from llmx.exec.options import BY_FLAG, OPTIONS
from llmx.exec.refusal import refusal

# Any text that an argument vector can hold: no NUL, foreign bytes as surrogate escapes.
WORDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
)
NONEMPTY = WORDS.filter(bool)
LIKELY = st.sampled_from(
    [*BY_FLAG, "--", "-", "--json=full", "--timeout=5", "5", "-x", "ls", "", "--=", "=", "--json="]
)

VALUES = {
    "text": NONEMPTY.map(lambda text: (text, text)),
    "path": NONEMPTY.map(lambda text: (text, text)),
    "count": st.integers(0, 10**9).map(lambda number: (str(number), number)),
    "size": st.integers(0, 10**6).map(lambda number: (f"{number}K", number * 1024)),
    "duration": st.integers(0, 10**6).map(lambda number: (f"{number}m", number * 60.0)),
}


@st.composite
def typed_options(draw):
    """The words of one option as it may be typed, and what they mean."""
    option = draw(st.sampled_from(OPTIONS))
    flag = draw(st.sampled_from(option.flags))
    if option.kind == "flag":
        return [flag], option.dest, True
    if option.kind == "mode":
        choice = draw(st.sampled_from([*option.choices, None]))
        return [f"{flag}={choice}" if choice else flag], option.dest, choice or option.choices[0]
    text, value = draw(st.sampled_from([(c, c) for c in option.choices]) if option.choices else VALUES[option.kind])
    return draw(st.sampled_from([[f"{flag}={text}"], [flag, text]])), option.dest, value


def meant(options):
    """The values that typing ``options`` one after the other means: the last, or all of one that repeats."""
    values: dict[str, Any] = {}
    for words, dest, value in options:
        repeats = BY_FLAG[words[0].partition("=")[0]].repeats
        values[dest] = [*values.get(dest, []), value] if repeats else value
    return values


@pytest.mark.promise("S0-08")
@given(st.lists(typed_options()), st.lists(WORDS))
def test_options_then_dashes_then_words_come_out_as_they_went_in(options, command):
    line = parse([word for words, *_ in options for word in words] + ["--", *command])
    assert line.command == command
    assert line.values == meant(options)


@given(st.lists(typed_options()), WORDS.filter(lambda word: not word.startswith("-")), st.lists(WORDS | LIKELY))
def test_without_dashes_the_first_word_that_is_no_option_starts_the_command(options, first, rest):
    line = parse([word for words, *_ in options for word in words] + [first, *rest])
    assert line.command == [first, *rest]
    assert line.values == meant(options)


@given(st.lists(LIKELY | WORDS))
def test_nothing_that_can_be_typed_raises_anything_but_an_error_of_ours(words):
    try:
        line = parse(words)
    except UsageError:
        assert asks_for_json(words) in ("", "compact", "full")
    else:
        assert asks_for_json(words) == line.values.get("json", "")
        assert words[len(words) - len(line.command) :] == line.command


@given(st.lists(LIKELY | WORDS))
def test_a_refusal_of_whatever_was_typed_is_an_object_that_keeps_to_the_schema(checked, words):
    try:
        parse(words)
    except LlmxError as error:
        result = checked(refusal(words, error, 125, "compact"))
    else:
        return
    assert result["argv"] == words
    assert result["setup_error"]["code"] == "usage"


@pytest.mark.parametrize(
    "option", [option for option in OPTIONS if option.kind not in ("flag", "mode")], ids=lambda option: option.dest
)
@pytest.mark.parametrize("words", [["{flag}"], ["{flag}", ""], ["{flag}="]], ids=str)
def test_an_option_without_its_value_is_named(option, words):
    flag = option.flags[0]
    with pytest.raises(UsageError, match=flag):
        parse([word.format(flag=flag) for word in words])


def test_the_last_of_several_values_counts():
    assert parse(["--timeout", "1", "--timeout=2", "ls"]).values == {"timeout": 2.0}


def test_every_flag_stands_for_one_option():
    assert len(BY_FLAG) == sum(len(option.flags) for option in OPTIONS)
    assert len({option.dest for option in OPTIONS}) == len(OPTIONS)
    assert all(option.help.endswith(".") and option.group for option in OPTIONS)


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        (["--json", "ls"], "compact"),
        (["--json=full", "--timout", "5", "ls"], "full"),
        (["--timout", "5", "--json", "ls"], "compact"),
        (["--timeout", "soon", "--json"], "compact"),
        (["--json=pretty", "ls"], "compact"),
        (["--no-sandbox", "ls", "--json"], ""),
        (["--timeout", "5", "ls", "--json"], ""),
        (["--command", "--json"], ""),
        (["--", "--json"], ""),
        (["-", "--json"], ""),
        ([], ""),
    ],
    ids=str,
)
def test_only_a_json_before_the_command_asks_for_an_object(words, mode):
    assert asks_for_json(words) == mode
