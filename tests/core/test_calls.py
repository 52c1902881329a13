"""``core/calls.py``: what is kept, counted, limited, recorded and played when a client asks."""

import asyncio
import json
import os
import stat
from typing import Any

import pytest

from llmx.core.backends.errors import AuthError, RateLimitedError, UnavailableError
from llmx.core.calls import CallOptions, Calls
from llmx.core.cassettes import CassetteError
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.settings import active
from llmx.core.usage import Caller
from llmx.core.usage.ledger import Ledger
from llmx.errors import BudgetError, UsageError
from tests.core.backends import recorded
from tests.core.backends.server import HANG, ModelServer, head, whole

KEY = "sk-proj-" + "Zq8w" * 10
GOOD = recorded.streamed(recorded.chat(["Hel", "lo"]))


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server():
    with ModelServer() as server:
        server.answer(GOOD)
        yield server


def ask(server, prompt="hi", options=None, settings=None, *, system=None, **config):
    """One answer, by a client of its own."""
    values = {**active(os.environ, os.getcwd()).values, **(settings or {})}
    given: dict[str, Any] = {
        "backend": "openai",
        "model": "gpt-4o-mini",
        "api_key": KEY,
        "api_base": server.url if server else None,
    }
    asked = LLMConfig(**{**given, **config})
    calls = Calls(values, options or CallOptions(Caller("run")), cache_dir=asked.cache_dir)
    return asyncio.run(LLMClient(asked, calls=calls).generate(prompt, system))


def rows(query="SELECT status, cached, prompt_tokens, completion_tokens FROM calls ORDER BY id"):
    ledger = Ledger()
    found = ledger.connection.execute(query).fetchall()
    ledger.close()
    return found


@pytest.mark.promise("S3-21")
def test_the_second_answer_is_kept_and_the_first_stays_as_it_was(server):
    first = ask(server)
    second = ask(server)
    assert (first.content, first.cached) == ("Hello", False)
    assert (second.content, second.cached) == ("Hello", True)
    assert first.cached is False
    assert (second.usage, second.finish_reason, second.model) == (first.usage, first.finish_reason, first.model)
    assert len(server.asked) == 1
    assert [row[:2] for row in rows()] == [("done", 0), ("done", 1)]


@pytest.mark.promise("S3-08")
def test_without_the_cache_there_are_two_calls(server, monkeypatch):
    monkeypatch.setenv("LLM_ENABLE_CACHE", "false")
    assert [ask(server).cached for _ in range(2)] == [False, False]
    assert len(server.asked) == 2


@pytest.mark.promise("S3-08")
def test_the_folder_is_the_one_that_was_named(server, monkeypatch, tmp_path):
    monkeypatch.setenv("LLM_CACHE_DIR", f"{tmp_path}/.llm_cache")
    config = LLMConfig().over(active(os.environ, os.getcwd()).values)
    assert [ask(server, cache_dir=config.cache_dir).cached for _ in range(2)] == [False, True]
    assert stat.S_IMODE(os.stat(f"{tmp_path}/.llm_cache").st_mode) == 0o700


@pytest.mark.promise("S3-22")
@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "ho"},
        {"system": "be short"},
        {"model": "gpt-4o"},
        {"temperature": 0.5},
        {"max_tokens": 7},
        {"options": CallOptions(Caller("run"), sample=1)},
        {"options": CallOptions(Caller("run"), fresh=True)},
    ],
    ids=str,
)
def test_what_changes_the_answer_is_asked_again(server, other):
    ask(server)
    assert ask(server, **other).cached is False
    assert len(server.asked) == 2


def test_a_fresh_answer_replaces_the_kept_one(server):
    ask(server)
    server.answer(recorded.streamed(recorded.chat(["New"])))
    ask(server, options=CallOptions(Caller("run"), fresh=True))
    kept = ask(server)
    assert (kept.content, kept.cached) == ("New", True)


def test_an_answer_that_was_cut_is_not_kept(server):
    server.answer(recorded.streamed(recorded.chat(["Hel"], reason="length")))
    assert [ask(server).cached for _ in range(2)] == [False, False]


@pytest.mark.parametrize(
    ("answer", "error"),
    [([*whole({}, "429 Too Many Requests")], RateLimitedError), ([*whole({}, "503 Busy")], UnavailableError)],
)
def test_a_failure_is_written_down_and_not_kept(server, answer, error, monkeypatch):
    monkeypatch.setenv("LLMX_LLM__RETRY__TRIES", "1")
    server.answer(answer)
    for _ in range(2):
        with pytest.raises(error):
            ask(server)
    assert [row[:2] for row in rows()] == [("failed", 0), ("failed", 0)]


