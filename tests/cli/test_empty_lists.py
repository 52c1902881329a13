"""Where there is nothing to list, a note on stderr says so and what to type; stdout stays empty."""

import json

import pytest

from tests.cli import inside

LISTS = [
    (["session", "list"], "no session is kept; --session NAME"),
    (["runs", "list"], "no run yet"),
    (["runs", "list", "--status", "failed"], "llmx runs list --all"),
    (["agent", "list"], "llmx agent init"),
    (["mcp", "list"], "llmx mcp add"),
    (["mcp", "check"], "no servers to check"),
    (["trust", "list"], "nothing is trusted"),
    (["history"], "no such edit"),
    (["client", "history"], "no such edit"),
    (["client", "import"], "llmx client list"),
    (["keys", "list"], "llmx keys add"),
    (["model", "list"], "llmx model available"),
    (["template", "search", "gone"], "llmx template list"),
    (["config", "validate"], "the defaults hold"),
]


@pytest.mark.parametrize(("words", "note"), LISTS, ids=[" ".join(words) for words, _ in LISTS])
def test_an_empty_list_says_that_it_is_empty(words, note, home, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = inside.llmx(*words)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("note: ")
    assert note in done.stderr


@pytest.mark.parametrize("words", [words for words, _ in LISTS], ids=" ".join)
def test_as_json_it_is_an_empty_list(words, home, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = inside.llmx(*words, "--output", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout) in ([], {"valid": True, "files": []})
