"""Votes, canaries and baselines: what makes a review's findings stable, and its silence mean something."""

import ast
import json
import re
import subprocess
from datetime import date, timedelta

import pytest

from llmx.errors import ConfigError, NotFoundError
from llmx.templates.builtin.code_review.canaries import again, code_of, plant
from llmx.templates.builtin.code_review.defects import BY_SUFFIX, PYTHON
from llmx.templates.builtin.code_review.sources import Source
from llmx.templates.findings import fingerprint
from tests.templates.conftest import asked_of, llmx, perform
from tests.templates.model import Model

CODE = "import os\n\n\ndef run(command):\n    return os.system(command)\n\n\ndef safe():\n    return eval('1')\n"
SHELL, EVAL = "return os.system(command)", "return eval('1')"


@pytest.fixture
def code(alone, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CODE)
    return tmp_path / "src"


def found(evidence, severity="high", file="a.py", line=5):
    return {"file": file, "line": line, "severity": severity, "message": f"about {evidence}", "evidence": evidence}


def said(*findings):
    return json.dumps({"findings": list(findings)})


def review(answers, url_to=None, aspects=("security",), parameters=(), **options):
    """A review whose n-th question gets the n-th answer, or that of a function of the question's text."""
    left = iter(answers) if not callable(answers) else None
    with Model(lambda body: answers(body["messages"][-1]["content"]) if left is None else next(left)) as model:
        given = {"code_path": "src", "aspects": list(aspects), **dict(parameters)}
        result = perform("code-review", given, asked_of(model.url), jobs=1, **options)
    return result, model


def test_the_majority_of_votes_holds_and_what_is_unstable_is_told(code):
    answers = [
        said(found(SHELL), found(EVAL, line=9)),
        said(found(SHELL, "low")),
        said(found(SHELL, "critical", line=4)),
    ]
    result, model = review(answers, votes=3)
    assert len(model.bodies) == 3
    assert [(each["line"], each["severity"]) for each in result.findings] == [(5, "high")]
    assert result.checks.votes == 3
    assert [(each["line"], each["votes"], each["kept"]) for each in result.checks.unstable] == [
        (5, 3, True),
        (9, 1, False),
    ]


def test_votes_that_agree_are_stable(code):
    result, _ = review([said(found(SHELL))] * 2, votes=2)
    assert ([each["line"] for each in result.findings], result.checks.unstable) == ([5], [])


def test_half_of_the_votes_is_no_majority(code):
    result, _ = review([said(found(SHELL)), said()], votes=2)
    assert (result.findings, result.outcome) == ([], "clean")
    assert len(result.checks.unstable) == 1


def test_each_vote_is_kept_for_itself(code, tmp_path):
    """With --cache the second run asks nothing, and still has three different answers."""
    answers = iter([said(found(SHELL)), said(found(SHELL)), said()])
    with Model(lambda body: next(answers)) as model:
        named = ["--backend", "openai", "--model", "gpt-4o-mini", "--api-base", model.url, "--cache", "--jobs", "1"]
        words = [*named, "--param", "aspects=security", "--param", "code_path=src", "--votes", "3", "--output", "json"]
        first, second = (llmx("exec", "code-review", *words, OPENAI_API_KEY="k") for _ in range(2))
        assert len(model.bodies) == 3
    assert (first.returncode, second.returncode) == (1, 1)
    told = json.loads(second.stdout)
    assert told["checks"]["unstable"][0]["votes"] == 2
    assert (told["metrics"]["cached_calls"], told["metrics"]["tokens_used"], told["metrics"]["cost_usd"]) == (3, 0, 0)


def planted_in(text):
    """The canaries' lines of a prompt as findings: what a model that looks would say."""
    own = CODE.split("\n")
    lines = [line.partition(": ") for line in text.split("\n") if line[:1].isdigit()]
    return [found(code_, line=int(number)) for number, _, code_ in lines if code_ and code_ not in own]


