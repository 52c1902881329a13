"""Before and after: files as people and editors leave them."""

from typing import NamedTuple

import pytest

from llmx.core.edits import Add, Block, Operation, Remove, Set, Unset
from llmx.core.edits.formats import find
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode
from llmx.errors import ConfigError


class Case(NamedTuple):
    what: str
    format: str
    before: str
    operations: list[Operation]
    after: str


JSON = [
    Case("an empty file becomes an object", "json", "", [Set(("a", "b"), 1)], '{\n  "a": {\n    "b": 1\n  }\n}\n'),
    Case("an empty object opens up", "json", "{}", [Set(("a",), 1)], '{\n  "a": 1\n}'),
    Case("one line stays one line", "json", '{"a": 1}', [Set(("b",), {"c": [1]})], '{"a": 1, "b": {"c": [1]}}'),
    Case("compact stays compact", "json", '{"a":1}', [Set(("b",), {"c": [1, 2]})], '{"a":1,"b":{"c":[1,2]}}'),
    Case("a byte order mark stays", "json", '\ufeff{"a": 1}', [Set(("a",), 2)], '\ufeff{"a": 2}'),
    Case(
        "CRLF stays",
        "json",
        '{\r\n  "a": 1\r\n}\r\n',
        [Set(("b",), [2])],
        '{\r\n  "a": 1,\r\n  "b": [\r\n    2\r\n  ]\r\n}\r\n',
    ),
    Case(
        "mixed line ends stay where they are",
        "json",
        '{\r\n "a": 1,\n "b": 2\r\n}',
        [Set(("a",), 3)],
        '{\r\n "a": 3,\n "b": 2\r\n}',
    ),
    Case(
        "tabs stay",
        "json",
        '{\n\t"a": {\n\t\t"b": 1\n\t}\n}',
        [Set(("a", "c"), {"d": 1})],
        '{\n\t"a": {\n\t\t"b": 1,\n\t\t"c": {\n\t\t\t"d": 1\n\t\t}\n\t}\n}',
    ),
    Case(
        "other entries keep their spelling",
        "json",
        '{"n": 1e3, "u": "\\u00e9", "s": "\\/", "x": 0}',
        [Set(("x",), 1)],
        '{"n": 1e3, "u": "\\u00e9", "s": "\\/", "x": 1}',
    ),
    Case(
        "the last of two equal keys counts and is set", "json", '{"a": 1, "a": 2}', [Set(("a",), 3)], '{"a": 1, "a": 3}'
    ),
    Case("unset takes both of two equal keys", "json", '{"a": 1, "b": 0, "a": 2}', [Unset(("a",))], '{"b": 0}'),
    Case(
        "a key can come first, where order decides",
        "json",
        '{"p": {"git *": "allow"}}',
        [Set(("p", "*"), "ask", first=True)],
        '{"p": {"*": "ask", "git *": "allow"}}',
    ),
    Case(
        "a first key on lines", "json", '{\n  "b": 1\n}\n', [Set(("a",), 0, first=True)], '{\n  "a": 0,\n  "b": 1\n}\n'
    ),
    Case("null gives way to a table", "json", '{"a": null}', [Set(("a", "b"), 1)], '{"a": {"b": 1}}'),
    Case("half a character is escaped", "json", "{}", [Set(("a",), "\ud800")], '{\n  "a": "\\ud800"\n}'),
    Case(
        "another order of keys is written anew",
        "json",
        '{"a": {"x": 1, "y": 2}}',
        [Set(("a",), {"y": 2, "x": 1})],
        '{"a": {"y": 2, "x": 1}}',
    ),
    Case(
        "an entry of a list by identity is replaced in place",
        "json",
        '{"l": [{"name": "a", "url": "x"}, {"name": "b"}]}',
        [Add(("l",), {"name": "a", "cmd": "y"}, identity=("name",))],
        '{"l": [{"name": "a", "cmd": "y"}, {"name": "b"}]}',
    ),
    Case(
        "a known entry is not repeated", "json", '{"l": [1, 2]}', [Add(("l",), 2), Add(("l",), 3)], '{"l": [1, 2, 3]}'
    ),
    Case("an absent list is made", "json", '{"a": 1}', [Add(("l",), 2)], '{"a": 1, "l": [2]}'),
    Case(
        "matching entries go",
        "json",
        '{"l": [{"n": 1, "x": 2}, {"n": 2}, {"n": 1}, 1]}',
        [Remove(("l",), {"n": 1}), Remove(("l",), 1)],
        '{"l": [{"n": 2}]}',
    ),
    Case("removing from no list is nothing", "json", '{"a": 1}', [Remove(("l",), 1)], '{"a": 1}'),
]

