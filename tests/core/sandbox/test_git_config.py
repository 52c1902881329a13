"""git's configuration is read as git reads it, and single variables go back without touching anything else."""

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmx.core.sandbox.command_keys import runs_later
from llmx.core.sandbox.git_config import GitConfigError, chosen, differing, parse, restored


def counts(key, value):
    return runs_later(key, value, "/work/.git", "/work")


def read_by_git(text, folder):
    """The (key, value) pairs that git reads, None when it refuses the text; spaces in values count as one."""
    file = folder / "config"
    file.write_bytes(text)
    words = ["git", "config", "--file", str(file), "--no-includes", "--list", "-z"]
    done = subprocess.run(words, capture_output=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    if done.returncode:
        return None
    pairs = []
    for item in done.stdout.split(b"\0")[:-1]:
        key, found, value = item.partition(b"\n")
        pairs.append((key, value if found else None))
    return pairs


NORMAL = b"""[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
; a comment
[remote "origin"]
\turl = https://example.org/x.git # where it is
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
\tremote = origin
\tmerge = refs/heads/main
"""

FRAGMENTS = [
    *(
        b"[core]\n",
        b"[Core] hooksPath = x\n",
        b'[filter "a b\\"]"]\n',
        b"[a.B]\n",
        b'[include]path="../x"\n',
        b"[alias]",
    ),
    *(
        b"\thooksPath = y",
        b" = ",
        b'"',
        b"\\\n",
        b"\\t",
        b"\\",
        b"# c",
        b"; d",
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"\t",
        b"]",
    ),
    *(
        b"name",
        b"editor\n",
        b"x=1;2\n",
        b'y = "a # b" c\n',
        b"z = a  \t b \n",
        b"[",
        b"\xef\xbb\xbf",
        b"\xc3\xa4",
        b"=",
    ),
    *(b"k = one \\\n two\n", b"[s]\nk", b"[s] ; c\n", b"-", b"0", b"[]\n", b'[a ""]\n', b"[x", b"[x ", b"\x0b", b"\0"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("oracle")


def squeezed(pairs):
    return [(key, value and b" ".join(value.split())) for key, value in pairs]


def assert_read_as_git_reads_it(text, folder):
    try:
        ours = [(variable.key, variable.value) for variable in parse(text)]
    except GitConfigError:
        return False
    theirs = read_by_git(text, folder)
    assert theirs is not None, "git refuses what was read here"
    assert squeezed(ours) == squeezed(theirs)
    return True


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(FRAGMENTS), max_size=12))
@example(pieces=[b"[a]\n", b"x = 1\r\n", b"y = 2\r"])
def test_whatever_is_read_git_reads_the_same(folder, pieces):
    assert_read_as_git_reads_it(b"".join(pieces), folder)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_file_with_a_few_bytes_changed_is_read_as_git_reads_it_or_refused(folder, data):
    text = bytearray(
        NORMAL + b'[alias]\n\tst = "status \\"x\\"" ; short\n[filter "lfs"]\n\tclean = git-lfs clean -- %f\n'
    )
    for _ in range(data.draw(st.integers(0, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    assert_read_as_git_reads_it(bytes(text), folder)


@pytest.mark.parametrize(
    "text",
    [
        NORMAL,
        b"",
        b"# nothing\n",
        b"\xef\xbb\xbf" + NORMAL,
        NORMAL.replace(b"\n", b"\r\n"),
        b'[Filter "Git LFS.x"] Clean = "a;b#c" ; d\n',
        b"[a.B.c]\n\tNoValue\n\tempty =\n\tlong = one\\\n  two\\\n\tthree\n",
        b'[alias]\n\tx = "!f() { echo \\"$1\\"; }; f"\n\ty = \\\\n',
        b"[user]\n\tname = \xc3\x84 B",
    ],
)
def test_what_git_writes_and_people_write_is_read(folder, text):
    assert assert_read_as_git_reads_it(text, folder)


def test_a_variable_knows_its_lines():
    text = b"[a]\n\tone = 1\n  two = x\\\n y # c\n[b] three\n"
    assert [text[one.start : one.end] for one in parse(text)] == [b"\tone = 1\n", b"  two = x\\\n y # c\n", b"three\n"]


LINES = {
    b"[core]\n": [b"\thooksPath = evil\n", b"\tfsmonitor = ./x\n", b"\tfilemode = false\n", b"\teditor\n"],
    b'[filter "lfs"]\n': [b'\tclean = "git-lfs clean -- %f"\n', b"\trequired = true\n"],
    b'[remote "origin"]\n': [b"\turl = a\n", b"\tuploadpack = ./evil\n", b"\tfetch = +x:y ; why\n"],
    b"[Include]\n": [b"\tpath = ../a\n", b"\tpath = ../b\n"],
    b"[user]\r\n": [b"\tname = N\r\n", b"; a comment\r\n"],
}
SECTIONS = st.sampled_from(sorted(LINES)).flatmap(
    lambda header: st.lists(st.sampled_from(LINES[header]), max_size=3).map(lambda lines: header + b"".join(lines))
)
CONFIGURATIONS = st.lists(SECTIONS, max_size=6).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(before=CONFIGURATIONS, after=CONFIGURATIONS)
def test_what_counts_is_as_it_was_and_all_else_as_it_is(before, after):
    result = restored(before, after, counts)
    assert chosen(parse(result), counts) == chosen(parse(before), counts)
    kept = [(one.key, one.raw) for one in parse(after) if not counts(one.key, one.value)]
    assert [(one.key, one.raw) for one in parse(result) if not counts(one.key, one.value)] == kept
    assert differing(before, result, counts) == []
    if not differing(before, after, counts):
        assert result == after


@settings(max_examples=40, deadline=None)
@given(before=CONFIGURATIONS, after=CONFIGURATIONS)
def test_git_agrees_about_what_was_put_back(folder, before, after):
    def told(text):
        pairs = read_by_git(text, folder)
        assert pairs is not None
        dangerous = sorted(pair for pair in pairs if counts(*pair))
        return dangerous, [pair for pair in pairs if not counts(*pair)]

    dangerous, rest = told(restored(before, after, counts))
    assert dangerous == told(before)[0]
    assert rest == told(after)[1]


def test_a_removed_line_takes_nothing_else_along():
    after = NORMAL.replace(b"; a comment\n", b"; a comment\n\tHooksPath = /evil # here\n")
    assert restored(NORMAL, after, counts) == NORMAL


def test_a_changed_line_goes_back_to_its_place():
    before = NORMAL.replace(b"\tbare", b"\teditor = vi\n\tbare")
    after = NORMAL.replace(b"\tbare", b'\tEDITOR = "touch x; vi"\n\tbare') + b'[remote "new"]\n\turl = b\n'
    assert restored(before, after, counts) == before + b'[remote "new"]\n\turl = b\n'


@pytest.mark.parametrize("after", [b"[core\n", b"\0", b'[alias]\n\tx = "open\n', b"nonsense"])
def test_what_cannot_be_read_is_replaced_as_a_whole(after):
    assert differing(NORMAL, after, counts) is None
    assert restored(NORMAL, after, counts) == NORMAL
