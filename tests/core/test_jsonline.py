"""One-line JSON that any reader understands as what was meant."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.jsonline import dumps

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))


@given(VALUES)
def test_what_is_read_back_is_what_was_written(value):
    line = dumps(value)
    assert json.loads(line) == value
    assert "\n" not in line
    assert "\r" not in line
    line.encode()  # always valid UTF-8


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ("äö €😀", '"äö €😀"'),
        ('"\\', r'"\"\\"'),
        ("a\nb\t\x00\x1b\x7f", '"a\\nb\\t\\u0000\\u001b\x7f"'),
        ("\udcff", r'"\udcff"'),
        ("ä\udcff", r'"\u00e4\udcff"'),
        (True, "true"),
        (1, "1"),
        (1.0, "1.0"),
        (1e-7, "1e-07"),
        ({"a": [1, (2, None)], "b": {}}, '{"a":[1,[2,null]],"b":{}}'),
    ],
)
def test_the_form_is_compact_and_readable(value, text):
    assert dumps(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_know_is_refused(value):
    with pytest.raises(TypeError, match="no JSON form"):
        dumps([value])


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_a_type_that_json_does_not_know_is_refused(value):
    with pytest.raises(TypeError, match="no JSON form"):
        dumps({"key": value})


@given(TEXT)
def test_a_python_without_the_accelerator_writes_the_same(text):
    with_it = dumps(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "_json", None)  # what import leaves behind for a module that is not there
        assert dumps(text) == with_it


def test_control_characters_that_a_terminal_may_obey_are_escaped():
    assert dumps("\x9b31m é") == '"\\u009b31m \\u00e9"'
    assert dumps("é") == '"é"'
