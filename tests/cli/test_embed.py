"""``llmx embed``: vectors on stdout, one list a line."""

import json
import os
import sys

import pytest

from tests import forked
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer, whole


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with ModelServer() as server:
        monkeypatch.setenv("LLM_BACKEND", "vllm")
        monkeypatch.setenv("LLM_MODEL", "m-1")
        monkeypatch.setenv("LLM_API_BASE", f"{server.url}/v1")
        server.by_path = {"/v1/embeddings": recorded.VECTORS}
        yield server


def embed(*words, stdin="", **env):
    argv = [sys.executable, "-m", "llmx", "embed", *words]
    return forked.run(argv, input=stdin, text=True, env={**os.environ, **env})


def test_each_text_has_its_vector_in_order(server):
    done = embed("a", "b")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[1.0, 0.5], [0.0, 1.0]]
    assert server.asked[0].json == {"model": "m-1", "input": ["a", "b"]}
    facts = json.loads(embed("a", "b", "--output", "json").stdout)
    assert facts == {
        "backend": "vllm",
        "model": "m-1",
        "mock": False,
        "cached": True,
        "tokens_used": None,
        "dimensions": 2,
        "vectors": [[1.0, 0.5], [0.0, 1.0]],
    }


def test_lines_of_stdin_are_texts_of_their_own_where_that_is_asked(server):
    assert embed("--lines", "-", stdin="a\n\nb\n").returncode == 0
    assert server.asked[0].json["input"] == ["a", "b"]


def test_a_mock_says_that_it_is_one():
    done = embed("a", "--backend", "mock", "--output", "json")
    assert "a mock made these vectors up" in done.stderr
    assert json.loads(done.stdout)["mock"] is True


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([""], 2, "an empty text"),
        (["--lines", "-"], 2, "an empty text"),
        ([], 2, "missing argument"),
        (["a", "--model", "anthropic/claude-3-opus"], 2, "makes no embeddings"),
        (["a", "--backend", "olama"], 2, "did you mean ollama?"),
    ],
)
def test_what_has_no_vector_is_refused(server, words, code, said):
    done = embed(*words, ANTHROPIC_API_KEY="k" * 20)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_failure_on_the_way_is_tried_again(server):
    server.by_path = {}
    server.answer(whole({}, "503 Service Unavailable"), recorded.VECTORS)
    assert embed("a", "b", LLMX_LLM__RETRY__FIRST="0.01").returncode == 0
    assert len(server.asked) == 2
