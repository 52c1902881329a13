"""Models that Ollama keeps: pulled by it, listed beside all others."""

import hashlib

import pytest

from llmx.errors import InconclusiveError, LlmxError, NotFoundError
from llmx.models.ollama_pull import pull_from_ollama
from llmx.models.ollama_server import digest_of
from llmx.models.progress import Progress
from llmx.models.sources import OllamaSource
from llmx.models.survey import survey
from tests.models.ollama import Ollama
from tests.models.test_shelves import put_in_ollama

NAME = "qwen2.5:1.5b"


@pytest.fixture
def ollama(monkeypatch):
    """One that runs, and that llmx asks."""
    server = Ollama()
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    monkeypatch.delenv("OLLAMA_MODELS", raising=False)
    yield server
    server.close()


@pytest.mark.promise("S2-13")
def test_ollama_pulls_and_llmx_tells_how_far_it_is(ollama, home, where):
    put_in_ollama(home, b"3" * 30)
    events: list[Progress] = []
    pulled = pull_from_ollama(OllamaSource(NAME), where, events.append)
    assert ollama.asked == [{"model": NAME, "stream": True}]
    assert list(dict.fromkeys(event.state for event in events)) == ["Starting", "Downloading", "Verifying", "Complete"]
    assert [event.done for event in events if event.state == "Downloading"] == [0, 600, 1000, 1010]
    assert (pulled.ref, pulled.size, pulled.fetched) == (f"ollama/{NAME}", 1010, 1000)
    assert pulled.path.startswith(f"{home}/.ollama/models/blobs/sha256-")


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([{"error": "pull model manifest: file does not exist"}], NotFoundError),
        ([{"error": "no space left on device"}], InconclusiveError),
        ([{"status": "pulling manifest"}], InconclusiveError),
        (["not an object"], InconclusiveError),
        ([{"status": "pulling", "digest": "sha256:1", "total": "many"}], InconclusiveError),
    ],
)
def test_what_goes_wrong_there_is_an_error_here(ollama, where, lines, error):
    ollama.pull = lines
    with pytest.raises(LlmxError) as caught:
        pull_from_ollama(OllamaSource(NAME), where, lambda _: None)
    assert isinstance(caught.value, error)


def test_an_ollama_that_does_not_run_is_said_with_what_to_type(ollama, where):
    ollama.close()
    with pytest.raises(InconclusiveError, match="does not answer") as caught:
        pull_from_ollama(OllamaSource(NAME), where, lambda _: None)
    assert "ollama serve" in str(caught.value.hint)
    ollama.close = lambda: None


@pytest.mark.promise("S2-12")
def test_what_a_running_ollama_has_and_has_loaded_is_listed(ollama, home, where):
    put_in_ollama(home, b"3" * 30)
    when = "2026-11-20T10:00:00.123456789+01:00"
    ollama.tags = [
        {"name": NAME, "size": 30, "details": {"quantization_level": "Q4_K_M"}, "modified_at": when},
        {"name": "far:1b", "size": 99, "details": {"quantization_level": "Q8_0"}, "modified_at": when},
        {"name": "odd", "size": None, "details": None, "modified_at": "once"},
    ]
    ollama.loaded = [NAME]
    found = survey(where)
    assert [(row.model.id, row.model.size, row.model.quantization, row.loaded) for row in found.models] == [
        (f"ollama/{NAME}", 30, "Q4_K_M", True),
        ("ollama/far:1b", 99, "Q8_0", False),
        ("ollama/odd", 0, "", False),
    ]
    assert found.models[1].model.modified == pytest.approx(1795165200.123456)
    assert found.notes == ()


@pytest.mark.promise("S2-12")
def test_an_ollama_that_does_not_answer_is_a_note(ollama, home, where):
    ollama.close()
    put_in_ollama(home, b"3" * 30)
    found = survey(where)
    assert [row.loaded for row in found.models] == [False]
    assert "does not answer" in found.notes[0]
    ollama.close = lambda: None


@pytest.mark.promise("S2-15")
def test_a_models_digest_is_ollamas_own(ollama, home, where):
    put_in_ollama(home, b"3" * 30)
    manifest = next((home / ".ollama/models/manifests").rglob("1.5b")).read_bytes()
    (model,) = [listed.model for listed in survey(where).models]
    assert model.digest == f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    ollama.tags = [{"name": "far:latest", "digest": "ab" * 32}, {"name": "odd", "digest": 7}]
    assert {row.model.id: row.model.digest for row in survey(where).models if row.model.path == ollama.url} == {
        "ollama/far:latest": f"sha256:{'ab' * 32}",
        "ollama/odd": "",
    }
    told = [digest_of(ollama.url, name) for name in ("far:latest", "far", "odd", "none")]
    assert told == [f"sha256:{'ab' * 32}"] * 2 + [""] * 2
