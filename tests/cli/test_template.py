"""``llmx template``: what there is, what it takes, and templates of one's own."""

import json
import os
import sys

import jsonschema
import pytest

from llmx.templates.sources import BUILT_IN, user_folder
from tests import forked
from tests.templates.own import CODE, TOML


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


def llmx(*words, text=None, **env):
    command = [sys.executable, "-m", "llmx", "template", *words]
    whole = {**os.environ, **env}
    return forked.run(command, input=text, text=True, env=whole)


def told(*words):
    done = llmx(*words, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def own(name="own", more=""):
    folder = user_folder() / name
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(TOML.format(id=name, more=more))
    (folder / "phases.py").write_text(CODE)


@pytest.mark.promise("S2-21")
def test_the_list_has_the_built_in_ones_and_ones_own():
    assert [row["id"] for row in told("list")] == list(BUILT_IN)
    own()
    assert told("list")[-1] == {
        "id": "own",
        "category": "Mine",
        "description": "Counts the words of a text.",
        "source": "user",
        "overrides": [],
    }
    assert [row["id"] for row in told("list", "--category", "mine")] == ["own"]


@pytest.mark.promise("S2-22")
def test_info_shows_what_a_template_takes_and_an_unknown_one_gets_the_nearest():
    text = llmx("info", "code-review", "--show-schema").stdout
    assert "code-review 1.0.0  (code, built-in)" in text
    assert 'severity_filter    string   default "all"' in text
    assert told("info", "code-review")["phases"] == ["collect", "review", "merge"]
    unknown = llmx("info", "code-reviev")
    assert (unknown.returncode, unknown.stderr.splitlines()[1]) == (4, "hint: did you mean code-review?")


@pytest.mark.promise("S2-24")
def test_search_finds_by_all_words_and_nothing_is_no_error():
    assert [row["id"] for row in told("search", "review", "findings")] == ["code-review"]
    assert [row["id"] for row in told("search", "ci", "review")] == ["code-review"]
    assert told("search", "review", "cooking") == []
    nothing = llmx("search", "review", "cooking")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "fewer may find one" in nothing.stderr
    assert "did you mean code?" in llmx("list", "--category", "codee").stderr


@pytest.mark.promise("S2-25")
def test_schema_is_json_schema_alone():
    schema = json.loads(llmx("schema", "code-review").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"severity_filter": "odd"}, schema)


@pytest.mark.promise("S2-32")
def test_ones_own_template_runs_and_asks_no_model():
    own()
    done = llmx("exec", "own", "--param", "text=one two three", "--output", "json")
    assert done.returncode == 0, done.stderr
    envelope = json.loads(done.stdout)
    assert (envelope["result"], envelope["metrics"]["model_calls"]) == (3, 0)


def test_why_a_run_came_to_nothing_is_said_once_and_on_stderr(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    done = llmx("exec", "code-review", "--param", "code_path=a.py")
    why = "no model is configured, and none was found on this machine"
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: {why}\nhint: name one, as with --model ")
    assert done.stdout.startswith("code-review: inconclusive\n")
    assert (done.stdout + done.stderr).count(why) == 1
    with_a_report = llmx("exec", "code-review", "--param", "code_path=a.py", "--report", "markdown=r.md")
    assert with_a_report.returncode == 3
    assert (tmp_path / "r.md").read_text().count(why) == 1


@pytest.mark.promise("S2-32")
def test_a_clash_with_a_built_in_one_must_be_meant():
    own("code-review")
    done = llmx("exec", "code-review", "--param", "text=x")
    assert done.returncode == 2
    assert "is a built-in template" in done.stderr
    (user_folder() / "code-review" / "template.toml").write_text(TOML.format(id="code-review", more="override = true"))
    assert llmx("exec", "code-review", "--param", "text=x").returncode == 0
    assert [row["source"] for row in told("list") if row["id"] == "code-review"] == ["user"]
    assert "Counts the words of a text. (in place of built-in)\n" in llmx("list").stdout


@pytest.mark.promise("S2-23")
def test_a_template_in_a_folder_runs_by_its_path_and_writes_only_below_the_output_folder(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "template.toml").write_text(TOML.format(id="mine", more=""))
    (folder / "phases.py").write_text("def count(context):\n    context.add('n.txt', '1')\n    return 1\n")
    done = llmx("exec", "./mine", "--param", "text=@-", "--output-dir", "out", text="from stdin")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "n.txt").read_text() == "1"
    again = llmx("exec", "./mine", "--param", "text=x", "--output-dir", "out")
    assert again.returncode == 2
    assert "--force" in again.stderr
    (folder / "phases.py").write_text("def count(context):\n    context.add('../n.txt', '1')\n    return 1\n")
    refused = llmx("exec", "./mine", "--param", "text=x", "--output-dir", "out2")
    assert refused.returncode == 5
    assert not (tmp_path / "n.txt").exists()


@pytest.mark.promise("S2-34")
def test_a_chat_answers_once_or_goes_on_and_keeps_its_history():
    first = llmx("exec", "interactive-chat", "--backend", "mock", "--param", "message=hello", "--output", "json")
    assert json.loads(first.stdout)["result"]["reply"] == "Mock response to: hello"
    chat = ["exec", "interactive-chat", "--backend", "mock", "--param", "session_id=work", "--output", "json"]
    lines = llmx(*chat, "--param", "max_turns=2", text="one\ntwo\nthree\n")
    assert [each["message"] for each in json.loads(lines.stdout)["result"]["replies"]] == ["one", "two"]
    assert len(json.loads(llmx(*chat, text="four\n/quit\nfive\n").stdout)["result"]["replies"]) == 1
    shown = forked.run([sys.executable, "-m", "llmx", "session", "show", "work", "--output", "json"], check=True)
    assert len(json.loads(shown.stdout)["messages"]) == 6
    nothing = llmx("exec", "interactive-chat", "--backend", "mock", text="")
    assert nothing.returncode == 1
