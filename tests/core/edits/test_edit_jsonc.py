"""JSON, with and without comments, as people and editors leave it."""

from llmx.core.edits import Add, Remove, Set, Unset
from tests.core.edits.before_and_after import Case, each, rewritten

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


@each(JSON + JSONC)
def test_a_file_after_an_edit_reads(case):
    assert rewritten(case) == case.after