NOTED = """\
// head
{
  // above a
  "a": 1, // behind a
  /* above b */
  "b": {
    "x": [1, 2,], // behind x
    // "off": true,
  },
  // "off": 1,
}
// foot
"""

JSONC = [
    Case("comments stay when a value changes", "jsonc", NOTED, [Set(("a",), 2)], NOTED.replace('"a": 1', '"a": 2')),
    Case(
        "only the remark on its line goes with an entry",
        "jsonc",
        NOTED,
        [Unset(("a",))],
        NOTED.replace('  "a": 1, // behind a\n', ""),
    ),
    Case(
        "a trailing comma stays the custom",
        "jsonc",
        NOTED,
        [Set(("b", "y"), 0)],
        NOTED.replace("behind x\n", 'behind x\n    "y": 0,\n'),
    ),
    Case("a list with a trailing comma", "jsonc", NOTED, [Add(("b", "x"), 3)], NOTED.replace("[1, 2,]", "[1, 2, 3,]")),
    Case("its last item goes", "jsonc", NOTED, [Remove(("b", "x"), 2)], NOTED.replace("[1, 2,]", "[1,]")),
    Case(
        "what stays of a table keeps its comments",
        "jsonc",
        NOTED,
        [Set(("b",), {"x": [1, 2], "z": 1})],
        NOTED.replace("behind x\n", 'behind x\n    "z": 1,\n'),
    ),
    Case(
        "without a comma before, one is put before the remark",
        "jsonc",
        '{\n  "a": 1 // one\n}',
        [Set(("b",), 2)],
        '{\n  "a": 1, // one\n  "b": 2\n}',
    ),
    Case(
        "the comma before goes with the last entry",
        "jsonc",
        '{\n  "a": 1, // one\n  "b": 2 // two\n}',
        [Unset(("b",))],
        '{\n  "a": 1 // one\n}',
    ),
    Case("commas that lead", "jsonc", '{\n    "a": 1\n  , "b": 2\n}', [Unset(("b",))], '{\n    "a": 1\n}'),
    Case(
        "a comment in an empty object stays",
        "jsonc",
        "{\n  // nothing yet\n}\n",
        [Set(("a",), 1)],
        '{\n  // nothing yet\n  "a": 1\n}\n',
    ),
    Case(
        "a comment marker in a string is text",
        "jsonc",
        '{"a": "/* // \\" {", "b": 1}',
        [Unset(("b",))],
        '{"a": "/* // \\" {"}',
    ),
    Case("a file of comments only", "jsonc", "// soon", [Set(("a",), 1)], '// soon\n{\n  "a": 1\n}\n'),
]

CODEX = """\
# Codex

# the model
model = "x"  # mine
tui.theme = 'dark'

# server a
[mcp_servers.a]
command = "npx"
args = [
  "-y",  # yes
  "pkg",
]
env = { K = "1" }  # env
# timeout = 3

# server b
[mcp_servers.b]
url = '''http://b'''

[[hooks]]
on = "start"
[hooks.run]
cmd = "x"

[[hooks]]
on = "stop"
"""

