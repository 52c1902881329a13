"""The contract that every built-in template keeps: one suite over all of them.

A new template needs a golden case in its folder (``tests/CASE/case.toml``, and the files that it names), the answers
that a model gives in it (``scripts/NAME.jsonl`` here: a script of the mock), a recording of both
(``python -m tests.templates.record NAME``), and a row below. All parameters and files come from the first golden case.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from llmx.core.demo import PATH as DEMO
from llmx.templates.cases import CASSETTE, GOLDEN, cases_of
from llmx.templates.sources import BUILT_IN, find, user_folder
from tests.cli import inside
from tests.core.backends.server import HANG, ModelServer
from tests.templates.envelope import SCHEMA
from tests.templates.play import scripted
from tests.templates.record import SCRIPTS


class Row(NamedTuple):
    """What the suite has to know of a template beside its golden case."""

    asks: bool = True
    """Whether the golden case asks a model."""
    garbage: int = 7
    """The exit code where a model answers words without sense."""
    empty: int = 7
    """The exit code where a model answers nothing."""
    reads: str = ""
    """A file that the golden case reads, in its folder."""
    keeps: bool = True
    """Whether something is kept before the last question of the golden case."""


ROWS = {
    "code-generator": Row(garbage=1),  # it does not compile, which is a finding
    "code-review": Row(reads="src/run.js"),
    "content-generation": Row(),
    "knowledge-management": Row(reads="notes/backup.txt"),
    "research-assistant": Row(reads="birds/herons.md"),
    "document-processor": Row(reads="rent.md"),
    "data-analysis": Row(reads="sales.csv"),
    "file-classification": Row(reads="inbox/odd.txt"),
    "interactive-chat": Row(garbage=0, keeps=False),  # whatever is said is a reply
    "workflow-orchestrator": Row(reads="bread.yaml"),
}
ASKING = [name for name, row in ROWS.items() if row.asks]
GARBAGE = 'Sure! {"findings": [ as a language model }} <<<'
DEAD = ("--backend", "openai", "--model", "m", "--api-base", "http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    """No model but one that is named, no pause between tries, and a working folder of its own."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-nobody")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("LLMX_LLM__RETRY__TRIES", "1")
    monkeypatch.setenv("LLMX_LLM__REPAIR", "0")
    monkeypatch.chdir(tmp_path)


def words_of(name):
    """The words that run the golden case of a template, in a copy of its folder, which is the working folder now."""
    case = cases_of(find(name))[0]
    here = Path.cwd() / "case"
    shutil.copytree(case.folder, here)
    os.chdir(here)
    told = tomllib.loads((here / "case.toml").read_text())
    for parameters in told.get("before", ()):
        words = [word for key, value in parameters.items() for word in ("--param", f"{key}={value}")]
        assert inside.llmx("template", "exec", name, *words).returncode == 0
    (here / "parameters.json").write_text(json.dumps(told.get("parameters", {})))
    options = [f"--{key.replace('_', '-')}={value}" for key, value in told.get("options", {}).items()]
    return ["template", "exec", name, "--params-file", "parameters.json", *options, "--output", "json"]


def envelope(done, rc):
    """What a command told, which keeps to the schema and exits as it says."""
    assert done.returncode == rc, (done.returncode, done.stdout[-1000:], done.stderr[-1000:])
    told = json.loads(done.stdout.replace(str(Path.cwd()), "."))  # as in the golden result
    jsonschema.validate(told, SCHEMA)
    assert told["exit_code"] == rc
    assert (told["outcome"] == "clean") == (rc == 0)
    assert (told["metadata"]["problem"] is None) == (told["outcome"] in ("clean", "findings"))
    return told


def golden(name):
    return json.loads((cases_of(find(name))[0].folder / GOLDEN).read_text())


def test_every_built_in_template_has_a_row():
    assert sorted(ROWS) == sorted(BUILT_IN)


@pytest.mark.parametrize("name", ROWS)
def test_its_golden_cases_come_out_as_they_did(name):
    done = inside.llmx("template", "test", name, "--output", "json")
    assert done.returncode == 0, done.stdout
    assert {row["status"] for row in json.loads(done.stdout)} == {"same"}


