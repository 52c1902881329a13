"""Anchors and fingerprints, counted: every anchor is right or there is none, and other words change no fingerprint."""

import json
import random
from pathlib import Path

import pytest

import llmx
from llmx.templates.builtin.code_review.anchors import anchored, squeezed
from llmx.templates.builtin.code_review.sources import Source, numbered
from tests.templates.conftest import asked_of, perform
from tests.templates.model import Model

HERE = Path(llmx.__file__).parent
CORPUS = [
    *(HERE / name for name in ("errors.py", "core/calls.py", "templates/engine.py", "core/structured.py")),
    *(HERE / name for name in ("core/backends/mock.py", "templates/loading.py", "core/usage/ledger.py")),
]
TRICKY = (
    "int f(int a) {\r\n\treturn a;\r\n}\r\n\r\nint g(int a) {\r\n\treturn a;\r\n}\r\n",
    "x = '5: return y'\nreturn y\n5: return y\n\n\nreturn y  # again and again\nü = 'ß'  \n\tü = 'ß'\n",
    "def a():\n    pass\n\n\ndef b():\n    pass\n\n\ndef c():\n    pass\n",
    "`quoted`\n```\nfence = 1\nmore = 2\n```\nfence = 1\n",
)


def lines_of(text):
    return Source("x", text.replace("\r\n", "\n")).lines


TEXTS = [lines_of(path.read_text()) for path in CORPUS] + [lines_of(text) for text in TRICKY]

QUOTES = {
    "as it stands": lambda line, number: line,
    "without its indentation": lambda line, number: line.strip(),
    "with other spaces": lambda line, number: line.replace(" ", "  ").replace("\t", "    "),
    "with its number": lambda line, number: f"{number}: {line}",
    "with its number and the mark of a diff": lambda line, number: f"{number}+: {line.strip()}",
    "in marks": lambda line, number: f"`{line.strip()}`",
    "in a fence": lambda line, number: f"```\n{line}\n```",
    "with empty lines around": lambda line, number: f"\n{line}\n\n",
}


@pytest.mark.parametrize("quote", QUOTES)
def test_every_line_of_the_corpus_is_found_where_it_is(quote):
    """The number that the model gives is off by up to three; where the line stands elsewhere too, it is right."""
    draw, wrong, count, missed = random.Random(quote), [], 0, 0
    for lines in TEXTS:
        for number, line in enumerate(lines, 1):
            if len(squeezed(line)) < 3:
                continue
            is_alone = sum(squeezed(line) in squeezed(other) for other in lines) == 1
            off = draw.randint(-3, 3) if is_alone else 0
            found = anchored(lines, number + off, QUOTES[quote](line, number))
            count += 1
            missed += found is None
            if found not in (None, (number, number)):
                wrong.append((number, line, found))
    assert count > 1000
    assert wrong == []
    assert missed <= 5


def test_several_lines_are_found_as_a_whole_or_not_at_all():
    draw, count = random.Random(1), 0
    for lines in TEXTS:
        for number in range(1, len(lines) - 3):
            block = lines[number - 1 : number + 2]
            if not block[0].strip() or not block[-1].strip():
                continue
            found = anchored(lines, number, "\n".join(line.strip() for line in block))
            assert found == (number, number + 2), block
            torn = [block[0], f"{block[1]} and more", block[2]]
            assert anchored(lines, number, "\n".join(torn)) is None
            count += 1
    assert count > 500
    assert draw


def test_what_nobody_wrote_is_found_nowhere():
    for lines in TEXTS:
        for number, line in enumerate(lines, 1):
            assert anchored(lines, number, f"{line} # never written 9731") is None
            assert anchored(lines, number, f"9731 = {line}") is None


@pytest.mark.parametrize("evidence", ["", " \n ", "x", "):", "`", "```\n```", "7:", "7: "])
def test_too_little_to_mean_a_line_is_no_anchor(evidence):
    assert anchored(["def f(x):", "    return x7: "], 1, evidence) is None


