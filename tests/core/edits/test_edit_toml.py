"""TOML as people and editors leave it."""

from llmx.core.edits import Add, Set, Unset
from tests.core.edits.before_and_after import Case, each, rewritten

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


@each(TOML)
def test_a_file_after_an_edit_reads(case):
    assert rewritten(case) == case.after