@pytest.mark.promise("S2-23", "S2-29")
@pytest.mark.parametrize("name", ROWS)
def test_a_cassette_is_played_without_a_model_and_artifacts_are_written_below_the_folder_only(name):
    words, wanted = words_of(name), golden(name)
    before = set(Path.cwd().rglob("*"))
    told = envelope(inside.llmx(*words, "--replay", CASSETTE, "--output-dir", "out"), wanted["exit_code"])
    assert told["result"] == wanted["result"]
    made = {str(path.relative_to("out")) for path in Path("out").rglob("*") if path.is_file()}
    assert made == {each["name"] for each in told["artifacts"]} == set(wanted["artifacts"])
    new = {path for path in Path.cwd().rglob("*") if not path.is_relative_to(Path.cwd() / "out")} - before
    assert new == set()
    if find(name).artifacts:
        again = inside.llmx(*words, *DEAD, "--output-dir", "out")
        assert (again.returncode, again.stdout, "is there already" in again.stderr) == (2, "", True)
        assert "nothing was asked" in again.stderr


@pytest.mark.parametrize("name", ASKING)
def test_the_demo_model_answers_where_it_is_named_and_the_result_says_so(name):
    pytest.importorskip("llama_cpp", reason="the demo model needs an engine: pip install llmx-toolkit[gguf]")
    done = inside.llmx(*words_of(name), "--model", f"file:{DEMO}", "--timeout", "100s")
    told = envelope(done, done.returncode)
    assert done.returncode in (0, 1, 3, 7)
    assert told["provenance"].get("models", []) == [] or told["provenance"]["models"][0]["backend"] == "gguf"
    assert told["metrics"]["model_calls"] > 0 or told["metadata"]["problem"]


@pytest.mark.promise("S2-27")
@pytest.mark.parametrize("name", ROWS)
def test_all_that_is_wrong_with_parameters_is_said_at_once_and_nothing_is_asked(name):
    odd = {"string": "[]", "boolean": "maybe", "integer": "1.5", "number": "much", "array": "[1", "object": "[]"}
    template = find(name)
    typed = [each for each in template.parameters if each.kind != "string"]
    limited = [each for each in template.parameters if "enum" in each.constraints]
    wrong = [*(f"{each.name}={odd[each.kind]}" for each in typed), *(f"{each.name}=nonsense" for each in limited)]
    near = f"{template.parameters[0].name}x"
    options = [word for pair in [*wrong, f"{near}=1"] for word in ("--param", pair)]
    done = inside.llmx("template", "exec", name, *options, *DEAD)
    assert (done.returncode, done.stdout) == (2, "")
    for each in (*typed, *limited):
        assert f"{each.name}: " in done.stderr
    assert f"no parameter '{near}', did you mean {template.parameters[0].name}?" in done.stderr


@pytest.mark.parametrize("said", ["garbage", "empty"])
@pytest.mark.parametrize("name", ASKING)
def test_answers_without_sense_and_without_words_are_never_a_clean_result(name, said, tmp_path):
    env = scripted(tmp_path, [{"text": GARBAGE if said == "garbage" else ""}])
    told = envelope(inside.llmx(*words_of(name), "--backend", "mock", **env), getattr(ROWS[name], said))
    ended = told["outcome"] in ("clean", "findings")
    assert told["provenance"]["models"][0]["mock"] if ended else told["metadata"]["failed_phase"]


@pytest.mark.parametrize("backend", [DEAD, ()], ids=["down", "none"])
@pytest.mark.parametrize("name", ASKING)
def test_a_provider_that_is_down_and_none_at_all_are_inconclusive(name, backend):
    told = envelope(inside.llmx(*words_of(name), *backend), 3)
    assert (told["outcome"], told["metrics"]["model_calls"]) == ("inconclusive", 0)


@pytest.mark.parametrize("limit", [["--max-tokens-total", "1"], ["--max-cost", "0"]])
@pytest.mark.parametrize("name", ASKING)
def test_a_budget_is_held_before_anything_is_sent(name, limit):
    with ModelServer() as server:
        server.answer([HANG])
        url = ("--backend", "openai", "--model", "gpt-4o-mini", "--api-base", server.url)
        told = envelope(inside.llmx(*words_of(name), *url, *limit), 6)
        assert (server.asked, told["outcome"], told["metrics"]["model_calls"]) == ([], "failed", 0)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("name", ASKING)
