"""``llmx generate --schema`` and ``--truncate``, run as a user would."""

import json

import pytest

from tests.cli.test_generate import generate

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.fixture
def mock(monkeypatch, tmp_path):
    """Write what the mock says, one entry a line; the schema lies beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLM_BACKEND", "mock")
    monkeypatch.setenv("LLMX_MOCK_SCRIPT", "script.jsonl")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))

    def says(*entries):
        (tmp_path / "script.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))

    return says


def test_the_answer_is_the_json_that_fits(mock):
    mock({"text": "hm"}, {"text": '```json\n{"a": 1}\n```'})
    assert generate("hi", "--schema", "schema.json").stdout == b'{"a": 1}\n'
    facts = json.loads(generate("hi", "--schema", "schema.json", "--output", "json").stdout)
    assert (facts["data"], facts["content"]) == ({"a": 1}, '{"a": 1}')


def test_an_answer_that_never_fits_is_7_and_is_kept_apart_from_the_data(mock):
    mock({"text": "no \x1b[31m"})
    done = generate("hi", "--schema", "schema.json")
    assert (done.returncode, done.stdout) == (7, b"")
    assert b"does not fit the schema after 2 repairs" in done.stderr
    assert done.stderr.endswith(b"the last answer was:\n'no \\x1b[31m'\n")
    as_json = generate("hi", "--schema", "schema.json", "--output", "json")
    assert as_json.returncode == 7
    assert json.loads(as_json.stdout)["error"]["answer"] == "no \x1b[31m"


@pytest.mark.parametrize(
    ("schema", "code", "said"),
    [("{", 2, "is no JSON"), ("[]", 2, "is no object"), ('{"type": 1}', 2, "the schema is none"), (None, 4, "no file")],
)
def test_a_schema_that_is_none_is_refused(mock, tmp_path, schema, code, said):
    mock({"text": "x"})
    if schema is not None:
        (tmp_path / "own.json").write_text(schema)
    done = generate("hi", "--schema", "own.json")
    assert done.returncode == code, done.stderr
    assert said in done.stderr.decode()


def test_a_prompt_that_does_not_fit_is_cut_only_when_asked_and_says_so(mock):
    mock({"context": 400}, {"text": "x"})
    prompt = " ".join(map(str, range(2000)))
    refused = generate(prompt, "--max-tokens", "9")
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"the prompt has 2000 tokens and the answer 9, but its context is 400" in refused.stderr
    assert b"--truncate" in refused.stderr
    done = generate(prompt, "--max-tokens", "9", "--truncate")
    assert (done.returncode, done.stdout) == (0, b"x\n")
    assert b"characters were left out of message 1 (user)" in done.stderr
