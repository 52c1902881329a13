"""``templates/parameters.py``: values by their declared types, and every fault at once."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from llmx.errors import NotFoundError, UsageError
from llmx.templates import Parameter, Template
from llmx.templates.parameters import checked, coerced, values
from llmx.templates.sources import BUILT_IN, find

TEMPLATE = Template(
    "t",
    "1",
    "c",
    "d",
    Path(),
    parameters=(
        Parameter("topic", "string", "what", constraints={"minLength": 3}, aliases=("subject",)),
        Parameter("count", "integer", "how many", 10, constraints={"minimum": 1, "maximum": 50}),
        Parameter("share", "number", "how much", 0.5),
        Parameter("deep", "boolean", "whether", False),
        Parameter("words", "array", "which", [], constraints={"items": {"type": "string"}}),
        Parameter("more", "object", "what else", {}),
        Parameter("kind", "string", "which kind", "a", constraints={"enum": ["a", "b"]}),
    ),
)


@pytest.mark.promise("S2-28")
@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("topic=2024", "topic", "2024"),
        ("topic=true", "topic", "true"),
        ("topic=[1]", "topic", "[1]"),
        ("topic=a=b=c", "topic", "a=b=c"),
        ("subject=alias", "topic", "alias"),
        ("count=7", "count", 7),
        ("share=1", "share", 1),
        ("share=0.25", "share", 0.25),
        ("deep=yes", "deep", True),
        ("deep=0", "deep", False),
        ("words=a, b,c", "words", ["a", "b", "c"]),
        ('words=["a,b"]', "words", ["a,b"]),
        ('more={"x": [1]}', "more", {"x": [1]}),
        ("topic=@@home", "topic", "@home"),
    ],
)
def test_a_value_has_the_type_that_was_declared(word, name, value):
    given_ = [word] if word.startswith(("topic", "subject")) else ["topic=abc", word]
    assert values(TEMPLATE, given_)[name] == value


@pytest.mark.promise("S2-27")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ["topic is required"]),
        (["topic=ab"], ["topic: 'ab' is too short"]),
        (["count=99"], ["count: 99 is greater than the maximum of 50", "topic is required"]),
        (["topic=abc", "count=1.5", "deep=maybe"], ["count: '1.5' is not a whole number", "deep: 'maybe' is neither"]),
        (["topic=abc", "count=true"], ["count: 'true' is not a whole number"]),
        (["topic=abc", "tpic=x", "novel=1"], ["no parameter 'tpic', did you mean topic?", "no parameter 'novel'"]),
        (["topic=abc", "kind=c"], ["kind: 'c' is not one of ['a', 'b']"]),
        (["topic=abc", "more=[1]", "words=[1]"], ["more: '[1]' is not a JSON object", "words.0: 1 is not of type"]),
        (["topic=abc", "count"], ["'count' is no NAME=VALUE"]),
    ],
)
def test_every_fault_is_said_at_once(words, said):
    with pytest.raises(UsageError) as refused:
        values(TEMPLATE, words)
    for each in said:
        assert each in refused.value.message


def test_a_file_gives_values_and_words_win_over_it(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps({"topic": "from file", "count": 3}))
    (tmp_path / "long.txt").write_text("from a file\n")
    found = values(TEMPLATE, [f"topic=@{tmp_path}/long.txt"], f"{tmp_path}/p.json")
    assert (found["topic"], found["count"]) == ("from a file\n", 3)
    with pytest.raises(NotFoundError, match="there is no file"):
        values(TEMPLATE, ["topic=@nowhere"])
    (tmp_path / "p.json").write_text("[1]")
    with pytest.raises(UsageError, match="holds no JSON object"):
        values(TEMPLATE, [], f"{tmp_path}/p.json")


@given(st.text(max_size=20))
def test_a_string_is_never_read_as_anything_else(text):
    assert coerced("string", text) == text


@pytest.mark.promise("S2-25")
@pytest.mark.parametrize("name", BUILT_IN)
def test_the_schema_of_every_built_in_template_is_one(name):
    template = find(name)
    Draft202012Validator.check_schema(template.schema)
    defaults = {each.name: each.default for each in template.parameters if not each.is_required}
    optional = {name: value for name, value in defaults.items() if value is not None}
    Draft202012Validator({**template.schema, "required": []}).validate(optional)
    if len(defaults) == len(template.parameters):
        assert checked(template, {}) == defaults
    assert (template.category, template.description) == BUILT_IN[name]
