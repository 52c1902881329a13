"""What every command that asks a model offers: a cassette, a budget, kept answers, and one declaration of all of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from llmx.cli.model_options import BUDGET, CASSETTE, SAMPLING, ModelOptions, all_but
from llmx.core.plugins import load
from tests import forked
from tests.core.backends import recorded
from tests.core.backends.server import HANG, ModelServer, head, sse, whole

VECTORS = whole(
    {
        "data": [{"index": 0, "embedding": [1.0, 0.1]}, {"index": 1, "embedding": [0.0, 1.0]}],
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }
)
OFFERED = {
    "generate": ("llmx.cli.generate:app", "", all_but()),
    "chat": ("llmx.cli.chat:app", "", all_but()),
    "agent run": ("llmx.cli.agent:app", "run", all_but()),
    "embed": ("llmx.cli.embed:app", "", all_but(*SAMPLING, "keep_alive")),
    "template exec": ("llmx.cli.template_exec:app", "", all_but("top_p", "max_tokens")),
    "model bench": ("llmx.cli.model_bench:app", "", BUDGET),
    "selftest": ("llmx.cli.selftest:app", "", (*CASSETTE, *BUDGET)),
}
ASKING = {
    "chat": (["chat"], "hello\n"),
    "agent run": (["agent", "run", "helper", "hello"], ""),
    "embed": (["embed", "a", "b"], ""),
}


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server that the settings name, with what it says for each path, and an agent that asks it."""
    monkeypatch.chdir(tmp_path)
    with ModelServer() as server:
        for name, value in (("BACKEND", "vllm"), ("MODEL", "m-1"), ("API_BASE", f"{server.url}/v1")):
            monkeypatch.setenv(f"LLM_{name}", value)
        server.by_path = {"/v1/embeddings": VECTORS, "/v1/models": recorded.MODELS}
        server.answer(recorded.streamed(recorded.chat(["yes"])))
        llmx("agent", "create", "helper", "--provider", "vllm", "--model", "m-1", "--endpoint", f"{server.url}/v1")
        yield server


def llmx(*words, stdin="", code=0, **env):
    argv = [sys.executable, "-m", "llmx", *words]
    done = forked.run(argv, input=stdin, text=True, env={**os.environ, **env})
    assert done.returncode == code, done.stderr
    return done


def calls(server):
    """The calls of a model: what is only asked about one is none."""
    return [each for each in server.asked if each.path in ("/v1/chat/completions", "/v1/embeddings")]


def shown(command):
    """The options of a command: what is typed, and what help says."""
    options = [each for each in command.params if each.param_type_name == "option"]
    return {each.name: (each.opts, each.secondary_opts, each.help) for each in options}


@pytest.mark.parametrize("name", OFFERED)
def test_a_command_offers_the_options_as_they_are_declared(name):
    target, member, names = OFFERED[name]
    command = get_command(load(target))
    if member:
        assert isinstance(command, TyperGroup)
        command = command.commands[member]
    declared = get_command(load("llmx.cli.generate:app"))
    offered, expected = shown(command), {each: of for each, of in shown(declared).items() if each in names}
    assert {each: offered[each] for each in offered if each in ModelOptions._fields} == expected
    assert set(expected) == set(names)


@pytest.mark.parametrize("name", ASKING)
def test_what_was_recorded_is_played_offline_byte_for_byte(server, name, tmp_path):
    words, typed = ASKING[name]
    tape = str(tmp_path / "tape.jsonl")
    first = llmx(*words, "--record", tape, stdin=typed)
    asked = len(server.asked)
    away = {"LLM_API_BASE": "http://127.0.0.1:9/v1"}
    again = llmx(*words, "--replay", tape, stdin=typed, **away)
    assert again.stdout == first.stdout != ""
    assert len(server.asked) == asked
    other = [word.replace("hello", "goodbye") if word != "b" else "c" for word in words]
    unknown = llmx(*other, "--replay", tape, stdin=typed.replace("hello", "goodbye"), code=3, **away)
    assert "does not hold this call" in unknown.stderr
    assert "+" in unknown.stderr


