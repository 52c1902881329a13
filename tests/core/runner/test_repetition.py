"""When an answer counts as one that says the same over and over: a text of 10 to 100 characters, three times."""

import random
import string

import pytest

from llmx.core.runner.repetition import EVERY, LONGEST, SHORTEST, TIMES, WINDOW, Repetition


def distinct(length):
    """A text of which no shorter one is a part several times."""
    return "".join(random.Random(length).sample(string.printable[:94] * 2, length))


def is_noticed(text, step):
    seen = Repetition()
    return any(seen.take(text[at : at + step]) for at in range(0, len(text), step))


@pytest.mark.promise("S4-39")
@pytest.mark.parametrize("step", [1, 7, 400])
@pytest.mark.parametrize(
    ("length", "times", "expected"),
    [
        (SHORTEST, 4 + EVERY // SHORTEST, True),
        (37, 4, True),
        (LONGEST, 4, True),
        (LONGEST, 2, False),
        (LONGEST + 1, 9, False),
        (60, 2, False),
    ],
)
def test_a_text_is_noticed_from_its_third_time_on(length, times, expected, step):
    assert (SHORTEST, LONGEST, TIMES, WINDOW) == (10, 100, 3, 1000)
    assert is_noticed("Something else before. " + distinct(length) * times, step) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-" * 80 + "\n", False), ("=" * 900, False), ("a" * 1100, True), ("ab" * 40, True), ("ha " * 30, True)],
)
def test_a_rule_is_none_and_one_letter_for_ever_is(text, expected):
    assert is_noticed(text, 4) is expected


def test_what_was_said_once_long_before_is_none():
    unit = distinct(80)
    assert not is_noticed(unit + distinct(94) * 2 + unit + "".join(chr(0x400 + n) for n in range(WINDOW)) + unit, 5)
