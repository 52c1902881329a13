"""``llmx template batch``: one template over many inputs, in order, some at once, and none paid twice."""

import fcntl
import json
import os
import signal
import subprocess
import sys

import pytest

from llmx.templates.sources import user_folder
from tests.cli import inside
from tests.core.backends import recorded
from tests.core.backends.server import HANG, ModelServer, head
from tests.templates import own
from tests.templates.play import scripted

CODE = """
import asyncio, sys, types
meeting = sys.modules.setdefault("llmx_test_meeting", types.SimpleNamespace(now=0, most=0))
from llmx.templates.phases import PhaseError
async def count(context):
    meeting.now += 1
    meeting.most = max(meeting.most, meeting.now)
    text = context.parameters["text"]
    for _ in range(20 if text == "slow" else 2):
        await asyncio.sleep(0)
    meeting.now -= 1
    if text == "broken":
        raise PhaseError("it broke")
    if text == "asks":
        return await context.ask("hello")
    return text
"""


@pytest.fixture(autouse=True)
def counting(tmp_path, monkeypatch):
    """A template that says its text again, or fails or asks as it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("LLMX_LLM__RETRY__TRIES", "1")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    sys.modules.pop("llmx_test_meeting", None)
    return own.write(user_folder() / "counting", code=CODE)


def write(tmp_path, *texts):
    lines = [text if text.startswith("{") or not text else json.dumps({"text": text}) for text in texts]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")


def batch(*words, **options):
    done = inside.llmx("template", "batch", "counting", "in.jsonl", *words, **options)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def id_of(done):
    return done.stderr.split("batch ")[1].split(":")[0]


@pytest.mark.parametrize("jobs", [1, 4])
def test_results_come_in_the_order_of_the_inputs_and_so_many_are_worked_on_at_once(tmp_path, jobs):
    texts = ["slow", "b", "c", "slow", "e", "f", "g", "h", "i"]
    write(tmp_path, *texts[:5], "", *texts[5:])
    done, told = batch("--jobs", str(jobs))
    assert done.returncode == 0, done.stderr
    assert [each["result"] for each in told] == texts
    assert [each["line"] for each in told] == [1, 2, 3, 4, 5, 7, 8, 9, 10]
    assert sys.modules["llmx_test_meeting"].most == jobs
    assert {each["envelope"] for each in told} == {1}
    assert done.stderr.endswith("9 x exit 0\n")


@pytest.mark.parametrize(
    ("texts", "rc"), [(["a", "asks"], 3), (["a", "asks", "broken"], 1), (["broken", "asks", "a"], 1), (["a"], 0)]
)
def test_the_worst_outcome_is_the_exit_code(tmp_path, texts, rc):
    write(tmp_path, *texts)
    done, told = batch()
    assert (done.returncode, len(told)) == (rc, len(texts))


def test_every_line_that_is_wrong_is_said_before_any_is_sent(tmp_path):
    write(tmp_path, "a", '{"text": 1}', '{"txt": "a"}', "{", '{"text": "b"}')
    done, told = batch()
    assert (done.returncode, told) == (2, [])
    for said in ("line 2: counting: text: 1 is not of type", "line 3: ", "did you mean text?", "line 4: it is no JSON"):
        assert said in done.stderr
    assert "line 5" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words", "rc", "said"),
    [
        ("", [], 2, "in.jsonl holds no input"),
        ("[1]", [], 2, "line 1: it is no JSON object"),
        ('{"text": "a"}', ["--resume", "20990101-000000-000000"], 4, "there is no unfinished batch"),
        ('{"text": "a"}', ["--resume", "../x"], 4, "there is no unfinished batch"),
        ('{"text": "a"}', ["--fail-on", "hihg"], 2, "did you mean high?"),
        ('{"text": "a"}', ["--jobs", "0"], 2, "--jobs"),
    ],
)
def test_wrong_words_are_refused(tmp_path, text, words, rc, said):
    (tmp_path / "in.jsonl").write_text(text)
    done, _ = batch(*words)
    assert (done.returncode, said in done.stderr) == (rc, True), done.stderr


def test_a_verdict_holds_for_the_options_that_it_was_reached_by(tmp_path):
    write(tmp_path, "a", "asks")
    first, _ = batch("--fail-on", "never")
    again, told = batch("--resume", id_of(first), "--fail-on", "low", "--backend", "mock")
    assert (again.returncode, told) == (2, [])
    assert "was not of the same work: --fail-on changed since" in again.stderr
    assert batch("--resume", id_of(first), "--fail-on", "never", "--backend", "mock")[0].returncode == 0


def test_a_batch_is_gone_on_with_once_at_a_time(tmp_path, home):
    write(tmp_path, "a", "asks")
    first, _ = batch()
    (journal,) = (home / ".local/state/llmx/batches").glob("*/journal.jsonl")
    with journal.open() as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        again, told = batch("--resume", id_of(first), "--backend", "mock")
    assert (again.returncode, told) == (2, [])
    assert "is going on" in again.stderr


def test_what_was_not_judged_is_tried_again_and_the_rest_is_not(tmp_path, home):
    write(tmp_path, "a", "asks", "c")
    first, _ = batch()
    assert first.returncode == 3
    again, told = batch("--resume", id_of(first), "--backend", "mock")
    assert again.returncode == 0, again.stderr
    assert "1 of 3 inputs to do" in again.stderr
    assert [each["result"] for each in told] == ["a", "Mock response to: hello", "c"]
    assert told[0]["metadata"]["run"] == f"{id_of(first)}-1"
    assert not list((home / ".local/state/llmx/batches").iterdir())


def test_a_batch_goes_on_only_with_the_inputs_it_had(tmp_path):
    write(tmp_path, "a", "asks")
    first, _ = batch()
    write(tmp_path, "a", "other")
    done, _ = batch("--resume", id_of(first))
    assert (done.returncode, "was not of the same work: line 2 changed since" in done.stderr) == (2, True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_batch_that_was_ended_pays_nothing_twice(tmp_path, ending):
    write(tmp_path, *["asks"] * 5)
    answer = [head(), recorded.chat(["yes"])]
    key = {"OPENAI_API_KEY": "a-key-for-nobody"}
    env = {**os.environ, **key}
    with ModelServer() as server:
        server.answer(answer, answer, [HANG])
        url = ("--backend", "openai", "--model", "m", "--api-base", server.url, "--jobs", "1")
        command = [sys.executable, "-m", "llmx", "template", "batch", "counting", "in.jsonl", *url]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **env}
        ) as ran:
            while len(server.asked) < 3 and ran.poll() is None:
                server.left.wait(0.02)
            ran.send_signal(ending)
            out, err = ran.communicate(timeout=60)
        assert ran.returncode == (130 if ending == signal.SIGINT else -signal.SIGKILL)
        assert [json.loads(line)["result"] for line in out.splitlines()] == ["yes", "yes"]
        name = err.decode().split("batch ")[1].split(":")[0]
        server.answer(answer)
        done, told = batch("--resume", name, *url, **key)
        assert (done.returncode, [each["result"] for each in told]) == (0, ["yes"] * 5)
        assert len(server.asked) == 3


def test_a_line_of_the_journal_that_was_cut_counts_for_nothing(tmp_path, home):
    write(tmp_path, "a", "asks")
    first, _ = batch()
    (journal,) = (home / ".local/state/llmx/batches").rglob("journal.jsonl")
    journal.write_bytes(journal.read_bytes()[:-40])
    again, told = batch("--resume", id_of(first), "--backend", "mock")
    assert (again.returncode, len(told)) == (0, 2)


def test_one_budget_holds_for_all_inputs(tmp_path):
    write(tmp_path, "asks", "asks", "asks")
    env = scripted(tmp_path, [{"text": "x", "usage": {"prompt_tokens": 300, "completion_tokens": 300}}])
    done, told = batch("--backend", "mock", "--max-tokens-total", "1000", "--jobs", "1", **env)
    assert done.returncode == 6
    assert [each["exit_code"] for each in told] == [0, 6, 6]
