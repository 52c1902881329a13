"""Files of others run unchanged, and what is imported from them asks the same."""

import json
import shutil
from pathlib import Path

import pytest

from llmx.templates.cases import CASSETTE
from llmx.templates.evaluators import GITHUB
from llmx.templates.formats.skill import with_arguments
from llmx.templates.sources import user_folder
from tests.cli import inside
from tests.templates.play import scripted

PROMPTS = Path(__file__).parent / "prompts"
SAID = ["--param", "input=A {{fox}} ran", "--param", "audience=all", "--param", "this={% it %}"]
GRADE = {"when": "Right answer", "text": "4"}


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """Copies of the files, in the working folder."""
    shutil.copytree(PROMPTS, tmp_path / "files")
    monkeypatch.chdir(tmp_path / "files")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("LLMX_LLM__RETRY__TRIES", "1")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "files"


def llmx(*words, **env):
    return inside.llmx("template", *words, **env)


def asked(cassette):
    """The requests of a cassette."""
    return [json.loads(line)["request"] for line in Path(cassette).read_text().splitlines()[1:]]


def told(done, rc=0):
    assert done.returncode == rc, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_prompt_file_runs_unchanged_with_its_conversation_and_its_sampling():
    mock = ("--backend", "mock", "--record", "c.jsonl", "--output", "json")
    envelope = told(llmx("exec", "summary.prompt.yml", *SAID, *mock))
    assert (envelope["metadata"]["template"], envelope["outcome"]) == ("summary", "clean")
    (request,) = asked("c.jsonl")
    turns = [(role, parts[0][1]) for role, parts in request["messages"]]
    assert turns == [
        ("system", "You are a text summarizer. Use JSON only where {% raw %} {% it %} is asked."),
        ("user", "Sum up: The fox ran."),
        ("assistant", "Summary - A fox ran."),
        ("user", 'Sum up, beginning with "Summary -":\n<text>\nA {{fox}} ran\n</text> for all\n'),
    ]
    sampling = {name: request["parameters"][name] for name in ("temperature", "max_tokens", "top_p")}
    assert sampling == {"temperature": 0.5, "max_tokens": 90, "top_p": 0.9}


def test_the_model_that_a_file_names_is_asked_where_nobody_says_another():
    done = llmx("exec", "summary.prompt.yml", *SAID, "--output", "json")
    assert "OPENAI_API_KEY" in told(done, 3)["metadata"]["problem"]


def test_an_answer_fits_the_schema_that_a_file_asks_for(tmp_path):
    words = ["exec", "person.prompt.yaml", "--param", "age=40", "--backend", "mock", "--output", "json"]
    person = {"name": "Ada", "age": 40}
    assert told(llmx(*words, **scripted(tmp_path, [person])))["result"] == person
    assert told(llmx(*words, **scripted(tmp_path, [{"name": "Ada"}])), 7)["outcome"] == "failed"


def test_its_variables_are_parameters():
    info = json.loads(llmx("info", "./summary.prompt.yml", "--output", "json").stdout)
    assert (info["id"], info["parameters"]["required"]) == ("summary", ["this", "input", "audience"])
    done = llmx("exec", "summary.prompt.yml", "--param", "inputt=x")
    assert (done.returncode, "did you mean input?" in done.stderr) == (2, True)


def test_test_data_and_evaluators_are_cases(tmp_path):
    test = ["test", "summary.prompt.yml"]
    assert llmx(*test).returncode == 3
    good = {"text": "Summary - A fox jumped, and nothing else."}
    recorded = llmx(*test, "--record", "--backend", "mock", **scripted(tmp_path, [good]))
    assert recorded.returncode == 1  # the mock gives no grade
    assert "close: the judge's answer is none of its choices" in recorded.stdout
    script = [{"when": "Right answer", "text": "4"}, {"when": "audience", **good}, {"when": "Sum up", **good}]
    recorded = llmx(*test, "--record", "--backend", "mock", **scripted(tmp_path, script[:1] + script[2:]))
    assert (recorded.returncode, recorded.stdout.count("recorded")) == (0, 2), recorded.stdout
    rows = json.loads(llmx(*test, "--output", "json").stdout)
    assert [[check["score"] for check in row["checks"]] for row in rows] == [[1.0, 1.0, 0.75]] * 2
    text = Path("summary.prompt.yml").read_text()
    Path("summary.prompt.yml").write_text(text.replace("startsWith: 'Summary -'", "startsWith: 'Zusammen'"))
    failed = llmx(*test)
    assert failed.returncode == 1
    assert "Output should start with 'Summary -': it should start with 'Zusammen'" in failed.stdout


