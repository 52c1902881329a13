"""code-review: what a model says is checked against the source, and the exit code tells what happened."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.errors import UsageError
from llmx.templates.builtin.code_review.anchors import anchored
from llmx.templates.builtin.code_review.sources import Source, parts_of
from llmx.templates.diffs import read_diff
from llmx.templates.findings import fingerprint
from tests import forked
from tests.templates.conftest import asked_of, perform
from tests.templates.model import Model

CODE = "import os\n\n\ndef run(command):\n    return os.system(command)  # dangerous\n\n\ndef safe():\n    return 1\n"
EVIL = {
    "file": "a.py",
    "line": 40,
    "severity": "high",
    "message": "a shell runs what the caller says\n::error::injected",
    "evidence": "return os.system(command)  # dangerous",
    "suggestion": "use a list",
    "replacement": "return subprocess.run(command)",
}
INVENTED = {"file": "a.py", "line": 1, "severity": "critical", "message": "no", "evidence": "password = 'hunter2'"}


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A folder with code, and no model but what a script says."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    return tmp_path / "src"


def says(tmp_path, monkeypatch, **by_aspect):
    """The mock finds these, by aspect."""
    entries = [
        {"when": f"Aspect: {aspect}", "text": json.dumps({"findings": findings})}
        for aspect, findings in by_aspect.items()
    ]
    script = tmp_path / "script.jsonl"
    rest = {"when": "Aspect", "text": '{"findings": []}'}
    script.write_text("".join(json.dumps(entry) + "\n" for entry in (entries or [rest])))
    monkeypatch.setenv("LLMX_MOCK_SCRIPT", str(script))


@pytest.fixture
def script(code, tmp_path, monkeypatch):
    """Say what the mock finds, by aspect."""
    return lambda **by_aspect: says(tmp_path, monkeypatch, **by_aspect)


def review(*words, aspects="security", backend=("--backend", "mock"), stdin=None):
    command = [sys.executable, "-m", "llmx", "template", "exec", "code-review", *backend]
    command += ["--param", f"aspects={aspects}"] if aspects else []
    return forked.run([*command, *words], text=True, stdin=stdin)


def envelope(*words, **options):
    done = review(*words, "--output", "json", **options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.promise("S2-39")
def test_a_finding_stands_at_the_line_that_holds_its_evidence(code, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch, security=[EVIL, INVENTED, {**EVIL, "severity": "low", "message": "the same again"}])
    rc, told = envelope("--param", "code_path=src")
    assert (rc, told["outcome"], told["exit_code"]) == (1, "findings", 1)
    (finding,) = told["result"]["findings"]
    assert (finding["file"], finding["line"], finding["severity"], finding["rule"]) == ("a.py", 5, "high", "security")
    assert finding["evidence"] == "    return os.system(command)  # dangerous"
    assert told["result"]["counts"]["high"] == 1
    assert told["result"]["not_in_the_source"] == 1
    assert told["result"]["score"] == 88
    assert told["coverage"] == [{"path": "a.py", "read": True, "reason": ""}]


def test_nothing_found_is_0_and_clean(code, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch)
    rc, told = envelope("--param", "code_path=src")
    assert (rc, told["outcome"], told["result"]["score"]) == (0, "clean", 100)
    assert told["provenance"]["models"][0]["mock"] is True


@pytest.mark.parametrize(
    ("words", "code_"),
    [
        (["--fail-on", "high"], 1),
        (["--fail-on", "critical"], 0),
        (["--fail-on", "never"], 0),
        (["--param", "severity_filter=critical"], 0),
    ],
)
def test_what_fails_is_decided_by_severity(script, words, code_):
    script(security=[EVIL])
    assert envelope("--param", "code_path=src", *words)[0] == code_


def test_every_aspect_is_asked_and_counts_as_a_rule_of_its_own(code, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch, security=[EVIL], style=[EVIL])
    _, told = envelope("--param", "code_path=src", aspects="security,style")
    assert [each["rule"] for each in told["result"]["findings"]] == ["security", "style"]
    assert told["metrics"]["model_calls"] == 2


@pytest.mark.parametrize(
    ("backend", "code_", "said"),
    [
        ((), 3, "no model is configured"),
        (("--backend", "ollama", "--model", "m"), 3, "no connection"),
        (("--backend", "openai", "--model", "m"), 3, "OPENAI_API_KEY"),
        (("--backend", "mock"), 7, "does not fit the schema"),
    ],
)
def test_what_did_not_run_is_never_0(code, backend, code_, said):
    rc, told = envelope("--param", "code_path=src", backend=backend)
    assert rc == code_
    assert said in told["metadata"]["problem"]
    assert told["metadata"]["failed_phase"] == "review"
    assert told["result"] is None


def test_a_budget_ends_it_before_anything_is_sent(code, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch)
    rc, told = envelope("--param", "code_path=src", "--max-tokens-total", "10")
    assert rc == 6
    assert told["metrics"]["model_calls"] == 0


def test_what_could_not_be_read_makes_it_inconclusive(code, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch)
    (code / "b.py").write_bytes(b"x = '\xff'\n")
    (code / "notes.txt").write_text("no code")
    rc, told = envelope("--param", "code_path=src")
    assert (rc, told["outcome"]) == (3, "inconclusive")
    assert "1 of 2 files were read" in told["metadata"]["problem"]
    assert {each["path"]: each["reason"] for each in told["coverage"]} == {
        "a.py": "",
        "b.py": "no UTF-8 text",
        "notes.txt": "not code by its name",
    }
    assert envelope("--param", "code_path=src", "--min-coverage", "50")[0] == 0


@pytest.mark.parametrize(
    ("words", "rc", "said"),
    [
        (["--param", "code_path=nowhere"], 4, "there is nothing at nowhere"),
        (["--param", "code_pth=src"], 2, "did you mean code_path?"),
        (["--report", "sarf=x"], 2, "did you mean sarif?"),
        (["--fail-on", "hihg"], 2, "did you mean high?"),
        (["--diff", "--output=/x"], 2, "--diff takes a git range"),
        (["--param", "aspects=luck"], 2, "'luck' is not one of"),
    ],
)
def test_wrong_words_are_refused(script, words, rc, said):
    script()
    done = review(*words, aspects="")
    assert done.returncode == rc
    assert said in done.stderr + done.stdout


SCHEMAS = Path(__file__).parents[1] / "data"


def test_reports_are_what_others_read(code, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch, security=[EVIL])
    done = review(
        *("--param", "code_path=src", "--report", "github", "--report", "sarif=o.sarif"),
        *("--report", "junit=o.xml", "--report", "gitlab=o.json", "--report", "markdown=o.md"),
    )
    assert done.returncode == 1
    assert done.stdout == (
        "::error file=a.py,line=5,endLine=5,title=security (high)::"
        "a shell runs what the caller says%0A::error::injected\n"
    )
    sarif = json.loads((tmp_path / "o.sarif").read_text())
    jsonschema.validate(sarif, json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()))
    (told,) = sarif["runs"][0]["results"]
    assert told["locations"][0]["physicalLocation"]["region"]["startLine"] == 5
    assert told["partialFingerprints"]["llmx/v1"] == fingerprint("a.py", "security", CODE.split("\n")[4])
    suite = ET.fromstring((tmp_path / "o.xml").read_text()).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    (issue,) = json.loads((tmp_path / "o.json").read_text())
    assert (issue["severity"], issue["location"]["lines"]["begin"]) == ("critical", 5)
    assert "a shell runs what the caller says ::error::injected" in (tmp_path / "o.md").read_text()


def test_a_run_without_a_model_is_an_error_in_every_report(code, tmp_path):
    done = review("--param", "code_path=src", "--report", "sarif=o.sarif", "--report", "junit=o.xml", backend=())
    assert done.returncode == 3
    sarif = json.loads((tmp_path / "o.sarif").read_text())
    jsonschema.validate(sarif, json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()))
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False
    suite = ET.fromstring((tmp_path / "o.xml").read_text()).find("testsuite")
    assert suite is not None
    assert suite.get("errors") == "1"


def git(folder, *words):
    env = {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, env={**env, "GIT_COMMITTER_EMAIL": "a@b"}
    )


@pytest.fixture
def repository(code):
    git(code, "init", "-q", "-b", "main")
    git(code, "add", ".")
    git(code, "commit", "-qm", "first")
    (code / "a.py").write_text(CODE.replace("return 1", "return eval('1')"))
    (code / "new file.py").write_text("x = 1\n")
    git(code, "add", ".")
    return code


def test_only_what_a_diff_changes_is_told(repository, tmp_path, monkeypatch):
    new = {**EVIL, "evidence": "return eval('1')", "line": 9}
    says(tmp_path, monkeypatch, security=[EVIL, new])
    _, staged = envelope("--param", "code_path=src", "--staged")
    assert [each["line"] for each in staged["result"]["findings"]] == [9]
    assert [each["path"] for each in staged["coverage"]] == ["a.py", "new file.py"]
    git(repository, "commit", "-qm", "second")
    _, told = envelope("--param", "code_path=src", "--diff", "HEAD~1...HEAD")
    assert [each["line"] for each in told["result"]["findings"]] == [9]
    rc, none = envelope("--param", "code_path=src", "--diff", "nowhere...HEAD")
    assert rc == 3
    assert "git diff nowhere...HEAD" in none["metadata"]["problem"]


def test_a_fix_is_a_patch_that_git_takes(repository, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch, security=[EVIL])
    _, told = envelope("--param", "code_path=src", "--param", "generate_fixes=true")
    (tmp_path / "fix.patch").write_text(told["result"]["findings"][0]["patch"])
    git(repository, "apply", "--check", str(tmp_path / "fix.patch"))
    git(repository, "apply", str(tmp_path / "fix.patch"))
    assert "    return subprocess.run(command)\n" in (repository / "a.py").read_text()


@given(st.lists(st.text("ab c=()", min_size=1, max_size=12), min_size=1, max_size=30), st.data())
def test_an_anchor_is_always_a_line_that_holds_the_evidence(lines, data):
    at = data.draw(st.integers(0, len(lines) - 1))
    found = anchored(lines, data.draw(st.integers(-5, 40)), lines[at])
    if "".join(lines[at].split()):
        assert found is not None
        assert "".join(lines[at].split()) in "".join(lines[found.first - 1].split())
    else:
        assert found is None


@given(st.lists(st.text("ab\u00e9 ", max_size=40), min_size=1, max_size=60), st.integers(20, 400))
def test_parts_leave_no_line_out(lines, size):
    source = Source("a.py", "\n".join(lines) + "\n")
    told = [line for part in parts_of([source], size) for line in part.split("\n") if not line.startswith("file: ")]
    assert told == [f"{number}: {line}" for number, line in enumerate(source.lines, 1)]


def test_a_finding_in_other_words_keeps_its_fingerprint():
    code = "    return os.system(command)"
    moved = {
        fingerprint("a.py", "security", text) for text in (code, code.strip(), code.replace("  ", "\t"), f" {code}  ")
    }
    assert len(moved) == 1
    assert fingerprint("b.py", "security", code) not in moved
    assert fingerprint("a.py", "style", code) not in moved


def test_a_diff_is_read_with_renames_deletions_and_odd_names():
    diff = (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n+c\n@@ -9,0 +11 @@ def f\n+d\n"
        "--- a/gone\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-1\n-2\n-3\n"
        '--- "a/\\303\\244.py"\n+++ "b/\\303\\244.py"\n@@ -1 +1 @@\n-x\n+y\n'
    )
    assert read_diff(diff).lines == {"x": {1: "b", 2: "c", 11: "d"}, "ä.py": {1: "y"}}


def test_what_a_diff_adds_is_no_head_of_another_file():
    diff = (
        "--- a/x\n+++ b/x\n@@ -0,0 +1,3 @@\n+a\n+++ /dev/null\n+++ b/y\n@@ -9,3 +12,3 @@\n-i\n b\n+c\n d\n"
        "diff --git a/z b/z\nBinary files a/z and b/z differ\nBinary files a/gone and /dev/null differ\n"
    )
    assert read_diff(diff).lines == {"x": {1: "a", 2: "++ /dev/null", 3: "++ b/y", 13: "c"}, "z": None}
    with pytest.raises(UsageError, match="damaged"):
        read_diff("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n")


HIDING = {
    "lines like the head of a file": ("x.py", '"""\n++ /dev/null\n"""\n' + "y = 1\n" * 4 + "eval('1')\n", {}),
    "what attributes call binary": ("x.py", "eval('1')\n", {".gitattributes": "*.py binary\n"}),
    "a name without an ending": ("deploy", "#!/bin/sh\neval('1')\n", {}),
}


@pytest.mark.parametrize("way", HIDING.values(), ids=HIDING)
def test_nobody_hides_code_from_a_diff(repository, tmp_path, monkeypatch, way):
    name, text, beside = way
    (repository / name).write_text("".join(f"y = {number}\n" for number in range(3)) if name == "x.py" else "")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "before")
    for other, content in {**beside, name: text}.items():
        (repository / other).write_text(content)
    says(tmp_path, monkeypatch, security=[{**EVIL, "file": name, "line": 1, "evidence": "eval('1')"}])
    for prefix in ("mnemonicPrefix", "noprefix"):
        git(repository, "config", f"diff.{prefix}", "true")
        rc, told = envelope("--param", "code_path=src", "--diff", "HEAD")
        assert (rc, [each["file"] for each in told["findings"]]) == (1, [name])


def test_a_diff_is_reviewed_as_git_has_it_and_not_as_the_files_are_now(repository, tmp_path, monkeypatch):
    says(tmp_path, monkeypatch, security=[{**EVIL, "evidence": "return eval('1')", "line": 9}])
    (repository / "a.py").write_text("pass\n")
    rc, told = envelope("--param", "code_path=src", "--staged")
    assert (rc, [each["line"] for each in told["findings"]]) == (1, [9])
    git(repository, "commit", "-qm", "second")
    (repository / "a.py").unlink()
    rc, told = envelope("--param", "code_path=src", "--diff", "HEAD~1...HEAD")
    assert (rc, [each["line"] for each in told["findings"]]) == (1, [9])
    patches = [f"--- a/{name}\n+++ b/{name}\n@@ -0,0 +1 @@\n+x = 1\n" for name in ("gone.py", "new file.py")]
    (tmp_path / "p.diff").write_text("".join(patches))
    with (tmp_path / "p.diff").open() as stdin:
        rc, told = envelope("--param", "code_path=src", "--diff", "-", stdin=stdin)
    assert (rc, told["coverage"][0]["reason"]) == (3, "it is not there")


def test_code_that_is_no_text_was_not_reviewed(script, code):
    script()
    (code / "b.js").write_bytes(b"run() //\0\n")
    rc, told = envelope("--param", "code_path=src")
    assert (rc, told["outcome"]) == (3, "inconclusive")


def test_what_changes_while_a_model_reads_it_was_not_reviewed(code):
    def answer(body):
        (code / "a.py").write_text(CODE + "eval('1')\n")
        return '{"findings": []}'

    with Model(answer) as model:
        result = perform("code-review", {"code_path": "src", "aspects": ["security"]}, asked_of(model.url))
    assert (result.exit_code, result.outcome) == (3, "inconclusive")
    assert "a.py changed after the model was asked about it" in result.problem


def test_what_changes_after_it_was_asked_about_was_not_reviewed(code, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMX_MOCK_SCRIPT", str(tmp_path / "script.jsonl"))
    (tmp_path / "script.jsonl").write_text('{"error": "quota"}\n')
    rc, told = envelope("--param", "code_path=src")
    assert rc == 3, told
    run = told["metadata"]["run"]
    says(tmp_path, monkeypatch)
    (code / "a.py").write_text(CODE + "eval('1')\n")
    rc, told = envelope("--param", "code_path=src", "--resume", run)
    assert (rc, "a.py has changed" in told["metadata"]["problem"]) == (3, True)