def test_a_run_that_was_ended_goes_on_where_it_was(name, ending, home):
    words = words_of(name)
    with ModelServer() as server:
        server.answer([HANG])
        command = [
            sys.executable,
            "-m",
            "llmx",
            *words,
            "--backend",
            "openai",
            "--model",
            "m",
            "--api-base",
            server.url,
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
            while not server.asked and running.poll() is None:
                server.left.wait(0.02)
            running.send_signal(ending)
            out, _ = running.communicate(timeout=60)
    assert running.returncode == (130 if ending == signal.SIGINT else -signal.SIGKILL)
    if out:
        assert json.loads(out)["outcome"] == "inconclusive"
    kept = sorted((home / ".local/state/llmx/templates").glob("*"))
    resumed = ["--resume", kept[-1].name] if kept else []
    wanted = golden(name)
    told = envelope(inside.llmx(*words, "--replay", CASSETTE, *resumed), wanted["exit_code"])
    assert told["result"] == wanted["result"]
    assert not resumed or "kept" in {phase["status"] for phase in told["metadata"]["phases"]}


def other_of(template, given):
    """A parameter of the template, and a value that it does not have in the golden case."""
    for each in template.parameters:
        now, limits = given.get(each.name, each.default), each.constraints
        if each.kind == "integer" and isinstance(now, int) and now < limits.get("maximum", now + 1):
            return each.name, now + 1
        if each.kind == "boolean":
            return each.name, not now
        if "enum" in limits:
            return each.name, next(value for value in limits["enum"] if value != now)
    raise AssertionError(template.id)


@pytest.mark.promise("S2-31")
@pytest.mark.parametrize("changed", ["a parameter", "the model", "the template", "an input", "nothing"])
@pytest.mark.parametrize("name", ASKING)
def test_a_run_goes_on_only_over_what_it_was_begun_with_and_says_what_has_changed(name, changed, tmp_path, home):
    words, template = words_of(name), find(name)
    row, parameters = ROWS[name], json.loads(Path("parameters.json").read_text())
    answers = [json.loads(line) for line in (SCRIPTS / f"{name}.jsonl").read_text().splitlines()]
    env = scripted(
        tmp_path, [*answers[:-1], {**{k: v for k, v in answers[-1].items() if k == "when"}, "error": "quota"}]
    )
    begun = envelope(inside.llmx(*words, "--backend", "mock", "--model", "one", **env), 3)
    run, said, rc = begun["metadata"]["run"], "", 2
    assert (home / ".local/state/llmx/templates" / run).is_dir() == row.keeps
    model = "two" if changed == "the model" else "one"
    if changed == "the model":
        said = "the model (it was mock/one, and is mock/two) changed since"
    elif changed == "a parameter":
        key, value = other_of(template, parameters)
        Path("parameters.json").write_text(json.dumps({**parameters, key: value}))
        said = f"parameter {key} changed since"
    elif changed == "the template":
        shutil.copytree(template.folder, user_folder() / name)
        head = (user_folder() / name / "template.toml").read_text()
        (user_folder() / name / "template.toml").write_text(f"override = true\n{head}")
        said = "the template's files changed since"
    elif changed == "an input" and row.reads:
        Path(row.reads).write_bytes(Path(row.reads).read_bytes().replace(b"a", b"e"))
        said, rc = f"{Path(row.reads).name} has changed", 3
    (tmp_path / "script.jsonl").write_text("")  # whoever asks gets the words of nobody
    last = {key: value for key, value in answers[-1].items() if key != "when"}
    env = scripted(tmp_path, [last])
    done = inside.llmx(*words, "--backend", "mock", "--model", model, "--resume", run, **env)
    if not row.keeps:
        assert (done.returncode, f"there is no unfinished run {run}" in done.stderr) == (4, True)
    elif not said:
        assert json.loads(done.stdout)["metrics"]["model_calls"] == 1, "only the last question was left"
    elif rc == 2:
        assert (done.returncode, done.stdout) == (2, "")
        assert f"run {run} was not of the same work: {said}" in done.stderr
        assert "leave --resume out to begin anew" in done.stderr
    else:
        told = envelope(done, 3)
        assert (told["metrics"]["model_calls"], told["result"]) == (0, None)
        assert f"run {run} has read what is not the same any more: " in told["metadata"]["problem"]
        assert said in told["metadata"]["problem"]


@pytest.mark.parametrize("name", ASKING)
def test_an_output_folder_that_cannot_be_written_is_said_before_anything_is_asked(name):
    with ModelServer() as server:
        server.answer([HANG])
        url = ("--backend", "openai", "--model", "m", "--api-base", server.url)
        done = inside.llmx(*words_of(name), *url, "--output-dir", "/proc/out")
        assert (done.returncode, server.asked) == (2, [])
        assert "--output-dir /proc/out" in done.stderr