@pytest.mark.parametrize(
    ("more", "answer", "rc", "said"),
    [
        ("testData: [{x: a}]", "any", 3, "nothing judges its answer"),
        ("testData: [{x: a, expected: B}]", "B", 0, "recorded"),
        ("testData: [{x: a, expected: B}]", "C", 1, "expected: it should equal 'B'"),
        ("testData: [{x: a}]\nresponseFormat: json_object", "{}", 0, "recorded"),
        ("testData: [{x: a}]\nresponseFormat: json_object", "no", 3, "does not fit the schema"),
        ("", "any", 3, "it has no cases"),
    ],
)
def test_what_nothing_judges_is_not_tested(tmp_path, more, answer, rc, said):
    Path("a.prompt.yml").write_text(f"messages: [{{role: user, content: '{{{{x}}}}'}}]\n{more}\n")
    done = llmx("test", "a.prompt.yml", "--record", "--backend", "mock", **scripted(tmp_path, [answer]))
    assert (done.returncode, said in done.stdout) == (rc, True), done
    assert llmx("test", "a.prompt.yml").returncode == rc


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "it must be a mapping"),
        ("messages: [", "broken.prompt.yml: while parsing"),
        ("name: x", "messages: there must be at least one"),
        ("messages: [{role: user}]", "messages[1].content: it must be a text"),
        ("messages: [{role: tool, content: x}]", "messages[1].role: it is one of"),
        ("messages: [{role: user, content: x}]\nmodelParameters: {topP: much}", "modelParameters.topP"),
        ("messages: [{role: user, content: x}]\nresponseFormat: xml", "responseFormat: it is one of"),
        ("messages: [{role: user, content: x}]\nresponseFormat: json_schema", "jsonSchema: "),
        ("messages: [{role: user, content: x}]\ntestData: [1]", "testData[1]: it must be a mapping"),
        ("messages: [{role: user, content: x}]\nevaluators: [{uses: github/similar}]", "did you mean github/simil"),
        ("!!python/object/apply:os.system [touch x]", "broken.prompt.yml: "),
    ],
)
def test_a_wrong_file_is_refused_by_its_key(text, said):
    Path("broken.prompt.yml").write_text(text)
    for command in ("exec", "info", "test", "import"):
        done = llmx(command, "broken.prompt.yml")
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not Path("x").exists()


def test_keys_that_mean_nothing_here_are_told_in_the_result():
    Path("more.prompt.yml").write_text("messages: [{role: user, content: x}]\nmodelParameters: {seed: 1}\ntools: [a]\n")
    envelope = told(llmx("exec", "more.prompt.yml", "--backend", "mock", "--output", "json"))
    assert envelope["provenance"]["ignored"] == ["tools", "modelParameters.seed"]


def test_a_skill_runs_unchanged_with_the_files_that_it_names():
    mock = ("--backend", "mock", "--record", "c.jsonl", "--output", "json")
    envelope = told(llmx("exec", "greeter/SKILL.md", "--param", "input=Anna", *mock))
    assert (envelope["metadata"]["template"], envelope["metadata"]["version"]) == ("greeter", "2.1")
    (request,) = asked("c.jsonl")
    (_, system), (_, user) = request["messages"]
    assert user[0][1] == "Anna"
    assert system[0][1].startswith("# Greeting\n\nGreet as [the customs]")
    assert system[0][1].endswith("\n\n# references/customs.md\n\nIn Hamburg people say Moin.\n")
    assert not request.get("tools")
    assert envelope["provenance"]["tools_not_offered"] == "Bash(git:*) Read"
    assert envelope["coverage"] == [{"path": "references/customs.md", "read": True, "reason": ""}]


@pytest.mark.parametrize(
    ("given", "made"),
    [("a 'b c'", "a 'b c' | b c | a | $2 | $ARGUMENTSX $10"), ("", " | $ARGUMENTS[1] | $0 | $2 | $ARGUMENTSX $10")],
)
def test_a_skill_says_where_its_input_goes(given, made):
    assert with_arguments("$ARGUMENTS | $ARGUMENTS[1] | $0 | $2 | $ARGUMENTSX $10", given) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# No head", "it must begin with its name"),
        ("---\nname: [\n---\nx", "SKILL.md: "),
        ("---\nname: Not Good\ndescription: d\n---\nx", "name: small letters"),
        ("---\nname: good\n---\nx", "it needs a description"),
        ("---\nname: good\ndescription: d\n---\n", "and a text"),
    ],
)
def test_a_wrong_skill_is_refused(text, said):
    Path("SKILL.md").write_text(text)
    done = llmx("exec", "SKILL.md", "--param", "input=x")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_skill_without_an_input_is_applied_to_nothing():
    envelope = told(llmx("exec", "greeter/SKILL.md", "--backend", "mock", "--output", "json"), 2)
    assert "--param input=" in envelope["metadata"]["problem"]


