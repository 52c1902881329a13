"""Reports: what others read is valid, says what happened, and obeys nobody."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from llmx.core.plugins import load
from llmx.templates import Template
from llmx.templates.outcomes import Checks, Result
from llmx.templates.reports import FORMS, LONGEST_SUMMARY
from llmx.templates.reports.inert import bare, inert, printable, quoted
from llmx.templates.reports.plain import as_summary, as_text
from tests.templates.conftest import llmx

SARIF = json.loads((Path(__file__).parents[1] / "data" / "sarif-2.1.0.json").read_text())
EVIL = (
    "::error::x\n::set-output name=a::b\r::stop-commands::t\u2028## [x](http://evil.example) ![p](https://evil.example)"
    " <img src=x onerror=alert(1)> @everyone www.evil.example ~~~\n```\n# h\n- [ ] l\n1. n\n| a | b |\n##[add-mask]x"
    " $x^2$ &#60;script&#62; \x1b[31m \x00 ]]> javascript:alert(1) <!-- -->"
)


def finding(**changes):
    plain = {
        "file": "a.py",
        "line": 5,
        "end_line": 6,
        "rule": "security",
        "severity": "high",
        "message": "m",
        "evidence": "x = 1\ny = 2",
        "suggestion": "s",
        "fingerprint": "f" * 32,
        "patch": "",
    }
    return {**plain, **changes}


def result(*findings, **changes):
    template = Template("code-review", "1", "code", "d", Path())
    made = Result(template, {}, "r", findings=list(findings), coverage=[{"path": "a.py", "read": True, "reason": ""}])
    made.provenance = {"models": [{"backend": "mock", "model": "mock", "mock": True, "demo": False}]}
    made.outcome = "findings" if findings else "clean"
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def told(form, made):
    return load(FORMS[form])(made)


ENDINGS = {
    "clean": result(),
    "findings": result(finding(), finding(line=9, severity="info", fingerprint="e" * 32)),
    "inconclusive": result(finding(), outcome="inconclusive", problem="half of it was read"),
    "failed": result(outcome="failed", problem="it broke", findings=None),
    "not covered": result(finding(), coverage=[]),
    "evil": result(finding(file=EVIL, message=EVIL, evidence=EVIL, suggestion=EVIL), problem=EVIL, outcome="failed"),
    "baseline": result(
        finding(),
        baseline={
            "known": [finding(fingerprint="a" * 32, rule="style")],
            "suppressed": [{"finding": finding(fingerprint="b" * 32), "reason": "why", "expires": "2027-01-01"}],
            "expired": [],
        },
        checks=Checks(2, 1, [{"file": "a.py", "defect": "d", "aspect": "security", "reported": True}], 3, [{}]),
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_sarif_is_valid_however_it_ended(ending):
    made = ENDINGS[ending]
    log = json.loads(told("sarif", made))
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    assert run["invocations"][0]["executionSuccessful"] is (made.outcome in ("clean", "findings"))
    assert [each["partialFingerprints"]["llmx/v1"] for each in run["results"]][: len(made.findings or ())] == [
        each["fingerprint"] for each in made.findings or ()
    ]


def test_sarif_marks_what_is_known_and_what_is_suppressed():
    results = json.loads(told("sarif", ENDINGS["baseline"]))["runs"][0]["results"]
    assert [(each["baselineState"], "suppressions" in each) for each in results] == [
        ("new", False),
        ("unchanged", False),
        ("unchanged", True),
    ]
    assert results[2]["suppressions"][0]["justification"] == "why (until 2027-01-01)"


@pytest.mark.parametrize(
    ("ending", "counts"),
    [
        ("clean", ("2", "0", "0")),
        ("findings", ("2", "1", "0")),
        ("inconclusive", ("2", "1", "1")),
        ("failed", ("2", "0", "1")),
        ("baseline", ("2", "1", "0")),
        ("not covered", ("2", "1", "0")),
    ],
)
def test_a_failure_is_no_error_in_junit(ending, counts):
    suite = ET.fromstring(told("junit", ENDINGS[ending])).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == counts
    assert len(suite.findall("testcase")) == int(counts[0])
    assert (len(suite.findall("testcase/failure")), len(suite.findall("testcase/error"))) == (
        int(counts[1]),
        int(counts[2]),
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_form_tells_every_ending(form, ending):
    text = told(form, ENDINGS[ending])
    text.encode()
    readers: dict[str, Callable[[str], object]] = {"json": json.loads, "gitlab": json.loads, "junit": ET.fromstring}
    assert readers.get(form, str)(text) is not None


@pytest.mark.parametrize(("ending", "count"), [("clean", 0), ("findings", 2), ("inconclusive", 2), ("failed", 1)])
def test_code_quality_is_never_empty_where_nobody_can_tell(ending, count):
    rows = json.loads(told("gitlab", ENDINGS[ending]))
    assert len({row["fingerprint"] for row in rows}) == len(rows) == count
    assert all(row["location"]["path"] and row["severity"] for row in rows)


def test_annotations_are_one_command_a_finding_whatever_it_says():
    lines = told("github", ENDINGS["evil"]).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("::error ") for line in lines)
    assert "##[" not in "".join(lines)


HTML = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tags(text):
    """The tokens that Markdown makes of ``text``."""
    return [inner.type for token in HTML.parse(text) for inner in [token, *(token.children or [])]]


@pytest.mark.parametrize("form", ["summary", "markdown"])
def test_what_is_shown_on_a_page_is_text_and_nothing_else(form):
    text = told(form, ENDINGS["evil"])
    assert not set(tags(text)) & {"link_open", "image", "html_inline", "html_block", "fence", "table_open", "s_open"}
    shown = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
    for live in ("://", "www.", "@e", "<img", "&#"):
        assert live not in shown
    for line in text.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    assert "\x1b" not in text
    assert "Answered by mock, a mock" in text


@pytest.mark.parametrize("made", [EVIL, {"answer": EVIL}, {"text": inert(EVIL)}])
def test_what_is_shown_on_a_terminal_is_as_it_was_written_and_no_command(made):
    told = as_text(result(outcome="failed", problem=f"pip install 'llmx-toolkit[data]' {EVIL}", result=made))
    assert "pip install" not in told  # stderr has the problem
    assert told.count("[x](http://evil.example)") == 1
    assert told.count(" <img src=x onerror=alert(1)> @everyone www.evil.example ~~~") == 1
    assert "**" not in told
    assert "##[" not in told
    assert "\x1b" not in told
    assert not any(line.lstrip().startswith("::") for line in told.splitlines())


def test_a_character_that_is_left_out_leaves_no_command_behind():
    told = as_text(result(result="\x1b::error::a #\x01#[add-mask]b"))
    assert "##[" not in told
    assert not any(line.startswith("::") for line in told.splitlines())


def test_an_answer_that_is_the_whole_result_is_text_in_markdown_too():
    assert not set(tags(told("markdown", result(result=EVIL)))) & {"link_open", "image", "html_inline", "html_block"}


@given(st.text("a:/@.w<>&;lt`*_~[]()#!|\\-+=1$\n\r\u2028 \t{}^"))
def test_what_is_made_inert_can_be_read_again(text):
    assert bare(inert(text)) == printable(text)


@given(st.text("a:/@.w<>&`*_~[]()#!|\\-+=1$\n\r\u2028 \t{}^"))
def test_no_text_becomes_markup(text):
    (paragraph, inline, end) = HTML.parse(f"x\n\n{inert(text)}\n")[3:] or (None, None, None)
    if paragraph and inline and end:
        assert (paragraph.type, end.type) == ("paragraph_open", "paragraph_close")
        assert {child.type for child in inline.children or ()} <= {"text", "text_special"}


@given(st.text("a:#[<` \t\n\r\x0b\x0c\x85\u2028"))
def test_no_quoted_code_leaves_its_block(text):
    lines = quoted(text)
    assert set(tags("x\n\n" + "\n".join(lines) + "\n")) <= {
        *("paragraph_open", "inline", "text", "paragraph_close", "code_block")
    }


MANY = [finding(message="x" * 9000, fingerprint=f"{n:032}") for n in range(1200)]
FILES = [{"path": f"{n}.py", "read": False, "reason": "why"} for n in range(5001)]


@pytest.mark.parametrize(
    ("changes", "room"),
    [({}, LONGEST_SUMMARY), ({}, 10), ({"coverage": FILES}, 5000), ({"problem": "x" * 9000}, 5000)],
    ids=["findings", "nothing", "files", "problem"],
)
def test_a_summary_that_does_not_fit_says_how_much_is_missing(changes, room):
    text = as_summary(result(*MANY[:130], **changes), room)
    assert len(text.encode()) <= max(room, 200)
    assert "are not shown here: they do not fit." in text
    if room == LONGEST_SUMMARY:
        assert 0 < text.count("## high") < 130
        assert "1 of 1 files were read." in text


@pytest.mark.parametrize("many", [MANY, [finding(fingerprint=f"{n:032}") for n in range(5002)]], ids=["long", "many"])
def test_a_sarif_log_is_no_larger_than_code_scanning_takes(many):
    log = told("sarif", result(*many, coverage=FILES))
    (run,) = json.loads(log)["runs"]
    left = len(many) - len(run["results"])
    assert left > 0
    text = f"{left} more results are not here: they do not fit"
    assert run["invocations"][0]["toolExecutionNotifications"] == [{"level": "warning", "message": {"text": text}}]
    assert len(log.encode()) < 12_000_000, "before it is compressed"


def test_annotations_begin_with_what_must_be_seen_since_github_shows_ten():
    many = [finding(line=n, severity="low", fingerprint=f"{n:032}") for n in range(11)]
    lines = told("github", result(*many, problem="half of it was read", outcome="inconclusive")).splitlines()
    assert lines[0] == "::error title=code-review::half of it was read"
    assert lines[1].startswith("::warning title=code-review::11 findings; GitHub shows 10")
    assert len(lines) == 13
    assert len(told("github", result(*many[:10])).splitlines()) == 10
    assert len(told("github", result(finding(message="x" * 100_000)))) < 5000


@pytest.mark.parametrize("words", [["--report", "github"], ["--report", "sarif=o.sarif"]])
def test_the_page_of_a_job_gets_a_summary_with_the_annotations(alone, tmp_path, words):
    (tmp_path / "a.py").write_text("x = 1\n")
    script = tmp_path / "script.jsonl"
    said = {**finding(), "evidence": "x = 1", "message": "<b>@you</b>", "line": 1}
    kept = {key: said[key] for key in ("file", "line", "severity", "message", "evidence")}
    script.write_text(json.dumps({"text": json.dumps({"findings": [kept]})}))
    (tmp_path / "summary").write_text("before\n")
    env = {"LLMX_MOCK_SCRIPT": str(script), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    given_ = ["--param", "code_path=a.py", "--param", "aspects=security", "--backend", "mock"]
    done = llmx("exec", "code-review", *given_, *words, **env)
    assert done.returncode == 1
    text = (tmp_path / "summary").read_text()
    assert text.startswith("before\n")
    assert ("&lt;b\\>@\u200byou&lt;/b\\>" in text) is ("github" in words)
    none = {**env, "GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "where")}
    assert llmx("exec", "code-review", *given_, *words, **none).returncode == 1


def test_the_envelope_on_stdout_is_json_and_no_command(own, alone, tmp_path):
    name = own('[[phases]]\nid = "x"\nrun = "phases:x"\n', "def x(context):\n    return '##[add-mask]a ::error::b'\n")
    done = llmx("exec", name, "--output", "json")
    assert "##[" not in done.stdout
    assert json.loads(done.stdout)["result"] == "##[add-mask]a ::error::b"


ONE = ('[[phases]]\nid = "x"\nrun = "phases:x"\n', "def x(context):\n    return {}\n")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["sarif="], (2, "names no file")),
        (["sarif=x", "junit=x"], (2, "two reports go to")),
        (["sarif=x", "junit=./x"], (2, "two reports go to")),
        (["sarif=-", "junit"], (2, "both go to stdout")),
        (["sarif=/dev/full", "junit=y"], (2, "No space left on device")),
        (["json=-"], (0, "")),
    ],
)
def test_a_report_goes_where_it_was_told_to_or_the_run_has_failed(own, alone, tmp_path, words, wanted):
    rc, said = wanted
    name = own(ONE[0], ONE[1].format("1"))
    done = llmx("exec", name, *(word for each in words for word in ("--report", each)))
    assert (done.returncode, said in done.stderr) == (rc, True), done
    assert not (tmp_path / "-").exists()
    if rc == 0:
        assert json.loads(done.stdout)["outcome"] == "clean"
    if "junit=y" in words:
        assert ET.parse(tmp_path / "y").getroot().tag == "testsuites"
        assert "--resume" in done.stderr


def test_a_page_that_others_have_filled_gets_only_what_fits(own, alone, tmp_path):
    (tmp_path / "page").write_text("x" * (LONGEST_SUMMARY - 300))
    name = own(ONE[0], ONE[1].format("'y\\n' * 100000"))
    llmx("exec", name, "--report", "github", GITHUB_STEP_SUMMARY=str(tmp_path / "page"))
    page = (tmp_path / "page").read_text()
    assert len(page) <= LONGEST_SUMMARY
    assert "they do not fit" in page