def test_every_call_is_counted_with_who_made_it(server):
    caller = Caller("run-7", "/p", "reviewer", "code-review", "work")
    ask(server, options=CallOptions(caller))
    columns = "run, project, agent, template, session, backend, model, base_url"
    assert rows(f"SELECT {columns} FROM calls") == [(*caller, "openai", "gpt-4o-mini", server.url)]
    (took, first) = rows("SELECT ms, first_ms FROM calls")[0]
    assert 0 <= first <= took


@pytest.mark.promise("S3-31")
def test_over_a_budget_nothing_is_sent(server):
    with pytest.raises(BudgetError) as refused:
        ask(server, options=CallOptions(Caller("run"), max_tokens=10))
    assert refused.value.exit_code == 6
    assert server.asked == []
    assert rows() == []
    with pytest.raises(BudgetError, match=r"budget\.daily_tokens is 10 tokens"):
        ask(server, settings={"budget.daily_tokens": 10})
    assert server.asked == []


def test_a_budget_lets_through_what_fits_and_counts_what_was_used(server):
    options = CallOptions(Caller("run"), max_tokens=1000)
    ask(server, options=options)
    used = sum(rows("SELECT prompt_tokens + completion_tokens FROM calls")[0])
    with pytest.raises(BudgetError, match=f": {used} tokens are used"):
        ask(server, "another", options=CallOptions(Caller("run"), max_tokens=used + 100))
    assert rows("SELECT count(*) FROM reservations") == [(0,)]


def test_a_kept_answer_needs_no_budget(server):
    ask(server)
    assert ask(server, options=CallOptions(Caller("run"), max_tokens=0)).cached is True


def test_dollars_of_an_endpoint_without_prices_are_refused(server):
    with pytest.raises(BudgetError, match="the price of gpt-4o-mini is not known"):
        ask(server, options=CallOptions(Caller("run"), max_cost=1.0))
    assert server.asked == []


def test_an_answer_that_is_broken_off_counts_with_the_most_it_may_have_used(server):
    chat = recorded.chat(["Hel", "lo"])
    server.answer([head(), chat[: chat.index(b"\n\n", chat.index(b"Hel")) + 2], HANG])

    async def broken_off():
        values = active(os.environ, os.getcwd()).values
        calls = Calls(values, CallOptions(Caller("run"), max_tokens=5000))
        config = LLMConfig("openai", "m", KEY, server.url)
        stream = LLMClient(config, calls=calls).stream("hi")
        async for event in stream:
            if hasattr(event, "text"):
                break
        await stream.aclose()

    asyncio.run(broken_off())
    (row,) = rows("SELECT status, most_completion FROM calls")
    assert row == ("stopped", 512)