@pytest.mark.parametrize(
    ("file", "name", "words"),
    [
        ("summary.prompt.yml", "summary", SAID),
        ("person.prompt.yaml", "person", ["--param", "age=3"]),
        ("greeter/SKILL.md", "greeter", ["--param", "input=A {{ b }}"]),
    ],
)
def test_what_is_imported_asks_what_the_file_asks(file, name, words, tmp_path):
    env = scripted(tmp_path, [{"name": "Ada", "age": 3}])
    first = told(llmx("exec", file, *words, "--backend", "mock", "--record", "c.jsonl", "--output", "json", **env))
    assert json.loads(llmx("import", file, "--output", "json").stdout)["id"] == name
    again = told(llmx("exec", name, *words, "--replay", "c.jsonl", "--output", "json"))
    assert again["result"] == first["result"]
    assert llmx("import", file).returncode == 2
    assert llmx("import", file, "--name", "./other").returncode == 0
    assert told(llmx("exec", "./other", *words, "--replay", "c.jsonl", "--output", "json"))["result"] == first["result"]


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))


@pytest.mark.parametrize("text", [BOMB + "{key}: *a39\n", "{key}: &a [*a]\nb: {{c: *a}}\n", "{key}: " + "[" * 1200])
@pytest.mark.parametrize("name", ["x.prompt.yml", "SKILL.md"])
def test_a_text_that_means_far_more_than_it_says_is_refused(name, text):
    told = text.format(key="name") if name == "SKILL.md" else text.format(key="jsonSchema")
    Path(name).write_text(f"---\n{told}\n---\nDo it.\n" if name == "SKILL.md" else told)
    done = llmx("info", f"./{name}")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_is_no_code_of_what_is_imported_from_it(tmp_path):
    name = 'x""";open("evil","w");""".prompt.yml'
    Path(name).write_text("messages: [{role: user, content: hello}]\n")
    assert llmx("import", name, "--name", "mine").returncode == 0
    told(llmx("exec", "mine", "--backend", "mock", "--output", "json"))
    assert not Path("evil").exists()


def test_a_skill_with_arguments_is_imported_with_them(tmp_path):
    Path("SKILL.md").write_text("---\nname: args\ndescription: d\n---\nDo $ARGUMENTS[1] of {$ARGUMENTS} {# a #}.\n")
    words = ["--param", "input=one two", "--output", "json"]
    told(llmx("exec", "SKILL.md", *words, "--backend", "mock", "--record", "c.jsonl"))
    assert asked("c.jsonl")[0]["messages"][0][1][0][1] == "Do two of {one two} {# a #}."
    assert llmx("import", "SKILL.md").returncode == 0
    told(llmx("exec", "args", *words, "--replay", "c.jsonl"))


def test_imported_cases_are_recorded_and_played(tmp_path):
    assert llmx("import", "summary.prompt.yml").returncode == 0
    script = [GRADE, {"when": "Sum up", "text": "Summary - A fox, and nothing."}]
    assert llmx("test", "summary", "--record", "--backend", "mock", **scripted(tmp_path, script)).returncode == 0
    assert (user_folder() / "summary" / "tests" / "1" / CASSETTE).exists()
    assert llmx("test", "summary").returncode == 0


@pytest.mark.parametrize(("file", "rc"), [("nothing.prompt.yml", 4), ("notes.md", 2), ("own/SKILL.md", 4)])
def test_what_cannot_be_imported_is_refused(file, rc):
    Path("notes.md").write_text("")
    assert llmx("import", file).returncode == rc


def test_a_misspelt_name_is_answered_with_the_right_one():
    done = llmx("import", "SKIL.md")
    assert (done.returncode, "did you mean SKILL.md?" in done.stderr) == (4, True)


def test_every_evaluator_of_github_is_known():
    names = ("similarity", "coherence", "fluency", "relevance", "groundedness")
    assert set(GITHUB) == {f"github/{name}" for name in names}
