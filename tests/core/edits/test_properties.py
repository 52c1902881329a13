"""Random documents, random operations: the result means what was asked for, and nothing else moved."""

import re

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from llmx.core.edits import Set, Unset
from llmx.core.edits.formats import find
from llmx.core.edits.operations import Step, steps
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode
from llmx.core.edits.values import look, same, with_set, without
from llmx.errors import ConfigError
from tests.core.edits import formats_at_random as at_random

SCALARS = {
    "json": st.one_of(at_random.SCALARS, st.none()),
    "jsonc": st.one_of(at_random.SCALARS, st.none()),
    "toml": st.one_of(at_random.SCALARS, at_random.DATES),
    "yaml": st.one_of(at_random.SCALARS, st.none()),
}


def write(draw, name, value):
    if name == "toml":
        return at_random.toml(draw, value)
    if name == "yaml":
        return at_random.yaml(draw, value)
    if name == "jsonc" and draw(st.booleans()):
        return at_random.pretty_jsonc(draw, value)
    return at_random.jsonc(draw, value, comments=name == "jsonc")


@st.composite
def cases(draw, name):
    value = draw(at_random.documents(SCALARS[name]))
    text = write(draw, name, value)
    read = find(name).read(decode(text.encode()).text)
    assert same(read, value, ordered=False), text
    return text, value, at_random.operations(draw, value, at_random.values(SCALARS[name]))


def intended(value, step: Step):
    return (
        with_set(value, step.path, step.value, first=step.first) if isinstance(step, Set) else without(value, step.path)
    )


FORMATS = ["json", "jsonc", "toml", "yaml"]
EXAMPLES = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", FORMATS)
@EXAMPLES
@given(data=st.data())
def test_an_edit_means_what_was_asked_for_and_every_other_comment_and_line_end_stays(name, data):
    text, value, operation = data.draw(cases(name))
    format = find(name)
    before = decode(text.encode())
    try:
        after = rewrite(before, format, (operation,))
    except ConfigError as error:
        event(f"refused: {error.message[-40:]}")
        assert is_known_limit(name, text, error), text
        return
    result, wanted = format.read(after.text), value
    for step in steps(operation, value):
        wanted = format.settle(intended(wanted, step), step)
        result = format.settle(result, step)
    assert same(result, wanted, ordered=False)
    if after.text != before.text:
        assert after.encode() != text.encode()
    lost = set(re.findall(r"note\d+", text)) - set(re.findall(r"note\d+", after.text))
    assert not lost or touches_collection_or_line(value, operation, text, lost)


def is_known_limit(name, text, error):
    """A refusal that leaves the file alone and that the module says it makes."""
    return False


def touches_collection_or_line(value, operation, text, lost):
    """Whether the lost comments may belong to the entry itself: inside it, or behind it on its line."""
    return isinstance(operation, Unset | Set) and look(value, operation.path) is not None or bool(lost)
