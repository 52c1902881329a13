"""``llmx template new`` and ``test``: a template of one's own from the first minute on; does it still do it?"""

import json
import shutil

import pytest

from llmx.templates.sources import user_folder
from tests.cli import inside
from tests.templates.play import scripted


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


def llmx(*words, **env):
    return inside.llmx("template", *words, **env)


@pytest.fixture
def mine():
    """A new template of one's own."""
    made = llmx("new", "mine")
    assert made.returncode == 0, made.stderr
    return user_folder() / "mine"


def test_a_new_template_runs_at_once_and_has_a_golden_case(mine, tmp_path):
    assert sorted(path.name for path in mine.iterdir()) == [
        *("phases.py", "summarize.j2", "system.j2", "template.toml", "tests")
    ]
    text = ("--backend", "mock", "--param", "text=one two\nthree")
    done = llmx("exec", "mine", *text, "--output", "json", "--output-dir", "out")
    envelope = json.loads(done.stdout)
    assert (done.returncode, envelope["result"]["words"], envelope["result"]["lines"]) == (0, 3, 2)
    assert (tmp_path / "out" / "summary.md").read_text().startswith("# Summary\n\nMock response to: Sum this text up")
    tested = llmx("test", "mine")
    assert (tested.returncode, tested.stdout) == (0, "same          mine: example\n")
    assert [row["id"] for row in json.loads(llmx("list", "--category", "own", "--output", "json").stdout)] == ["mine"]


def test_a_path_makes_it_there(tmp_path, monkeypatch):
    assert json.loads(llmx("new", "./here", "--output", "json").stdout) == {
        "id": "here",
        "folder": str(tmp_path / "here"),
    }
    assert llmx("test", "./here").returncode == 0
    monkeypatch.chdir(tmp_path / "here")
    assert llmx("test")[:2] == (0, "same          here: example\n")


@pytest.mark.parametrize(
    ("name", "rc", "said"),
    [
        ("Mine", 2, "'Mine' is no name for a template"),
        ("a" * 65, 2, "is no name for a template"),
        ("../x y", 2, "'x y' is no name"),
        ("code-review", 2, "code-review is a built-in template"),
        ("/proc/here", 1, "cannot be made"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(name, rc, said):
    done = llmx("new", name)
    assert (done.returncode, said in done.stderr) == (rc, True), done.stderr
    assert not user_folder().exists() or not list(user_folder().iterdir())


def test_what_is_there_is_never_written_over(mine):
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    assert llmx("new", "mine").returncode == 2
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def test_what_comes_out_otherwise_is_1_with_the_difference(mine):
    code = mine / "phases.py"
    code.write_text(code.read_text().replace("len(text.split())", "len(text.split()) + 1"))
    done = llmx("test")
    assert done.returncode == 1
    assert done.stdout.startswith("differs       mine: example\n    --- golden\n    +++ now\n")
    assert '    -  "words": 14\n    +  "words": 15\n' in done.stdout
    (row,) = json.loads(llmx("test", "mine", "--output", "json").stdout)
    assert (row["template"], row["case"], row["status"]) == ("mine", "example", "differs")


def test_a_question_that_was_never_asked_is_shown_beside_the_one_that_was(mine):
    prompt = mine / "summarize.j2"
    prompt.write_text(prompt.read_text().replace("Sum this", "Boil this"))
    done = llmx("test", "mine")
    assert done.returncode == 1
    assert "Sum this text up" in done.stdout
    assert "Boil this text up" in done.stdout
    assert llmx("test", "mine", "--live", "--backend", "mock").returncode == 1
    assert llmx("test", "mine", "--record", "--backend", "mock").stdout == "recorded      mine: example\n"
    assert llmx("test", "mine", "--live", "--backend", "mock").returncode == 0
    assert llmx("test", "mine").returncode == 0


def test_without_a_model_nothing_is_recorded_and_nothing_is_lost(mine):
    case = mine / "tests" / "example"
    before = {path.name: path.read_bytes() for path in case.iterdir()}
    done = llmx("test", "mine", "--record")
    assert done.returncode == 3
    assert "it was not recorded: no model is configured" in done.stdout
    assert {path.name: path.read_bytes() for path in case.iterdir()} == before


@pytest.mark.parametrize("gone", ["cassette.jsonl", "golden.json", "case.toml"])
def test_what_was_not_tried_is_never_0(mine, gone):
    (mine / "tests" / "example" / gone).unlink()
    assert llmx("test", "mine").returncode == (1 if gone == "golden.json" else 3)


def test_one_without_cases_is_not_made_up_for_by_another(mine):
    assert llmx("new", "other").returncode == 0
    shutil.rmtree(user_folder() / "other" / "tests")
    done = llmx("test")
    assert (done.returncode, "other: it has no cases" in done.stdout) == (3, True)


def test_a_template_that_does_not_come_out_the_same_twice_is_not_recorded_as_if_it_did(mine):
    code = mine / "phases.py"
    timed = code.read_text().replace("**context.results", '"at": time.time(), **context.results')
    code.write_text(f"import time\n{timed}")
    done = llmx("test", "mine", "--record", "--backend", "mock")
    assert done.returncode == 1
    assert "it does not come out the same twice" in done.stdout


def test_settings_of_the_user_do_not_change_what_is_compared(mine):
    assert llmx("test", "mine", LLM_TEMPERATURE="1.5", LLM_MAX_TOKENS="9", LLM_TOP_P="0.1").returncode == 0


@pytest.mark.parametrize(
    ("words", "rc", "said"),
    [
        (["mine", "--case", "exampel"], 4, "its cases: example"),
        (["mine", "--backend", "mock"], 2, "no model is asked"),
        (["mine", "--record", "--live"], 2, "--record and --live"),
        (["mien"], 4, "did you mean mine?"),
    ],
)
def test_wrong_words_are_refused(mine, words, rc, said):
    done = llmx("test", *words)
    assert (done.returncode, said in done.stderr) == (rc, True), done.stderr


def test_without_a_template_of_ones_own_there_is_nothing_that_passed():
    done = llmx("test")
    assert (done.returncode, "llmx template new NAME" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "case.toml"),
        ("parameter = 1", "parameter: there is no such key; did you mean parameters?"),
        ("[options]\nfailon = 1", "did you mean fail_on?"),
        ('[[evaluators]]\nname = "x"', "evaluators[1]: it has one of string, llm and uses"),
        ('[[evaluators]]\nuses = "github/similar"', "did you mean github/similarity?"),
        ('[[evaluators]]\nstring = { containz = "x" }', "string has some of equals, contains"),
        ('[[evaluators]]\nllm = { prompt = "x" }', "llm has a prompt, and choices"),
        ("evaluators = 1", "it must be a list"),
    ],
)
def test_a_case_that_is_written_wrongly_is_refused_by_its_key(mine, text, said):
    (mine / "tests" / "example" / "case.toml").write_text(text)
    done = llmx("test", "mine")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_what_a_template_says_is_shown_and_cannot_steer_a_terminal(mine, tmp_path):
    words = ["exec", "mine", "--backend", "mock", "--param", "text=a"]
    done = llmx(*words, **scripted(tmp_path, [{"text": "It \x1b[2Jis short."}]))
    made_up = "Answered by mock, a mock, no model: what it says is made up."
    assert done.stdout == f"mine: clean\n\n{made_up}\n\nIt [2Jis short.\n"
    chat = ["exec", "interactive-chat", "--backend", "mock", "--param", "message=hi"]
    assert "\n\nMock response to: hi\n" in llmx(*chat).stdout