TOML = [
    Case("a new file", "toml", "", [Set(("a",), {"b": {"c": 1}})], "[a.b]\nc = 1\n"),
    Case("a value", "toml", CODEX, [Set(("model",), "y")], CODEX.replace('"x"  # mine', '"y"  # mine')),
    Case("a pair before all tables", "toml", CODEX, [Set(("new",), 1)], CODEX.replace("'dark'\n", "'dark'\nnew = 1\n")),
    Case(
        "a dotted neighbor",
        "toml",
        CODEX,
        [Set(("tui", "on"), True)],
        CODEX.replace("'dark'\n", "'dark'\ntui.on = true\n"),
    ),
    Case(
        "a pair in a table",
        "toml",
        CODEX,
        [Set(("mcp_servers", "a", "cwd"), "/")],
        CODEX.replace("# env\n", '# env\ncwd = "/"\n'),
    ),
    Case(
        "a pair in an inline table",
        "toml",
        CODEX,
        [Set(("mcp_servers", "a", "env", "L"), "2")],
        CODEX.replace('{ K = "1" }', '{ K = "1", L = "2" }'),
    ),
    Case(
        "an item in a list on lines",
        "toml",
        CODEX,
        [Add(("mcp_servers", "a", "args"), "z")],
        CODEX.replace('  "pkg",\n', '  "pkg",\n  "z",\n'),
    ),
    Case(
        "a table beside its like",
        "toml",
        CODEX,
        [Set(("mcp_servers", "c"), {"command": "y", "env": {"A B": "1"}})],
        CODEX.replace("b'''\n", 'b\'\'\'\n\n[mcp_servers.c]\ncommand = "y"\n\n[mcp_servers.c.env]\n"A B" = "1"\n'),
    ),
    Case(
        "a table goes without its neighbor's comment",
        "toml",
        CODEX,
        [Unset(("mcp_servers", "b"))],
        CODEX.replace("[mcp_servers.b]\nurl = '''http://b'''\n", ""),
    ),
    Case(
        "comments behind a table stay",
        "toml",
        CODEX,
        [Unset(("mcp_servers", "a"))],
        CODEX[: CODEX.index("[mcp_servers.a]")] + CODEX[CODEX.index("# timeout") :],
    ),
    Case(
        "a table is replaced key by key",
        "toml",
        CODEX,
        [Set(("mcp_servers", "b"), {"command": "b"})],
        CODEX.replace("url = '''http://b'''", 'command = "b"'),
    ),
    Case(
        "an entry is appended to an array of tables",
        "toml",
        CODEX,
        [Set(("hooks", 2), {"on": "end"})],
        CODEX + '\n[[hooks]]\non = "end"\n',
    ),
    Case(
        "a table below the first entry of an array",
        "toml",
        CODEX,
        [Set(("hooks", 0, "run", "cwd"), "/")],
        CODEX.replace('cmd = "x"\n', 'cmd = "x"\ncwd = "/"\n'),
    ),
    Case(
        "the first entry of an array goes",
        "toml",
        CODEX,
        [Unset(("hooks", 0))],
        CODEX.replace('[[hooks]]\non = "start"\n[hooks.run]\ncmd = "x"\n\n', ""),
    ),
    Case(
        "a header for an implicit table",
        "toml",
        "# s\n[a.b]\nx = 1\n",
        [Set(("a", "y"), 2)],
        "[a]\ny = 2\n\n# s\n[a.b]\nx = 1\n",
    ),
    Case(
        "CRLF",
        "toml",
        "[a]\r\nx = 1\r\n",
        [Set(("a", "y"), 2), Set(("b", "z"), 3)],
        "[a]\r\nx = 1\r\ny = 2\r\n\r\n[b]\r\nz = 3\r\n",
    ),
    Case("no final newline", "toml", "[a]\nx = 1", [Set(("a", "y"), 2)], "[a]\nx = 1\ny = 2"),
    Case(
        "strings over lines are no statements",
        "toml",
        's = """\n[a]\nx = 1 # no\n"""\n[a]\nx = 2\n',
        [Set(("a", "x"), 3)],
        's = """\n[a]\nx = 1 # no\n"""\n[a]\nx = 3\n',
    ),
    Case(
        "quoted keys and dates",
        "toml",
        '"a.b" = 1979-05-27 07:32:00\n',
        [Set(("c d",), 1)],
        '"a.b" = 1979-05-27 07:32:00\n"c d" = 1\n',
    ),
    Case(
        "dotted keys within an inline table",
        "toml",
        "a = { b.c = 1 } # x\n",
        [Set(("a", "b", "d"), 2)],
        "a = { b = { c = 1, d = 2 } } # x\n",
    ),
    Case("an indented table", "toml", "[a]\n  x = 1\n", [Set(("a", "y"), 2)], "[a]\n  x = 1\n  y = 2\n"),
    Case("comments only", "toml", "# soon\n", [Set(("a",), 1)], "# soon\na = 1\n"),
]

