"""YAML as people and editors leave it."""

from llmx.core.edits import Add, Remove, Set, Unset
from tests.core.edits.before_and_after import Case, each, rewritten

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
    Case("a table gives way to a word", "yaml", "a:\n  # c\n  b: 1\nd: 2\n", [Set(("a",), "x")], "a: x\n  # c\nd: 2\n"),
    Case("a table gives way to a list", "yaml", "a: # c\n  b: 1\nd: 2\n", [Set(("a",), [1])], "a: # c\n- 1\nd: 2\n"),
    Case("a table gives way to lines", "yaml", "a:\n  b: 1\nd: 2\n", [Set(("a",), "x\ny")], "a: |-\n  x\n  y\nd: 2\n"),
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


@each(YAML)
def test_a_file_after_an_edit_reads(case):
    assert rewritten(case) == case.after