def test_a_model_that_sees_what_is_planted_is_believed_and_nothing_planted_is_told(code, tmp_path):
    result, model = review(lambda text: said(found(SHELL), *planted_in(text)), canaries=3)
    assert [each["reported"] for each in result.checks.canaries] == [True] * 3
    assert [each["line"] for each in result.findings] == [5]
    assert result.outcome == "findings"
    assert (code / "a.py").read_text() == CODE
    made = {each.name: each.data.decode() for each in result.artifacts}
    assert json.loads(made["review-findings.json"])["counts"]["high"] == 1
    assert "## high: a.py:5 (security)" in made["review-report.md"]
    names = set(re.findall(r"def (\w+)\(", model.prompts()[0])) - {"run", "safe"}
    assert len(names) == 3
    for name in names:
        assert name not in json.dumps(result.envelope([])) + "".join(made.values())


@pytest.mark.parametrize("answer", [said(), said(found(SHELL)), said(found(EVAL, line=9))])
def test_one_defect_that_was_not_reported_makes_it_inconclusive(code, answer):
    result, _ = review([answer], canaries=2)
    assert (result.outcome, result.exit_code) == ("inconclusive", 3)
    assert "2 of 2 planted defects were not reported" in result.problem


def test_what_is_said_about_a_planted_name_is_not_told_either(code):
    def answer(text):
        name = next(line for line in text.split("\n") if "def " in line and "run" not in line and "safe" not in line)
        word = name.split("def ")[1].split("(")[0]
        return said(*planted_in(text), {**found(SHELL), "message": f"like {word}, it runs a shell"})

    result, _ = review(answer, canaries=1)
    assert (result.findings, result.outcome) == ([], "clean")


def test_a_canary_must_be_seen_by_most_of_the_votes(code):
    asked = []

    def answer(text):
        asked.append(text)
        return said(*planted_in(text)) if len(asked) == 1 else said()

    result, _ = review(answer, canaries=1, votes=3)
    assert result.exit_code == 3