@pytest.mark.parametrize("name", ASKING)
def test_what_is_over_the_budget_is_not_sent(server, name):
    words, typed = ASKING[name]
    done = llmx(*words, "--max-tokens-total", "3", stdin=typed, code=6)
    assert "--max-tokens-total is 3 tokens" in done.stderr
    unpriced = llmx(*words, "--max-cost", "0.01", "--api-base", "http://192.0.2.1/v1", stdin=typed, code=6)
    assert "price of m-1 is not known" in unpriced.stderr
    assert calls(server) == []


@pytest.mark.parametrize("name", ["agent run", "embed"])
def test_an_answer_is_kept_and_taken_again_unless_it_is_to_be_fresh(server, name):
    words, typed = ASKING[name]
    sent = []
    for how in (["--cache"], ["--cache"], ["--cache", "--fresh"], ["--no-cache"], []):
        llmx(*words, *how, stdin=typed)
        sent.append(len(calls(server)))
    by_itself = 0 if name == "embed" else 1  # vectors are always the same
    assert sent == [1, 1, 2, 3, 3 + by_itself]


def test_vectors_are_counted_and_say_what_they_cost(server):
    facts = json.loads(llmx("embed", "a", "b", "--output", "json").stdout)
    assert (facts["tokens_used"], facts["cached"]) == (7, False)
    again = json.loads(llmx("embed", "a", "b", "--output", "json").stdout)
    assert (again["vectors"], again["cached"]) == ([[1.0, 0.1], [0.0, 1.0]], True)
    row = json.loads(llmx("usage", "--by", "model", "--output", "json").stdout)[0]
    assert (row["calls"], row["cached"], row["prompt_tokens"], row["unknown"]) == (2, 1, 7, 0)


def test_a_conversation_goes_on_with_another_model_on_the_same_cassette(server, tmp_path):
    tape, typed = str(tmp_path / "tape.jsonl"), "one\n/model m-2\ntwo\n"
    first = llmx("chat", "--record", tape, stdin=typed)
    assert [json.loads(line)["model"] for line in Path(tape).read_text().splitlines()[1:]] == ["m-1", "m-2"]
    assert llmx("chat", "--replay", tape, stdin=typed, LLM_API_BASE="http://127.0.0.1:9/v1").stdout == first.stdout


def test_a_bench_has_a_budget_and_is_counted(server):
    words = ("model", "bench", "mock/mock", "--tokens", "8", "--words", "20", "--output", "json")
    refused = llmx(*words, "--max-tokens-total", "30", code=6)
    assert "--max-tokens-total is 30 tokens" in refused.stderr
    llmx(*words, "--max-tokens-total", "100000")
    assert json.loads(llmx("usage", "--by", "model", "--output", "json").stdout)[0]["calls"] == 3


def test_a_selftest_is_recorded_played_and_limited(server, tmp_path):
    tape = str(tmp_path / "tape.jsonl")
    first = json.loads(llmx("selftest", "--record", tape, "--output", "json", OLLAMA_HOST="127.0.0.1:9").stdout)
    played = llmx("selftest", "--replay", tape, "--output", "json", LLM_API_BASE="http://127.0.0.1:9/v1")
    status = {row["part"]: row["status"] for row in json.loads(played.stdout)}
    assert status == {row["part"]: row["status"] for row in first}
    assert status["configured"] == "ok"
    assert len(calls(server)) == 1
    limited = llmx("selftest", "--max-tokens-total", "3", code=1, OLLAMA_HOST="127.0.0.1:9")
    assert "--max-tokens-total is 3 tokens" in limited.stdout


def test_a_cassette_that_holds_no_call_does_not_stay(server, tmp_path):
    tape = tmp_path / "tape.jsonl"
    server.answer([head(), sse(recorded.chat_chunk({"content": "Hel"})), HANG])
    argv = [sys.executable, "-m", "llmx", "generate", "hello", "--record", str(tape)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout
        assert running.stdout.read(3) == b"Hel"
        assert tape.exists()
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
    assert not tape.exists()
