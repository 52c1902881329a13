"""``llmx backend``, run as a user would."""

import json
import os
import sys

import pytest

from llmx.core.backends.endpoints import ENDPOINTS
from tests import forked
from tests.core.backends import recorded
from tests.core.backends.server import HANG, ModelServer, whole

KEY = "sk-proj-" + "Zq8w" * 10


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    for endpoint in ENDPOINTS.values():
        for variable in endpoint.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.chdir(tmp_path)


def backend(*words, **env):
    return forked.run(
        [sys.executable, "-m", "llmx", "backend", *words],
        text=True,
        env={**os.environ, **env},
    )


@pytest.mark.promise("S2-09")
def test_the_list_says_where_each_is_and_whether_it_has_a_key():
    done = backend("list", "--output", "json", OPENAI_API_KEY=KEY, LLM_BACKEND="groq", OLLAMA_HOST="box:5")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert set(rows) == {*ENDPOINTS, "gguf", "mlx", "mock"}
    assert (rows["openai"]["has_key"], rows["groq"]["has_key"], rows["ollama"]["has_key"]) == (True, False, None)
    assert rows["ollama"]["base_url"] == "http://box:5"
    assert [name for name, row in rows.items() if row["configured"]] == ["groq"]
    text = backend("list", OPENAI_API_KEY=KEY, LLM_BACKEND="groq")
    assert "has a key" in text.stdout
    assert "* groq" in text.stdout
    assert KEY not in text.stdout + done.stdout


@pytest.mark.parametrize("name", ["mock", "openai"])
def test_one_that_answers_is_exit_0_and_lists_its_models(name):
    with ModelServer() as server:
        server.answer(recorded.MODELS)
        words = ["--api-base", server.url] if name == "openai" else []
        done = backend("test", name, *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("up: ")
        facts = json.loads(backend("test", name, *words, "--output", "json").stdout)
    assert facts["status"] == "up"
    assert facts["models"] == (["m-1", "m-2"] if name == "openai" else ["mock"])


@pytest.mark.parametrize(
    ("answer", "status"),
    [(whole({}, "401 Unauthorized"), "unauthorized"), (whole({}, "500 Broken"), "down"), ([HANG], "down")],
)
def test_one_that_does_not_is_exit_3_with_the_reason(answer, status):
    with ModelServer() as server:
        server.answer(answer)
        env = {"LLM_BACKEND": "openai", "LLM_API_BASE": server.url, "LLM_API_KEY": KEY}
        done = backend("test", "openai", "--timeout", "500ms", **env)
        as_json = backend("test", "openai", "--timeout", "500ms", "--output", "json", **env)
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert (done.returncode, as_json.returncode) == (3, 3)
    assert f"error: {status}: openai ({server.url})" in done.stderr
    assert json.loads(as_json.stdout)["status"] == status
    assert KEY not in done.stderr + as_json.stdout


def test_one_that_there_is_not_is_exit_2_with_the_nearest():
    done = backend("test", "olama")
    assert done.returncode == 2
    assert "did you mean ollama?" in done.stderr


def test_one_without_its_key_is_exit_3_with_the_variable():
    done = backend("test", "groq")
    assert done.returncode == 3
    assert "GROQ_API_KEY" in done.stderr