def test_a_diff_has_canaries_too_and_fixes_know_nothing_of_them(code, tmp_path):
    git = ["git", "-C", str(code), "-c", "user.name=a", "-c", "user.email=b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    (code / "a.py").write_text(CODE.replace("eval('1')", "eval('2')"))
    subprocess.run([*git, "add", "."], check=True)
    mend = {**found("return eval('2')", line=9), "replacement": "return 2"}
    result, _ = review(
        lambda text: said(mend, *[each for each in planted_in(text.replace("+: ", ": ")) if "eval" not in str(each)]),
        parameters={"generate_fixes": True}.items(),
        canaries=2,
        extra={"diff": "", "staged": True},
    )
    assert result.outcome == "findings", result.problem
    (finding,) = result.findings
    (tmp_path / "fix.patch").write_text(finding["patch"])
    subprocess.run([*git, "apply", "--check", f"{tmp_path}/fix.patch"], check=True)


@pytest.mark.parametrize("suffix", [*BY_SUFFIX, "nix"])
def test_what_is_planted_is_the_same_for_the_same_sources_and_leaves_their_lines(suffix):
    sources = [Source(f"a.{suffix}", "one\ntwo\n"), Source("b.txt", "three")]
    copies, canaries = plant(sources, 4, ["security", "correctness"], None)
    assert (copies, canaries) == plant(sources, 4, ["security", "correctness"], None)
    assert canaries != plant(sources, 4, ["security", "correctness"], 1)[1]
    assert len({each.name for each in canaries}) == 4
    by_path = {each.path: each for each in copies}
    assert by_path[f"a.{suffix}"].lines[:2] == ["one", "two"]
    told = [{**vars(each), "code": code_of(each)} for each in canaries]
    assert again(sources, told) == (by_path, canaries)
    for each in canaries:
        assert any(each.name in line for line in by_path[each.file].lines[each.first - 1 : each.last])
        assert each.file != "b.txt"


def test_there_is_a_defect_for_every_aspect_and_python_takes_them():
    assert {defect.aspect for defect in PYTHON} == {
        *("security", "correctness", "performance", "maintainability", "style", "documentation", "testing")
    }
    for defect in PYTHON:
        ast.parse(defect.code.replace("NAME", "name"))


MARK = fingerprint("a.py", "security", SHELL)
LATER, BEFORE = (date.today() + timedelta(days) for days in (30, -30))


@pytest.mark.parametrize(
    ("text", "rc", "kind"),
    [
        ("", 1, ""),
        (f'[known]\n{MARK} = "x"\n', 0, "known"),
        (f'[suppressed.{MARK}]\nreason = "r"\nexpires = {LATER}\n', 0, "suppressed"),
        (f'[suppressed.{MARK}]\nreason = "r"\nexpires = "{LATER}"\n', 0, "suppressed"),
        (f'[suppressed.{MARK}]\nreason = "r"\nexpires = {BEFORE}\n', 1, "expired"),
        (f'[known]\n{MARK} = "x"\n[suppressed.{MARK}]\nreason = "r"\nexpires = {BEFORE}\n', 1, "expired"),
        (f'[known]\n{"0" * 32} = "x"\n', 1, "gone"),
    ],
)
def test_only_findings_that_are_new_count(code, tmp_path, text, rc, kind):
    (tmp_path / "base.toml").write_text(text)
    result, _ = review([said(found(SHELL))], baseline="base.toml")
    assert (result.exit_code, len(result.findings)) == (rc, rc)
    assert [key for key in ("known", "suppressed", "expired", "gone") if result.baseline[key]] == (
        [kind] if kind else []
    )
    assert len(result.result["findings"]) == 1, "the template's own result tells all"


def test_a_baseline_is_made_and_grows_and_keeps_what_people_wrote(code, tmp_path):
    with pytest.raises(NotFoundError, match="there is no baseline"):
        review([], baseline="base.toml")
    made, _ = review([said(found(SHELL))], baseline="base.toml", updates_baseline=True)
    assert (made.exit_code, made.baseline["added"]) == (0, 1)
    file = tmp_path / "base.toml"
    file.write_text(f"# ours\n{file.read_text()}\n[suppressed.{'1' * 32}]  # why\nreason = 'r'\nexpires = {LATER}\n")
    assert review([said(found(SHELL))], baseline="base.toml")[0].exit_code == 0
    assert review([said(found(EVAL, line=9))], baseline="base.toml")[0].exit_code == 1
    review([said(found(EVAL, line=9))], baseline="base.toml", updates_baseline=True)
    text = file.read_text()
    assert text.startswith("# ours\n")
    assert "# why" in text
    assert review([said(found(SHELL), found(EVAL, line=9))], baseline="base.toml")[0].exit_code == 0


def test_what_was_found_is_told_also_where_the_baseline_cannot_be_written(code, tmp_path):
    (tmp_path / "file").write_text("")
    result, _ = review([said(found(SHELL))], baseline="file/b.toml", updates_baseline=True)
    assert (result.exit_code, result.outcome, len(result.findings)) == (2, "failed", 1)


def test_a_run_that_concludes_nothing_changes_no_baseline(code, tmp_path):
    result, _ = review([said(found(SHELL))], baseline="base.toml", updates_baseline=True, canaries=1)
    assert result.exit_code == 3
    assert not (tmp_path / "base.toml").exists()


@pytest.mark.parametrize(
    ("text", "said_"),
    [
        ("[knwon]\n", "did you mean known"),
        ("known = 1\n", "known: it must be a table"),
        (f'[suppressed.{MARK}]\nreason = ""\nexpires = {LATER}\n', "reason: it must be a text"),
        (f'[suppressed.{MARK}]\nreason = "r"\n', "expires: it must be a day"),
        (f'[suppressed.{MARK}]\nreason = "r"\nexpires = "never"\n', "expires: it must be a day"),
        (f'[suppressed.{MARK}]\nreason = "r"\nexpires = {LATER}\nby = "me"\n', "there is no such key"),
        ("[known\n", "base.toml"),
    ],
)
def test_a_wrong_baseline_is_refused_before_anything_is_asked(code, tmp_path, text, said_):
    (tmp_path / "base.toml").write_text(text)
    with pytest.raises(ConfigError, match=said_):
        review([], baseline="base.toml")


@pytest.mark.parametrize("words", [["--votes", "3"], ["--canary", "1"], ["--baseline", "x"], ["--diff", "a...b"]])
def test_a_template_that_does_not_take_an_option_refuses_it(alone, words):
    done = llmx("exec", "interactive-chat", "--backend", "mock", "--param", "message=x", *words)
    assert done.returncode == 2
    assert f"interactive-chat does not take {words[0]}" in done.stderr
