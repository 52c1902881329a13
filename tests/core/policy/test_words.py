"""A line of shell, read without running it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.policy.words import UNKNOWN, Line, assigned, misleads, runs_value


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("", []),
        ("# git push", []),
        ("a b;c&&d||e|f&g\nh", [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"], ["h"]]),
        ("a#b", [["a#b"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a ''", [["a", ""]]),
        ('"a\\"b" "c\\d"', [['a"b', "c\\d"]]),
        ("a\\\nb", [["ab"]]),
        ("A=1 B+=2 a C=3", [["a", "C=3"]]),
        ("A=1", []),
        ("a >b 2>&1 <c", [["a"]]),
        (">b a c", [["a", "c"]]),
        ("a 2 >b", [["a", "2"]]),
        ("a 2>b", [["a"]]),
        ("a &>b c", [["a"], ["c"]]),
        ("(a; (b))", [["a"], ["b"]]),
        ("{ a; }; b", [["a"], ["b"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while a; do b; done < f", [["a"], ["b"]]),
        ("for x in 1 2; do a; done", [["a"]]),
        ("f() { a; }", [["a"]]),
        ("function f { a; }", [["a"]]),
        ("! a", [["a"]]),
        ("[ a = b ] && c", [["[", "a", "=", "b", "]"], ["c"]]),
        ("[[ a || b ]]", [["[[", "a"], ["b", "]]"]]),
        ("((a b))", [["a", "b"]]),
        ("a $((1 + (2 * 3))) b", [["a", UNKNOWN, "b"]]),
        ("a $x ${y} $1 $@ x$y", [["a", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, f"x{UNKNOWN}"]]),
        ("a $", [["a", "$"]]),
        ("a *.py", [["a", f"{UNKNOWN}.py"]]),
        ("a {b,c} {} x", [["a", UNKNOWN, "{}", "x"]]),
        ("a $(b $(c))", [["c"], ["b", UNKNOWN], ["a", UNKNOWN]]),
        ("a $(b ')')", [["b", ")"], ["a", UNKNOWN]]),
        ("a `b \\`c\\``", [["c"], ["b", UNKNOWN], ["a", UNKNOWN]]),
        ('a "$(b)"', [["b"], ["a", UNKNOWN]]),
        ("a <(b)", [["b"], ["a", UNKNOWN]]),
        ("cat <<E\nrm x\nE\na", [["cat"], ["a"]]),
        ("cat <<-E\n\trm x\n\tE\na", [["cat"], ["a"]]),
        ("cat <<'E'\n$(rm x)\nE\na", [["cat"], ["a"]]),
        ("cat <<A <<B\nA\nB\na", [["cat"], ["a"]]),
        ("PATH=x a", [["PATH"], ["a"]]),
        ("export PATH=x A=b", [["PATH"], ["export", "PATH=x", "A=b"]]),
        ("cat <<< 'rm x'", [["cat"]]),
    ],
)
def test_its_commands_are_found(line, commands):
    found = Line(line)
    assert found.commands == commands
    assert found.is_certain


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("a &>b c", [["a", "c"]]),
        ("[[ a && b < c ]] && d", [["d"]]),
        ("if ! [[ a || (b) ]]; then c; fi", [["c"]]),
        ("[[ $(a && b) ]]; c", [["a"], ["b"], ["c"]]),
        ("'[[' a || b", [["[[", "a"], ["b"]]),
        ("(( 1 < 2 )); a", [["a"]]),
    ],
)
def test_bash_has_brackets_of_its_own(line, commands):
    found = Line(line, is_bash=True)
    assert [words for words in found.commands if words[0] != "[["] == [w for w in commands if w[0] != "[["]
    assert found.is_certain


@pytest.mark.parametrize(
    "line",
    [
        "a 'b",
        'a "b',
        "a `b",
        "a $(b",
        "a ${b",
        "(a",
        "a)",
        "a <",
        "cat <<E\nx",
        "cat <<E\n$(a)\nE",
        "case a in a) b;; esac",
        "a=(1 2)",
        "=a b",
        "a $'\\'' b",
        "a=$(( x[$(b)] ))",
        "echo ${x:-$(a)}",
        "echo ${x@P}",
        "a $((b) | (c))",
        "BASH_ENV=x; bash y",
        f"a {UNKNOWN}",
        "$(" * 100 + ")" * 100,
    ],
)
def test_where_more_may_be_hidden_it_says_so(line):
    assert not Line(line).is_certain


def test_nesting_without_end_is_no_crash():
    assert not Line("$(" * 20000).is_certain
    assert not Line("(" * 20000).is_certain


@given(st.text("ab $(){}'\"`\\;&|<>#\n[]=*!", max_size=40))
def test_no_line_of_special_signs_breaks_it(text):
    found = Line(text)
    assert all(words and all(isinstance(word, str) for word in words) for words in found.commands)


@pytest.mark.parametrize(
    ("word", "name"), [("A=1", "A"), ("A+=1", "A"), ("A[0]=1", "A"), ("A", ""), ("1=2", ""), ("--a=b", ""), ("=", "")]
)
def test_an_assignment_is_told_from_a_word(word, name):
    assert assigned(word) == name


@pytest.mark.parametrize(("name", "expected"), [("PATH", True), ("LD_PRELOAD", True), ("", False), ("A", False)])
def test_some_variables_change_what_a_name_means(name, expected):
    assert misleads(name) is expected


@pytest.mark.parametrize(
    ("word", "expected"), [("BASH_ENV=x", True), ("PAGER=cat", False), ("A=x", False), ("x", False)]
)
def test_some_variables_hold_what_is_run(word, expected):
    assert runs_value(word) is expected