GOOSE = """\
%YAML 1.2
---
# Goose
active_provider: custom   # the provider

extensions:
    # built in
    dev:
        enabled: true # yes
        args: ["-y",  'pkg']   # flow
        cmd: "npx"
    # between
    other: {type: stdio, on: 1}

defaults: &d
    timeout: 300
    env: {}
fast:
    <<: *d
    timeout: 10
text: |
    a very long line that must not be folded, however long it may be, because folding is a change that nobody asked for

    end
# tail
list:
- name: one
  # about v
  v: 1
- two
empty:
"""

YAML = [
    Case("a new file", "yaml", "", [Set(("a", "b"), [1, {"c": "d"}])], "a:\n  b:\n  - 1\n  - c: d\n"),
    Case(
        "a value, its gap and its remark",
        "yaml",
        GOOSE,
        [Set(("active_provider",), "x")],
        GOOSE.replace("custom   #", "x   #"),
    ),
    Case("quotes stay", "yaml", GOOSE, [Set(("extensions", "dev", "cmd"), "uvx")], GOOSE.replace('"npx"', '"uvx"')),
    Case("flow style", "yaml", GOOSE, [Add(("extensions", "dev", "args"), "z")], GOOSE.replace("'pkg']", "'pkg', z]")),
    Case(
        "a pair in flow style",
        "yaml",
        GOOSE,
        [Set(("extensions", "other", "cmd"), ["x"])],
        GOOSE.replace("on: 1}", "on: 1, cmd: [x]}"),
    ),
    Case(
        "an entry, indented like its like",
        "yaml",
        GOOSE,
        [Set(("extensions", "new"), {"cmd": "x", "args": ["z"]})],
        GOOSE.replace("on: 1}\n", "on: 1}\n    new:\n        cmd: x\n        args:\n        - z\n"),
    ),
    Case(
        "an entry goes, comments around it stay",
        "yaml",
        GOOSE,
        [Unset(("extensions", "dev"))],
        GOOSE[: GOOSE.index("    dev:")] + GOOSE[GOOSE.index("    # between") :],
    ),
    Case(
        "a merged key is overridden",
        "yaml",
        GOOSE,
        [Set(("fast", "env", "A"), "1")],
        GOOSE.replace("timeout: 10\n", "timeout: 10\n    env:\n        A: '1'\n"),
    ),
    Case(
        "a text over lines",
        "yaml",
        GOOSE,
        [Set(("text",), "one\ntwo\n")],
        GOOSE[: GOOSE.index("text:")] + "text: |\n    one\n    two\n" + GOOSE[GOOSE.index("# tail") :],
    ),
    Case(
        "a list grows",
        "yaml",
        GOOSE,
        [Add(("list",), {"name": "three"})],
        GOOSE.replace("- two\n", "- two\n- name: three\n"),
    ),
    Case(
        "an item goes",
        "yaml",
        GOOSE,
        [Remove(("list",), {"name": "one"})],
        GOOSE.replace("- name: one\n  # about v\n  v: 1\n", ""),
    ),
    Case("nothing becomes a table", "yaml", GOOSE, [Set(("empty", "a"), 1)], GOOSE + "    a: 1\n"),
    Case("the last entry leaves an empty table", "yaml", "a: # x\n  b: 1 # y\n", [Unset(("a", "b"))], "a: {} # x\n"),
    Case("an empty table fills", "yaml", "a: {} # x\n", [Set(("a", "b"), 1)], "a: # x\n  b: 1\n"),
    Case(
        "words that older readers take for more are quoted",
        "yaml",
        "a: 1\n",
        [Set(("b",), ["yes", "on", "1:30", "0777", "null", "1.5", "text"])],
        "a: 1\nb:\n- 'yes'\n- 'on'\n- '1:30'\n- '0777'\n- 'null'\n- '1.5'\n- text\n",
    ),
    Case("no final newline", "yaml", "a: 1", [Set(("b",), 2)], "a: 1\nb: 2"),
    Case(
        "CRLF and a byte order mark",
        "yaml",
        "\ufeffa: 1\r\nb:\r\n  - x\r\n",
        [Add(("b",), "w")],
        "\ufeffa: 1\r\nb:\r\n  - x\r\n  - w\r\n",
    ),
    Case("an end of document", "yaml", "a: 1\n...\n", [Set(("b",), 2)], "a: 1\nb: 2\n...\n"),
    Case("keys that are numbers", "yaml", "1: x\n'1': y\n", [Set(("1",), "z")], "1: x\n'1': z\n"),
]

