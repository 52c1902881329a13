"""A number in a text either was computed or is found out, whatever way it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.templates.builtin.data_analysis.compute.correlation import correlation
from llmx.templates.builtin.data_analysis.compute.descriptive import descriptive, profile
from llmx.templates.builtin.data_analysis.facts import grouped, known_of, lines
from llmx.templates.builtin.data_analysis.numbers import Known, mentions, unknown
from tests.templates.data_analysis.tables import PARAMETERS, SALES, SETS, read

KNOWN = Known(
    [1234.5678, -0.0421, 0.8427, 84.27, 42.0, 3.0, 0.000012, 2_500_000.0, 118.9],
    p_values=[0.0004, 0.2],
    names=["revenue", "Q1 2026", "x2", "north 7"],
    dates=["2026-01-31", "2026-04-30 12:00:00"],
)


@pytest.mark.parametrize(
    "text",
    [
        "the mean is 1234.5678",
        "the mean is 1,234.57",
        "the mean is 1.234,57",
        "about 1235, or 1234.6",
        "some 1200",
        "1 234.568".replace(" ", "\u202f"),
        "it fell by 0.042 (\u22120.0421)",
        "r = 0.84, that is 84.3 % or 84%",
        "42 rows in 3 groups",
        "1.2e-5 and 1.2E-05",
        "2.5 million, 2,500,000 or 2500k",
        "between 2026-01-31 and 2026-04-30, from January 31, 2026 on",
        "in 2026",
        "p < 0.001, so p < 0.05",
        "revenue in Q1 2026 and x2 of north 7",
        "1. First point\n2. Second: 42",
        "no numbers, only twelve of them in words",
        "COVID19 and a4b are words",
        "a rate of 118.9.",
    ],
)
def test_what_was_computed_may_be_said_and_rounded(text):
    assert unknown(text, KNOWN) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("the mean is 1234.58", ["1234.58"]),
        ("1236", ["1236"]),
        ("it is 7", ["7"]),
        ("1,300", ["1,300"]),
        ("0.85", ["0.85"]),
        ("85 %", ["85"]),
        ("2.6 million", ["2.6 million"]),
        ("in 2025", ["2025"]),
        ("on 2026-02-01", ["2026-02-01"]),
        ("p < 0.0001", ["< 0.0001"]),
        ("fewer than < 42", ["< 42"]),
        ("x3 is a word, 3.1 is not", ["3.1"]),
        ("118.90 and 118.91", ["118.91"]),
        ("42, 43 and 44", ["43", "44"]),
        ("\uff17 is a digit too", ["\uff17"]),
        ("up 12.5%", ["12.5"]),
        ("-5", ["-5"]),
    ],
)
def test_what_was_not_computed_is_found(text, wrong):
    assert unknown(text, KNOWN) == wrong


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_any_rounding_of_a_computed_number_is_known(value, digits):
    assert unknown(f"It is {value:.{digits}f}.", Known([value])) == []


@given(st.floats(10, 1e6), st.integers(0, 4), st.sampled_from([-1, 1]))
def test_a_number_that_is_off_by_more_than_its_last_digit_is_unknown(value, digits, sign):
    other = round(value, digits) + sign * 2 * 10.0**-digits
    text = f"{other:.{digits}f}"
    if digits or not text.endswith("0"):
        assert unknown(f"It is {text}", Known([value])) == [text.strip()]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Revenue has a mean of 42", True),
        ("Revenue is high", False),
        ("There are 42 of them", False),
        ("x2 grows", False),
        ("", False),
    ],
)
def test_a_text_says_something_if_it_has_a_column_and_a_number(text, says):
    assert mentions(text, KNOWN) is says


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The mean of sales is 150, with a standard deviation of 23.7 (23.72).", []),
        ("Sales go from 120 to 180, in months from 2026-01 to 2026-05.", []),
        ("60 % of the rows have region north; sales has 5 values.", []),
        ("sales is 25 % higher in May than 180", ["25"]),
        ("sales doubled from 120 to 240", ["240"]),
    ],
)
def test_what_may_be_said_of_the_table_of_the_guide(text, wrong):
    table = read(SALES)
    known = known_of(profile(table, PARAMETERS), descriptive(table, PARAMETERS))
    assert unknown(text, known) == wrong


def test_every_number_that_the_model_is_told_may_be_said():
    table = read(SETS[2][0])
    for kind, compute in (("descriptive", descriptive), ("correlation", correlation)):
        facts, computed = profile(table, PARAMETERS), compute(table, PARAMETERS)
        told = "\n".join(lines(facts, kind, computed))
        assert unknown(told, known_of(facts, computed)) == []
        assert "".join(grouped(told.split("\n"), 300)).replace("\n", "") == told.replace("\n", "")
