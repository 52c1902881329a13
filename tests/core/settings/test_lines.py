"""Each key's line is found, however the TOML is written."""

import tomllib
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.settings.lines import key_lines

TEXT = dedent('''\
    # [not.a.table] x = 1
    top = "has = and [brackets] # and a hash"
    a.b.c = 1
    a."quoted \\u0041.key" = { d = 2, e.f = [3, { g = 4 }] }   # inline

    [exec.isolation]
    timeout = """
    fake = 1
    [fake]
    """""
    enabled=true
    [exec]
    grace = 5
    list = [
      "x = 1", # comment ]
      { inner = [1,
        2], other = 2 },
    ]
      [ spaced . "out" ]
      key\t=\t'C:\\'
    literal = \'\'\'
    no = 1\'\'\'
    date = 1979-05-27 07:32:00
    [[many]]
    one = 1
    [[many]]
    one = 2
''')


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a",), 3),
        (("a", "b"), 3),
        (("a", "b", "c"), 3),
        (("a", "quoted A.key"), 4),
        (("a", "quoted A.key", "d"), 4),
        (("a", "quoted A.key", "e", "f", "g"), 4),
        (("exec",), 12),
        (("exec", "isolation"), 6),
        (("exec", "isolation", "timeout"), 7),
        (("exec", "isolation", "enabled"), 11),
        (("exec", "grace"), 13),
        (("exec", "list"), 14),
        (("exec", "list", "inner"), 16),
        (("exec", "list", "other"), 17),
        (("spaced", "out"), 19),
        (("spaced", "out", "key"), 20),
        (("spaced", "out", "date"), 23),
        (("many",), 24),
        (("many", "one"), 25),
    ],
)
def test_a_key_is_found_on_its_line(path, line):
    tomllib.loads(TEXT)
    assert key_lines(TEXT)[path] == line


def test_what_only_looks_like_a_key_is_not_one():
    found = key_lines(TEXT)
    assert not {("fake",), ("no",), ("x",), ("not",), ("not", "a", "table")} & found.keys()


def test_windows_line_ends_count_once():
    assert key_lines("a = 1\r\nb = 2\r\n[c]\r\nd = 3") == {("a",): 1, ("b",): 2, ("c",): 3, ("c", "d"): 4}


BARE = st.text("abAB01-_", min_size=1, max_size=4)
NASTY = st.text(st.sampled_from("ab.=[]{}#\"'\\ \t é€"), max_size=5)


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


@st.composite
def keys(draw):
    """A key, and one way to write it."""
    name = draw(BARE | NASTY)
    ways = [quoted(name)]
    if name and all(c in "abAB01-_" for c in name):
        ways.append(name)
    if "'" not in name:
        ways.append(f"'{name}'")
    return name, draw(st.sampled_from(ways))


SCALARS = st.sampled_from(
    [
        "1",
        "-0.5",
        "true",
        '""',
        '"a # [b] = {c}"',
        "'\\'",
        '"\\""',
        "1979-05-27T07:32:00Z",
        '"""\n[x]\ny = 1\n"""',
        "'''\n# '' \n'''",
        '"""a\\\n  \\""" """',
    ]
)


@st.composite
def values(draw, depth=2):
    """A value as TOML text, and the dotted keys in it with the number of lines before each."""
    kind = draw(st.sampled_from(["scalar", "scalar", "array", "table"] if depth else ["scalar"]))
    if kind == "scalar":
        return draw(SCALARS), []
    text, inside = ("[" if kind == "array" else "{"), []
    seen: set[str] = set()
    for _ in range(draw(st.integers(0, 3))):
        text += draw(st.sampled_from(["", " ", "\n", " # , ] }\n"])) if kind == "array" else " "
        if kind == "table":
            (name, spelled) = draw(keys())
            if name in seen:
                continue
            text += ", " if seen else ""
            seen.add(name)
            at = text.count("\n")
            text += f"{spelled} = "
            inside.append(((name,), at))
        value, more = draw(values(depth=depth - 1))
        before = text.count("\n")
        if kind == "table":
            inside += [((name, *path), before + at) for path, at in more]
        text += value
        if kind == "array":
            inside += [(path, before + at) for path, at in more]
            text += ","
    return text + ("]" if kind == "array" else " }"), inside


@st.composite
def documents(draw):
    """A TOML text with the line on which each of its keys was put; tables in any order, keys dotted or not."""
    text = ""
    expected: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for _ in range(draw(st.integers(1, 8))):
        text += draw(st.sampled_from(["", "\n", "# [a] b = 1\n", "  ", "\t"]))
        line = text.count("\n") + 1
        parts = draw(st.lists(keys(), min_size=1, max_size=3))
        path = tuple(name for name, _ in parts)
        spelled = draw(st.sampled_from([".", " . "])).join(written for _, written in parts)
        if draw(st.booleans()):
            candidate, inside, full = f"[{spelled}] # = \n", [], path
        else:
            value, inside = draw(values())
            candidate, full = f"{spelled} = {value}\n", table + path
        try:
            tomllib.loads(text + candidate)
        except tomllib.TOMLDecodeError:  # a key twice, or a table opened again
            continue
        table = path if candidate.startswith("[") else table
        text += candidate
        expected.setdefault(full, line)
        for more, at in inside:
            expected.setdefault(full + more, line + at)
        if candidate.startswith("["):
            expected[full] = line
    return text, expected


@given(documents())
def test_every_key_of_any_document_is_found(document):
    text, expected = document
    found = key_lines(text)
    assert {path: found.get(path) for path in expected} == expected
    assert found.keys() == set(paths(tomllib.loads(text)))


def paths(value: object, above: tuple[str, ...] = ()):
    """Every path in a document; an array's entries share its path."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield (*above, name)
            yield from paths(member, (*above, name))
    elif isinstance(value, list):
        for member in value:
            yield from paths(member, above)
