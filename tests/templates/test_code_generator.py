"""code-generator: code that a model wrote is checked for real, and never called clean where it was not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.core.calls import CallOptions
from llmx.errors import UsageError
from llmx.templates.builtin.code_generator.answers import code_in, files_in
from llmx.templates.builtin.code_generator.languages import LANGUAGES, class_of, names_of
from tests.templates.play import played, scripted

NAME = "code-generator"
CHAPTER = Path(__file__).parents[2] / "llmx/data/guide/code-generator.md"
SPEC = "# Specification\n\n`add(a, b)` is the sum of two numbers."
DESCRIPTION = "a function that adds two numbers"
PYTHON = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"
TESTS = (
    "import unittest\n\nimport generated\n\n\nclass Adds(unittest.TestCase):\n    def test_add(self):\n"
    "        self.assertEqual(generated.add(1, 2), 3)\n"
)
OTHERS = {
    "javascript": (
        "module.exports = { add: (a, b) => a + b };\n",
        "const test = require('node:test');\nconst assert = require('node:assert');\n"
        "const { add } = require('./generated.js');\ntest('adds', () => assert.equal(add(1, 2), 3));\n",
    ),
    "cpp": (
        "int add(int a, int b) { return a + b; }\n",
        '#include "generated.cpp"\n#include <cstdio>\nint main() {\n  if (add(1, 2) != 3) return 1;\n'
        '  std::puts("ok add");\n}\n',
    ),
}


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """A folder to work in, and on the PATH what Debian has, with a linter for Python where the tests have one."""
    tools = tmp_path / "tools"
    tools.mkdir()
    beside = Path(sys.executable).parent / "ruff"
    ruff = str(beside) if beside.exists() else shutil.which("ruff")
    assert ruff, "ruff is one of the packages for development"
    (tools / "ruff").write_text(f'#!/bin/sh\nexec {os.path.realpath(ruff)} "$@"\n')
    (tools / "ruff").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/local/bin:/usr/bin:/bin")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def fenced(text, name=""):
    return f"```{f'file:{name}' if name else ''}\n{text}```"


def generated(tmp_path, *script, given=None, **options):
    whole = {"description": DESCRIPTION, "language": "python", "skip_checks": ["lint"], **(given or {})}
    return played(NAME, whole, scripted(tmp_path, script), **options)


def statuses(result):
    return {each["name"]: each["status"] for each in result.result["checks"]}


@pytest.mark.promise("S2-36")
def test_what_compiles_and_passes_its_tests_is_clean(tmp_path):
    result = generated(tmp_path, SPEC, fenced(PYTHON), fenced(TESTS), given={"skip_checks": []})
    assert (result.outcome, result.exit_code, result.problem) == ("clean", 0, "")
    assert statuses(result) == {"compile": "passed", "lint": "passed", "tests": "passed"}
    made = {each.name: each.data.decode() for each in result.artifacts}
    assert made["specification.md"] == SPEC + "\n"
    assert (made["generated.py"], made["test_generated.py"]) == (PYTHON, TESTS)
    told = json.loads(made["checks.json"])
    assert told["passed"] is True
    assert result.provenance["sandbox"] in ("full", "degraded")
    assert result.metrics.model_calls == 3


@pytest.mark.promise("S2-36")
@pytest.mark.parametrize("language", OTHERS)
def test_other_languages_are_checked_by_their_own_tools(tmp_path, language):
    code, tests = OTHERS[language]
    given = {"language": language, "name": "generated"}
    result = generated(tmp_path, SPEC, fenced(code), fenced(tests), given=given)
    assert (result.outcome, result.problem) == ("clean", "")
    assert statuses(result) == {"compile": "passed", "lint": "off", "tests": "passed"}


def test_what_fails_is_mended_with_what_the_check_has_said(tmp_path):
    repair = fenced(PYTHON, "generated.py") + "\n" + fenced("oh", "../../evil.py")
    result = generated(tmp_path, SPEC, fenced(WRONG), fenced(TESTS), repair)
    assert (result.outcome, result.result["repairs"]) == ("clean", 1)
    assert [each["tests"] for each in result.result["rounds"]] == ["failed", "passed"]
    assert sorted(each.name for each in result.artifacts) == sorted(
        ["specification.md", "generated.py", "test_generated.py", "checks.json"]
    )


def test_what_stays_wrong_is_a_finding_at_its_line(tmp_path):
    broken = "def add(a, b):\n    return (a +\n"
    script = [SPEC, fenced(broken), fenced(TESTS), "I am sorry."]
    result = generated(tmp_path, *script, given={"max_repairs": 1})
    assert (result.outcome, result.exit_code) == ("findings", 1)
    assert statuses(result) == {"compile": "failed", "lint": "off", "tests": "not run"}
    (finding,) = result.findings
    assert (finding["file"], finding["line"], finding["rule"]) == ("generated.py", 2, "check-compile")
    assert finding["evidence"] == "    return (a +"
    assert result.metrics.model_calls == 4


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("import generated\n\nassert generated\n", "no test was run"),
        (
            "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_luck(self):\n        assert 1\n",
            "they test nothing of it",
        ),
    ],
)
def test_tests_that_test_nothing_do_not_pass(tmp_path, tests, said):
    result = generated(tmp_path, SPEC, fenced(PYTHON), fenced(tests), given={"max_repairs": 0})
    assert result.outcome == "findings"
    assert statuses(result)["tests"] == "failed"
    assert said in result.findings[0]["message"]


def test_a_repair_may_not_drop_tests(tmp_path):
    two = TESTS + "\n    def test_more(self):\n        self.assertEqual(generated.add(2, 2), 4)\n"
    repair = fenced(WRONG, "generated.py") + "\n" + fenced(TESTS.replace("3)", "-1)"), "test_generated.py")
    result = generated(tmp_path, SPEC, fenced(WRONG), fenced(two), repair, given={"max_repairs": 1})
    assert statuses(result)["tests"] == "failed"
    made = {each.name: each.data.decode() for each in result.artifacts}
    assert made["test_generated.py"] == two


@pytest.mark.parametrize("language", ["go", "lua", "typescript", "rust", "java"])
def test_a_tool_that_is_missing_makes_it_inconclusive_until_its_check_is_turned_off(tmp_path, monkeypatch, language):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("PATH", _only("true"))
    script = [SPEC, fenced("x\n"), fenced("y\n")]
    result = generated(tmp_path, *script, given={"language": language, "skip_checks": []})
    assert (result.outcome, result.exit_code) == ("inconclusive", 3)
    assert "not installed: " in result.problem
    assert "skip_checks=compile,lint,tests" in result.problem
    assert set(statuses(result).values()) == {"missing"}
    assert len(result.artifacts) == 4
    off = generated(tmp_path, *script, given={"language": language, "skip_checks": ["compile", "lint", "tests"]})
    assert (off.outcome, set(statuses(off).values())) == ("clean", {"off"})
    assert off.result["passed"] is None, "nothing was checked"


def _only(*programs):
    """A PATH with these programs of the system alone."""
    folder = Path("tools-only")
    folder.mkdir(exist_ok=True)
    for program in programs:
        (folder / program).symlink_to(f"/usr/bin/{program}")
    return str(folder.resolve())


def test_without_a_sandbox_nothing_is_run(tmp_path, home):
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text("[exec.isolation]\nenabled = false\n")
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w')\n"
    result = generated(tmp_path, SPEC, fenced(code), fenced(TESTS))
    assert (result.outcome, result.exit_code) == ("inconclusive", 3)
    assert "in the sandbox only" in result.problem
    assert not mark.exists()


def test_code_that_would_do_harm_reaches_nothing(tmp_path, home):
    (home / "secret").write_text("hunter2")
    code = (
        "import os\nimport socket\n\nfound = []\n"
        f"for path in ({str(home / 'written')!r}, {str(tmp_path / 'written')!r}, '../written'):\n"
        "    try:\n        open(path, 'w').close()\n    except OSError:\n        pass\n"
        f"try:\n    found.append(open({str(home / 'secret')!r}).read())\nexcept OSError:\n    pass\n"
        "try:\n    socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError as error:\n"
        "    found.append(str(error))\n\n\ndef add(a, b):\n    print('SEEN', found, os.environ.get('API_KEY'))\n"
        "    return a - b\n"
    )
    os.environ["API_KEY"] = "hunter2"
    try:
        result = generated(tmp_path, SPEC, fenced(code), fenced(TESTS), given={"max_repairs": 0})
    finally:
        del os.environ["API_KEY"]
    output = result.result["checks"][2]["output"]
    assert "SEEN" in output
    assert "hunter2" not in output
    assert not any(path.exists() for path in (home / "written", tmp_path / "written", Path("../written")))


def test_code_that_does_not_end_or_eats_memory_is_a_finding(tmp_path):
    endless = "def add(a, b):\n    while True:\n        pass\n"
    result = generated(tmp_path, SPEC, fenced(endless), fenced(TESTS), given={"max_repairs": 0, "check_timeout": 2})
    assert statuses(result)["tests"] == "failed"
    assert "it ran out of time" in result.findings[0]["message"]
    greedy = "def add(a, b):\n    held = [bytearray(1 << 24) for _ in range(200)]\n    return a + b + 0 * len(held)\n"
    given = {"max_repairs": 0, "check_memory": "300M"}
    result = generated(tmp_path, SPEC, fenced(greedy), fenced(TESTS), given=given)
    assert statuses(result)["tests"] == "failed"
    message = result.findings[0]["message"]
    assert "it went over its limit (memory)" in message or "MemoryError" in message  # as the machine can enforce it


def test_without_tests_the_code_alone_is_checked(tmp_path):
    result = generated(tmp_path, SPEC, fenced(PYTHON), given={"include_tests": False, "skip_checks": []})
    assert (result.outcome, statuses(result)) == ("clean", {"compile": "passed", "lint": "passed", "tests": "off"})
    assert result.result["test_file"] is None
    assert [each["status"] for each in result.phases] == ["done", "done", "skipped", "done"]


@pytest.mark.parametrize(
    ("script", "phase", "code", "said"),
    [
        ([""], "specify", 7, "answered nothing"),
        ([SPEC, ""], "implement", 7, "answered nothing"),
        ([SPEC, "```\n```"], "implement", 7, "wrote no code"),
        ([SPEC, fenced(PYTHON), ""], "test", 7, "answered nothing"),
        ([SPEC, {"text": "def", "finish_reason": "length"}], "implement", 1, "cut for its length"),
        ([{"error": "unavailable"}], "specify", 3, "unavailable"),
        ([SPEC, fenced(WRONG), fenced(TESTS), {"error": "quota"}], "check", 3, "quota"),
    ],
)
def test_what_is_no_code_is_never_clean(tmp_path, script, phase, code, said):
    result = generated(tmp_path, *script)
    assert (result.exit_code, result.failed_phase) == (code, phase)
    assert said in result.problem
    if phase == "check":
        assert [each.name for each in result.artifacts] == ["specification.md", "generated.py", "test_generated.py"]


def test_garbage_a_budget_and_no_model_are_never_clean(tmp_path, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    given = {"description": DESCRIPTION, "language": "python", "skip_checks": ["lint"], "max_repairs": 0}
    assert generated(tmp_path, "I cannot do that.", given={"max_repairs": 0}).exit_code == 1
    assert played(NAME, given, backend="ollama", model="m").exit_code == 3
    assert played(NAME, given, limits=CallOptions(max_tokens=10)).exit_code == 6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"description": "short"}, "too short"),
        ({"language": "cobol"}, "'cobol' is not one of"),
        ({"name": "../x"}, "does not match"),
        ({"name": "Name"}, "does not match"),
        ({"skip_checks": ["luck"]}, "'luck' is not one of"),
        ({"max_repairs": 11}, "maximum of 10"),
        ({"check_memory": "lots"}, "does not match"),
    ],
)
def test_wrong_parameters_are_refused(tmp_path, given, said):
    with pytest.raises(UsageError) as refused:
        generated(tmp_path, given=given)
    assert said in refused.value.message


def test_a_run_that_was_broken_off_asks_nothing_twice(tmp_path):
    broken = generated(tmp_path, SPEC, fenced(WRONG), fenced(TESTS), fenced(WRONG), {"error": "unavailable"})
    assert (broken.exit_code, broken.failed_phase) == (3, "check")
    rest = generated(tmp_path, fenced(PYTHON), resume=broken.run)
    assert (rest.outcome, rest.result["repairs"], rest.metrics.model_calls) == ("clean", 2, 1)


@pytest.mark.parametrize("name", LANGUAGES)
def test_files_are_named_as_the_language_has_them(name):
    language = LANGUAGES[name]
    names = names_of(language, "word_count")
    code, tests = {
        "rust": ("word_count.rs", "word_count_test.rs"),
        "python": ("word_count.py", "test_word_count.py"),
        "javascript": ("word_count.js", "word_count.test.js"),
        "typescript": ("word_count.ts", "word_count.test.ts"),
        "go": ("word_count.go", "word_count_test.go"),
        "java": ("WordCount.java", "WordCountTest.java"),
        "cpp": ("word_count.cpp", "word_count_test.cpp"),
        "lua": ("word_count.lua", "word_count_test.lua"),
    }[name]
    assert (names.code, names.tests) == (code, tests)
    assert class_of("word_count") == "WordCount"
    every = [
        word for check in ("compile", "lint", "tests") for way in language.ways(check) for step in way for word in step
    ]
    assert not [
        word for word in [*map(names.fill, every), names.fill(language.rules)] if "{module}" in word or "{c" in word
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("x = 1", "x = 1\n"),
        ("Here:\n```python\nx = 1\n```\nDone.", "x = 1\n"),
        ('```\n"""Doc\n```\ncode\n```\n"""\n```', '"""Doc\n```\ncode\n```\n"""\n'),
        ("~~~py\nx = 1\n~~~", "x = 1\n"),
        ("```\nx = 1", "x = 1\n"),
        ("", ""),
        ("```\n\n```", ""),
    ],
)
def test_the_code_is_what_the_fence_holds(answer, code):
    assert code_in(answer) == code


def test_files_of_an_answer_are_told_apart_by_their_names():
    answer = "One:\n```python file:a.py\n1\n```\nTwo:\n```file: b.py\n2\n```\nBye"
    assert files_in(answer) == {"a.py": "1\n", "b.py": "2\n"}
    assert files_in("```\n1\n```") == {"": "1\n"}
    assert files_in("no code at all") == {}


def test_the_chapter_runs_as_it_is_written(tmp_path, monkeypatch):
    command = CHAPTER.read_text().split("```sh\n")[1].split("\n```")[0]
    code = "def roman(n):\n    return {1: 'I', 4: 'IV'}[n]\n"
    tests = TESTS.replace("generated.add(1, 2), 3", "roman.roman(4), 'IV'").replace("import generated", "import roman")
    for name, value in scripted(tmp_path, [SPEC, fenced(code), fenced(tests)]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LLM_BACKEND", "mock")
    line = command.replace("llmx ", f"{sys.executable} -m llmx ")
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for file in ("specification.md", "roman.py", "test_roman.py", "checks.json"):
        assert f"written: new/{file}" in done.stdout
        assert f"`new/{file}`" in CHAPTER.read_text()