MARKDOWN = [
    Case("a new file", "markdown", "", [Block("a", "text")], "<!-- llmx:begin a -->\ntext\n<!-- llmx:end a -->\n"),
    Case(
        "after a blank line",
        "markdown",
        "# T\n",
        [Block("a", "x")],
        "# T\n\n<!-- llmx:begin a -->\nx\n<!-- llmx:end a -->\n",
    ),
    Case(
        "no final newline", "markdown", "# T", [Block("a", "x")], "# T\n\n<!-- llmx:begin a -->\nx\n<!-- llmx:end a -->"
    ),
    Case(
        "CRLF",
        "markdown",
        "# T\r\n",
        [Block("a", "x\ny")],
        "# T\r\n\r\n<!-- llmx:begin a -->\r\nx\r\ny\r\n<!-- llmx:end a -->\r\n",
    ),
    Case(
        "in place",
        "markdown",
        "a\n<!-- llmx:begin n -->\nold\n<!-- llmx:end n -->\nb\n",
        [Block("n", "new\n\nlines")],
        "a\n<!-- llmx:begin n -->\nnew\n\nlines\n<!-- llmx:end n -->\nb\n",
    ),
    Case(
        "taken out",
        "markdown",
        "a\n\n<!-- llmx:begin n -->\nold\n<!-- llmx:end n -->\n\nb\n",
        [Block("n", None)],
        "a\n\nb\n",
    ),
    Case(
        "a marker in a code block is text",
        "markdown",
        "```\n<!-- llmx:begin n -->\n```\n",
        [Block("n", "x")],
        "```\n<!-- llmx:begin n -->\n```\n\n<!-- llmx:begin n -->\nx\n<!-- llmx:end n -->\n",
    ),
]

CASES = [*JSON, *JSONC, *TOML, *YAML, *MARKDOWN]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.format}: {case.what}" for case in CASES])
def test_a_file_after_an_edit_reads(case):
    before = decode(case.before.encode())
    after = rewrite(before, find(case.format), tuple(case.operations))
    assert after.encode().decode() == case.after


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
