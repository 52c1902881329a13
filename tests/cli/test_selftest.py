"""``llmx selftest``: what is tried, what is left out and said so, and what fails."""

import json
import os
import sys

import pytest

from tests import forked
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer, whole


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


def selftest(*words, **env):
    argv = [sys.executable, "-m", "llmx", "selftest", *words]
    return forked.run(argv, text=True, env={**os.environ, **env})


def rows(*words, code=0, **env):
    done = selftest(*words, "--output", "json", **env)
    assert done.returncode == code, done.stderr
    return {row["part"]: row for row in json.loads(done.stdout)}


@pytest.mark.promise("S3-28")
def test_offline_it_passes_and_lists_what_it_left_out(tmp_path):
    (tmp_path / "s").write_text('{"text": "x"}')
    found = rows(LLMX_MOCK_SCRIPT="s")
    assert {part: row["status"] for part, row in found.items()} == {
        **dict.fromkeys(("mock", "stream", "chat", "at-once"), "ok"),
        **dict.fromkeys(("ollama", "configured"), "skipped"),
    }
    assert "Connection refused" in found["ollama"]["reason"]
    text = selftest()
    assert text.returncode == 0
    assert "skipped  ollama" in text.stdout


@pytest.mark.promise("S3-28")
def test_what_is_required_must_have_been_tried():
    done = selftest("--require", "ollama")
    assert done.returncode == 3
    assert "ollama could not be tried" in done.stderr
    assert rows("--require", "ollama", code=3)["ollama"]["status"] == "skipped"
    assert rows("--require", "mock")["mock"]["status"] == "ok"


def test_ollama_is_asked_where_it_is_up():
    with ModelServer() as server:
        server.by_path = {"/api/tags": whole({"models": [{"name": "tiny"}]}), "/api/show": recorded.SHOWN}
        server.answer(recorded.streamed(recorded.ollama(["x"]), "application/x-ndjson"))
        assert rows("--require", "ollama", OLLAMA_HOST=server.url)["ollama"]["status"] == "ok"
        server.by_path["/api/tags"] = whole({"models": []})
        assert "has no model" in rows(OLLAMA_HOST=server.url)["ollama"]["reason"]


def test_what_is_configured_and_does_not_answer_fails():
    down = {"LLM_BACKEND": "vllm", "LLM_MODEL": "m", "LLM_API_BASE": "http://127.0.0.1:9/v1", "LLM_TIMEOUT": "1"}
    down["LLMX_LLM__RETRY__TRIES"] = "1"
    found = rows(code=1, **down)
    assert found["configured"]["status"] == "failed"
    done = selftest(**down)
    assert (done.returncode, "configured failed" in done.stderr) == (1, True)


def test_a_part_that_there_is_not_is_refused():
    done = selftest("--require", "olama")
    assert (done.returncode, "did you mean ollama?" in done.stderr) == (2, True)
