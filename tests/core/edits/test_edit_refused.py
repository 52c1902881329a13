"""What cannot be edited alone is not edited, and a writer gone wrong is caught."""

import pytest

from llmx.core.edits import Block, Set, Unset
from llmx.core.edits.formats import find
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode
from llmx.errors import ConfigError

REFUSED = [
    ("yaml", "a: &x\n  k: 1\nb: *x\n", Set(("a", "k"), 2), "a.k cannot be edited"),
    ("yaml", "a: &x\n  k: 1\nb: *x\n", Unset(("a",)), "a cannot be edited"),
    ("yaml", "a: &x {k: 1}\nb:\n  <<: *x\n", Unset(("b", "k")), "b.k cannot be edited"),
    ("toml", "a = 1\n", Set(("b",), None), "TOML has no null"),
    ("toml", "[[a]]\n", Set(("a", 1), 5), "holds tables only"),
    ("json", "{}", Set(("a",), {"b": float("inf")}), "JSON cannot hold this value"),
    ("markdown", "", Block("two words", "x"), "cannot be the name of a block"),
    ("markdown", "", Block("a", "<!-- llmx:end a -->"), "holds a block marker of its own"),
    ("markdown", "```\nopen\n", Block("a", "x"), "ends inside a code block"),
]


@pytest.mark.parametrize(("format", "text", "operation", "says"), REFUSED)
def test_an_edit_that_cannot_be_made_alone_is_refused(format, text, operation, says):
    with pytest.raises(ConfigError, match=says):
        rewrite(decode(text.encode()), find(format), (operation,))


@pytest.mark.parametrize("format", ["json", "jsonc", "yaml"])
def test_sixty_levels_are_not_too_deep(format):
    text = '{"a":' * 60 + "1" + "}" * 60
    after = rewrite(decode(text.encode()), find(format), (Set(("a",) * 60, 2),))
    assert after.text == text.replace("1", "2")


def test_a_writer_that_would_change_something_else_is_caught(monkeypatch):
    format = find("json")
    monkeypatch.setattr(type(format), "apply", lambda *_: '{"a": 2, "other": 0}')
    with pytest.raises(ConfigError, match="a cannot be edited without changing something else"):
        rewrite(decode(b'{"a": 1, "other": 1}'), format, (Set(("a",), 2),))


def test_a_writer_that_writes_nonsense_is_caught(monkeypatch):
    format = find("json")
    monkeypatch.setattr(type(format), "apply", lambda *_: '{"a": 2')
    with pytest.raises(ConfigError, match="a cannot be edited without changing something else"):
        rewrite(decode(b'{"a": 1}'), format, (Set(("a",), 2),))
