"""Random documents, random operations: the result means what was asked for, and nothing else moved."""

from codecs import BOM_UTF8
from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from llmx.core.edits import Block, Set, Unset
from llmx.core.edits.formats import find
from llmx.core.edits.operations import Operation, Step, steps
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode
from llmx.core.edits.values import Value, look, same, with_set, without
from llmx.errors import ConfigError
from tests.core.edits import formats_at_random as at_random

SCALARS = {
    "json": st.one_of(at_random.SCALARS, st.none()),
    "jsonc": st.one_of(at_random.SCALARS, st.none()),
    "toml": st.one_of(at_random.SCALARS, at_random.DATES),
    "yaml": st.one_of(at_random.SCALARS, st.none()),
}


def written(paint: at_random.Paint, name: str, value: at_random.Table) -> str:
    if name == "toml":
        return at_random.toml(paint, value)
    if name == "yaml":
        return at_random.yaml(paint, value)
    if name == "jsonc" and paint.draw(st.booleans()):
        return at_random.pretty_jsonc(paint, value)
    return at_random.jsonc(paint, value, comments=name == "jsonc")


@st.composite
def cases(draw, name):
    """A text, what it holds, whose its comments are, and an operation."""
    value = draw(at_random.documents(SCALARS[name]))
    paint = at_random.Paint(draw)
    text = written(paint, name, value)
    if draw(st.booleans()):
        text = text.replace("\r", "").replace("\n", "\r\n")
    read = find(name).read(decode(text.encode()).text)
    assert same(read, value, ordered=False), text
    return text, value, paint, at_random.operations(draw, value, at_random.values(SCALARS[name]))


FORMATS = ["json", "jsonc", "toml", "yaml"]
EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def intended(value: Value, step: Step) -> Value:
    if isinstance(step, Set):
        return with_set(value, step.path, step.value, first=step.first)
    return without(value, step.path)


def is_within(path: at_random.Path, above: at_random.Path) -> bool:
    return path[: len(above)] == above


def puts_a_scalar_among_tables(name: str, value: Value, operation: Operation) -> bool:
    """What TOML refuses: an array of tables may be written under headers, where nothing but tables can go."""
    if name != "toml" or not isinstance(operation, Set) or isinstance(operation.value, dict):
        return False
    neighbors = look(value, operation.path[:-1])
    return isinstance(neighbors, list) and all(isinstance(one, dict) for one in neighbors)


@pytest.mark.parametrize("name", FORMATS)
@EXAMPLES
@given(data=st.data())
def test_a_text_means_what_was_asked_for_and_all_outside_the_entry_stays_as_it_is(name, data):
    text, value, paint, operation = data.draw(cases(name))
    assume(not puts_a_scalar_among_tables(name, value, operation))
    format = find(name)
    after = rewrite(decode(text.encode()), format, (operation,))
    result, wanted = format.read(after.text), value
    touched = list(steps(operation, value))
    for step in touched:
        wanted = format.settle(intended(wanted, step), step)
        result = format.settle(result, step)
    assert same(result, wanted, ordered=False)
    for note, owners in paint.owners.items():
        assert note in after.text or any(is_within(owner, step.path) for owner in owners for step in touched), note
    for path, piece in paint.pieces.items():
        if not any(is_within(path, step.path) or is_within(step.path, path) for step in touched):
            assert piece.replace("\r\n", "\n").strip() in after.text


@pytest.mark.parametrize("name", FORMATS)
@EXAMPLES
@given(data=st.data())
def test_doing_it_twice_changes_nothing_more(name, data):
    text, value, _, operation = data.draw(cases(name))
    assume(not puts_a_scalar_among_tables(name, value, operation))
    assume(not (isinstance(operation, Unset) and isinstance(operation.path[-1], int)))
    once = rewrite(decode(text.encode()), find(name), (operation,))
    assert rewrite(once, find(name), (operation,)).encode() == once.encode()


@pytest.mark.parametrize("name", FORMATS)
@EXAMPLES
@given(data=st.data())
def test_a_file_keeps_its_line_ends_and_its_byte_order_mark(name, data):
    text, value, _, operation = data.draw(cases(name))
    assume(not puts_a_scalar_among_tables(name, value, operation))
    for bom, end in product((b"", BOM_UTF8), (b"\n", b"\r\n")):
        before = bom + text.replace("\r", "").encode().replace(b"\n", end)
        after = rewrite(decode(before), find(name), (operation,)).encode()
        assert after.startswith(bom)
        if b"\n" in before:
            assert after.count(b"\n") == after.count(end)


def is_open_at_the_end(lines: list[str]) -> bool:
    return lines.count("```") % 2 == 1


@EXAMPLES
@given(
    lines=st.lists(st.sampled_from(["# Title", "", "text", "```", "<!-- llmx:begin a -->x", "  "]), max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
    body=st.text("ab \n`~#", max_size=12),
)
def test_a_block_is_put_in_changed_and_taken_out_and_the_rest_keeps_every_byte(lines, end, final, body):
    content = (end.join(lines) + (end if final else "")).encode()
    format = find("markdown")
    before = decode(content)
    if is_open_at_the_end(lines):
        with pytest.raises(ConfigError, match="ends inside a code block"):
            rewrite(before, format, (Block("n", body),))
        return
    put = rewrite(before, format, (Block("n", body),))
    assert format.read(put.text) == {"n": body}
    assert put.encode().startswith(content)
    again = rewrite(put, format, (Block("n", body + "!"), Block("m", "second")))
    assert format.read(again.text) == {"n": body + "!", "m": "second"}
    out = rewrite(again, format, (Block("m", None), Block("n", None)))
    assert out.encode().rstrip() == content.rstrip()
    assert format.read(out.text) == {}
