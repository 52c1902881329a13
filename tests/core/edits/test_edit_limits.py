"""What readers of a format refuse is not written, and what would exhaust them is not read."""

import tomllib

import pytest

from llmx.core.edits import Set
from llmx.core.edits.formats import ParseError, find
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode
from llmx.errors import ConfigError


def rewritten(format, text, *operations):
    return rewrite(decode(text.encode()), find(format), operations).encode().decode()


@pytest.mark.parametrize("text", ["", "a = 1\n"], ids=["new", "existing"])
@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1, [[1 << 64]], {"k": 1 << 70}])
def test_toml_gets_no_number_that_other_readers_refuse(text, value):
    with pytest.raises(ConfigError, match="more than 64 bits"):
        rewritten("toml", text, Set(("b",), value))


@pytest.mark.parametrize("value", [(1 << 63) - 1, -(1 << 63), True])
def test_toml_gets_every_number_of_64_bits(value):
    assert tomllib.loads(rewritten("toml", "", Set(("b",), value))) == {"b": value}


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a\n  b: *a\n"])
def test_yaml_that_holds_itself_is_refused(text):
    with pytest.raises(ParseError, match="nested too deeply"):
        rewritten("yaml", text, Set(("c",), 1))


def test_yaml_aliases_that_mean_billions_of_values_are_refused():
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for above, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]")
    with pytest.raises(ParseError, match="aliases make more than"):
        rewritten("yaml", "\n".join(lines), Set(("z",), 1))


@pytest.mark.parametrize(
    ("text", "after"),
    [("a: 1", 'a: 1\nb: "x\\ny\\n"'), ("a: 1\n", "a: 1\nb: |\n  x\n  y\n")],
    ids=["without", "with"],
)
def test_yaml_text_of_several_lines_is_kept_with_and_without_a_final_line_break(text, after):
    assert rewritten("yaml", text, Set(("b",), "x\ny\n")) == after