def test_a_ledger_that_cannot_be_written_stops_only_limited_calls(server, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", f"{tmp_path}/file")
    assert ask(server).content == "Hello"
    with pytest.raises(Exception, match=r"usage\.db cannot be opened"):
        ask(server, "ho", options=CallOptions(Caller("run"), max_tokens=5000))


def test_a_cache_that_cannot_be_opened_costs_no_answer(server, tmp_path, caplog):
    (tmp_path / "file").touch()
    for _ in range(2):
        asked = ask(server, enable_cache=True, cache_dir=f"{tmp_path}/file/answers")
        assert (asked.content, asked.cached) == ("Hello", False)
    assert {record.getMessage() for record in caplog.records if record.levelname == "WARNING"} == {
        f"no answer is kept: {tmp_path}/file/answers/answers.db cannot be opened: Not a directory"
    }


class TestCassettes:
    def record(self, server, tape, *prompts):
        for_all = CallOptions(Caller("run"), record=str(tape))
        values = active(os.environ, os.getcwd()).values
        client = LLMClient(
            LLMConfig("openai", "gpt-4o-mini", KEY, server.url, enable_cache=False), calls=Calls(values, for_all)
        )
        return [asyncio.run(client.generate(prompt)) for prompt in prompts]

    def play(self, tape, prompt, **config):
        calls = Calls(active(os.environ, os.getcwd()).values, CallOptions(Caller("run"), replay=str(tape)))
        return asyncio.run(LLMClient(LLMConfig(**config), calls=calls).generate(prompt))

    def test_a_recorded_call_plays_without_key_and_server(self, server, tmp_path):
        (recorded_,) = self.record(server, tmp_path / "tape", "hi")
        assert self.play(tmp_path / "tape", "hi") == recorded_
        assert self.play(tmp_path / "tape", "hi", backend="openai", model="gpt-4o-mini") == recorded_
        assert len(server.asked) == 1

    def test_a_call_that_is_not_on_it_is_refused_with_what_differs(self, server, tmp_path):
        self.record(server, tmp_path / "tape", "good morning to you all", "x")
        with pytest.raises(CassetteError) as refused:
            self.play(tmp_path / "tape", "good evening to you all")
        assert '-      "good morning to you all"' in refused.value.message
        assert '+      "good evening to you all"' in refused.value.message
        assert refused.value.exit_code == 3

    @pytest.mark.parametrize(
        "other", [{"backend": "anthropic", "model": "claude-x"}, {"backend": "openai", "model": "gpt-4o"}]
    )
    def test_another_model_than_the_recorded_one_is_refused(self, server, tmp_path, other):
        self.record(server, tmp_path / "tape", "hi")
        with pytest.raises(CassetteError, match="holds this call of openai/gpt-4o-mini, not of"):
            self.play(tmp_path / "tape", "hi", **other)

    def test_the_same_question_has_its_answers_in_turn(self, server, tmp_path):
        server.answer(*(recorded.streamed(recorded.chat([text])) for text in ("one", "two")))
        self.record(server, tmp_path / "tape", "hi", "hi")
        values = active(os.environ, os.getcwd()).values
        calls = Calls(values, CallOptions(Caller("run"), replay=str(tmp_path / "tape")))
        client = LLMClient(LLMConfig(), calls=calls)
        assert [asyncio.run(client.generate("hi")).content for _ in range(2)] == ["one", "two"]
        with pytest.raises(CassetteError, match="holds this call 2 times"):
            asyncio.run(client.generate("hi"))

    def test_an_error_is_recorded_and_raised_again(self, server, tmp_path):
        server.answer([*whole({"error": {"message": "no"}}, "401 Unauthorized")])
        errors = []
        for do in (lambda: self.record(server, tmp_path / "tape", "hi"), lambda: self.play(tmp_path / "tape", "hi")):
            with pytest.raises(AuthError) as raised:
                do()
            errors.append((type(raised.value), raised.value.message, raised.value.hint))
        assert errors[0] == errors[1]

    def test_no_secret_gets_onto_it_and_it_plays_all_the_same(self, server, tmp_path, monkeypatch):
        secret = "ghp_" + "Ab3" * 12
        monkeypatch.setenv("MY_TOKEN", "correct-horse-battery")
        prompt = f"push with {secret} and correct-horse-battery"
        server.answer(recorded.streamed(recorded.chat([f"use {secret[:9]}", f"{secret[9:]} then"])))
        self.record(server, tmp_path / "tape", prompt)
        text = (tmp_path / "tape").read_text()
        for word in (secret, "correct-horse-battery", KEY):
            assert word not in text
        assert self.play(tmp_path / "tape", prompt).content.startswith("use ")
        assert stat.S_IMODE(os.stat(tmp_path / "tape").st_mode) == 0o600

    def test_a_file_that_is_there_is_not_written_over(self, server, tmp_path):
        (tmp_path / "tape").write_text("mine")
        with pytest.raises(UsageError, match="is there already"):
            self.record(server, tmp_path / "tape", "hi")
        assert (tmp_path / "tape").read_text() == "mine"

    @pytest.mark.parametrize(
        "text", ["", "{}", "hello", '{"cassette": 2}', '{"cassette": 1}\n[]', '{"cassette": 1}\n{"request": {}}']
    )
    def test_what_is_no_cassette_is_refused(self, tmp_path, text):
        (tmp_path / "tape").write_text(text)
        with pytest.raises(UsageError, match="--replay"):
            self.play(tmp_path / "tape", "hi")

    def test_a_text_with_line_separators_survives(self, server, tmp_path):
        odd = "a\u2028b\u0085c\x0bd"
        server.answer(recorded.streamed(recorded.chat([odd])))
        self.record(server, tmp_path / "tape", odd)
        assert self.play(tmp_path / "tape", odd).content == odd

    def test_both_at_once_are_refused(self, tmp_path):
        with pytest.raises(UsageError, match="both --record and --replay"):
            Calls({}, CallOptions(record="a", replay="b"))

    def test_a_line_holds_what_was_asked_and_who_answered(self, server, tmp_path):
        self.record(server, tmp_path / "tape", "hi")
        head_, call = [json.loads(line) for line in (tmp_path / "tape").read_text().splitlines()]
        assert head_["cassette"] == 1
        assert (call["backend"], call["model"]) == ("openai", "gpt-4o-mini")
        assert call["events"][0] == ["text", "Hello"]