def test_among_lines_that_say_the_same_the_changed_one_is_meant():
    lines = ["same = 1", "other", "same = 1"]
    assert anchored(lines, 1, "same = 1") == (1, 1)
    assert anchored(lines, 1, "same = 1", frozenset({3})) == (3, 3)
    assert anchored(lines, 1, "other", frozenset({3})) == (2, 2)
    assert numbered(Source("x", "\n".join(lines), frozenset({3})))[2] == "3+: same = 1"


WORDS = [
    "A shell runs what the caller says.",
    "Command injection: `command` reaches a shell unchecked!",
    "Untrusted input is handed to the system.\nSee CWE-78.",
    "This is dangerous; use a list of words instead.",
]


SINGLE = [*QUOTES.values(), lambda line, number: line.strip()[: max(12, len(line.strip()) * 2 // 3)]]


def reworded(draw, number, lines):
    """A finding about a line in the words of another day: other message, number, severity, and way to quote.

    The prompt asks for one line and shows its number: one in ten quotes a neighbor too, one in four numbers is wrong.
    """
    line = lines[number - 1]
    evidence = draw.choice(SINGLE)(line, number)
    if draw.random() < 0.1:
        first = number - draw.randint(0, 1)
        evidence = "\n".join(lines[first - 1 : first + 1])
    return {
        "file": draw.choice(["a.py", "./a.py"]),
        "line": number + (draw.choice([-2, -1, 1, 2]) if draw.random() < 0.25 else 0),
        "severity": draw.choice(["low", "medium", "high"]),
        "message": draw.choice(WORDS),
        "evidence": evidence,
        "suggestion": draw.choice(["", "Use subprocess.run with a list.", "Quote it."]),
    }


def test_a_finding_in_other_words_keeps_its_fingerprint_in_95_of_100(alone, tmp_path):
    """200 findings, each told twice; the second time the code has moved as well."""
    draw = random.Random(200)
    texts = [path.read_text() for path in CORPUS]
    kept = total = 0
    while total < 200:
        text = draw.choice(texts)
        lines = text.removesuffix("\n").split("\n")
        spots = [at for at, line in enumerate(lines, 1) if len(line.strip()) >= 24 and 2 < at < len(lines)]
        chosen = draw.sample(spots, 10)
        moved = "# moved\n\n" * draw.randint(0, 3) + text
        marks = []
        for version, shift in ((text, 0), (moved, moved.count("\n") - text.count("\n"))):
            (tmp_path / "a.py").write_text(version)
            now = version.removesuffix("\n").split("\n")
            told = [reworded(draw, at + shift, now) for at in chosen]
            marks.append(_fingerprints(told))
        kept += sum(one == other and one is not None for one, other in zip(*marks, strict=True))
        total += len(chosen)
    assert total == 200
    print(f"{kept} of {total} kept their fingerprints")
    assert kept >= 190


def _fingerprints(told):
    """What a review makes of each of these findings; the number in its message tells which one it was."""
    said = [{**each, "message": f"{number}: {each['message']}"} for number, each in enumerate(told)]
    given = {"code_path": "a.py", "aspects": ["security"], "chunk_bytes": 400000}
    with Model(lambda body: json.dumps({"findings": said})) as model:
        result = perform("code-review", given, asked_of(model.url))
    marks = {int(each["message"].split(":")[0]): each["fingerprint"] for each in result.findings}
    return [marks.get(number) for number in range(len(told))]


def test_two_lines_that_say_the_same_are_two_findings(alone, tmp_path):
    (tmp_path / "a.py").write_text("def a():\n    return eval(x)\n\n\ndef b():\n    return eval(x)\n")
    said = [
        {"file": "a.py", "line": line, "severity": "high", "message": "m", "evidence": "return eval(x)"}
        for line in (2, 6)
    ]
    with Model(lambda body: json.dumps({"findings": said})) as model:
        result = perform("code-review", {"code_path": "a.py", "aspects": ["security"]}, asked_of(model.url))
    assert [each["line"] for each in result.findings] == [2, 6]
    assert len({each["fingerprint"] for each in result.findings}) == 2
