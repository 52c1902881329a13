"""``knowledge/quotes.py``: what is quoted stands in the text, and in which lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.knowledge.quotes import Quotable

TEXT = """The limit is 300 seconds.
At the limit the tree gets SIGTERM, then
SIGKILL — “at once” or after a second.
It's done.
Das Wasser soll nicht kochen.
機械学習はデータから規則を学ぶ技術である。
"""


@pytest.mark.parametrize(
    ("quote", "lines", "said"),
    [
        ("The limit is 300 seconds.", (1, 1), "The limit is 300 seconds."),
        ("the limit is\n  300 SECONDS", (1, 1), "The limit is 300 seconds"),
        ('gets SIGTERM, then SIGKILL - "at once"', (2, 3), "gets SIGTERM, then\nSIGKILL — “at once”"),
        ('"At the limit the tree gets SIGTERM..."', (2, 2), "At the limit the tree gets SIGTERM"),
        ("It’s done.", (4, 4), "It's done."),
        ("データから規則を学ぶ", (6, 6), "データから規則を学ぶ"),
    ],
)
def test_what_stands_there_is_found_with_its_lines(quote, lines, said):
    assert Quotable(TEXT).find(quote) == (lines, said)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "the limit",  # short, and no whole line
        "The limit is 30 seconds.",
        "The limit is 300 second",  # ends within a word
        "imit is 300 seconds",
        "Das Wasser soll kochen.",
        "The limit is 300 seconds. It's done.",  # put together
        "The limit ... SIGTERM, then",
        "\0",
        "…",
    ],
)
def test_what_does_not_stand_there_is_not(quote):
    assert Quotable(TEXT).find(quote) is None


@given(st.text(max_size=60), st.text(min_size=12, max_size=40), st.text(max_size=60))
def test_what_is_found_is_a_part_of_the_text(before, quote, after):
    text = f"{before} {quote} {after}"
    found = Quotable(text).find(quote)
    if found:
        lines, said = found
        assert said in text
        assert said.split("\n")[0] in text.split("\n")[lines.first - 1]
        assert lines.last - lines.first == said.count("\n")


def test_an_empty_text_says_nothing():
    assert Quotable("").find("anything at all") is None
