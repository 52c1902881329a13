"""``llmx generate``, run as a user would: what is on stdout, what on stderr, and how it ends."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest

from tests import forked
from tests.core.backends import recorded
from tests.core.backends.server import HANG, WAIT, ModelServer, head, sse, whole

KEY = "sk-proj-" + "Zq8w" * 10
CLEARED = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OLLAMA_HOST", "GROQ_API_KEY", "HF_TOKEN")


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch, tmp_path):
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server(monkeypatch):
    """A server that the settings name, with a key."""
    with ModelServer() as server:
        monkeypatch.setenv("LLM_BACKEND", "openai")
        monkeypatch.setenv("LLM_MODEL", "m-1")
        monkeypatch.setenv("LLM_API_BASE", server.url)
        monkeypatch.setenv("LLM_API_KEY", KEY)
        server.answer(recorded.streamed(recorded.chat(recorded.TEXT)))
        yield server


def command(*words):
    return [sys.executable, "-m", "llmx", *words]


def generate(*words, stdin=None, before=(), **env):
    return forked.run(command(*before, "generate", *words), input=stdin, env={**os.environ, **env})


def test_the_answer_is_all_of_stdout_and_ends_with_a_newline(server):
    done = generate("hi")
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, recorded.ANSWER + "\n", b"")


@pytest.mark.promise("S2-74")
def test_without_streaming_the_text_is_the_same(server):
    assert generate("hi", "--no-stream").stdout == generate("hi", "--stream").stdout


@pytest.mark.promise("S2-74")
def test_the_first_piece_is_printed_before_the_last_has_come(server):
    server.answer([head(), sse(recorded.chat_chunk({"content": "Hel"})), WAIT, recorded.chat(["lo"])])
    with subprocess.Popen(command("generate", "hi"), stdout=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stdout.read(3) == b"Hel"
        server.go_on()
        assert running.stdout.read() == b"lo\n"
    assert running.returncode == 0


@pytest.mark.promise("S2-74")
def test_ctrl_c_ends_the_request_on_the_wire_and_is_130(server):
    server.answer([head(), sse(recorded.chat_chunk({"content": "Hel"})), HANG])
    with subprocess.Popen(command("generate", "hi"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stdout.read(3) == b"Hel"
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=20)
    assert running.returncode == 130
    assert b"Traceback" not in told
    assert server.left.wait(5)


def test_options_reach_the_wire(server):
    generate("hi", "--system", "Be brief.", "--temperature", "0", "--top-p", "0.5", "--max-tokens", "7", "-m", "m-2")
    body = server.asked[0].json
    assert [(row["role"], row["content"]) for row in body["messages"]] == [("system", "Be brief."), ("user", "hi")]
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("m-2", 0.0, 0.5, 7)


def prompt(server):
    return server.asked[-1].json["messages"][-1]["content"]


def test_a_prompt_may_come_from_stdin_a_file_or_with_a_picture(server, tmp_path):
    (tmp_path / "prompt.txt").write_text("from a file 🌍\n")
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    generate("-", stdin=b"from stdin")
    assert prompt(server) == "from stdin"
    generate("@prompt.txt")
    assert prompt(server) == "from a file 🌍\n"
    generate("@")
    assert prompt(server) == "@"
    generate("look", "--image", "x.png")
    assert [block["type"] for block in prompt(server)] == ["image_url", "text"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["@missing.txt"], 4, "there is no file missing.txt"),
        (["hi", "--image", "llmx.toml"], 2, "is no PNG"),
        (["-"], 2, "is no UTF-8 text"),
        (["hi", "--temperature", "3"], 2, "from 0 to 2"),
        (["hi", "--timeout", "soon"], 2, "--timeout"),
        (["hi", "--backend", "olama"], 2, "did you mean ollama?"),
        (["hi", "--model", "a b"], 2, "names no model"),
        (["hi", "--backend", "groq"], 3, "no model of groq is configured"),
        (["hi", "--model", "groq/x"], 3, "GROQ_API_KEY"),
        (["hi", "--model", "ollama/x", "--timeout", "1s"], 3, "ollama serve"),
        (["hi", "--model", "olama/x", "--timeout", "1s"], 3, "did you mean ollama/x or hf:olama/x? start it with"),
        (["hi", "--model", "file:/x.gguf"], 4, "there is no file /x.gguf"),
        (["hi", "--agent", "nobody"], 4, "there is no agent 'nobody'"),
    ],
)
def test_what_cannot_be_done_has_its_exit_code_and_says_what_to_type(tmp_path, words, code, said):
    (tmp_path / "llmx.toml").write_text("")
    done = generate(*words, stdin=b"\xff")
    assert done.returncode == code, done.stderr
    assert said in done.stderr.decode()
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (whole({"error": {"message": f"bad key {KEY}"}}, "401 Unauthorized"), 3, "the key was not accepted"),
        (whole({"error": {"code": "insufficient_quota"}}, "429 Too Many"), 3, "quota is spent"),
        (whole({"error": {"code": "context_length_exceeded"}}, "400 Bad"), 2, "does not fit the model's context"),
        (whole({"error": {"code": "model_not_found"}}, "404 Not Found"), 4, "does not have that model"),
        ([head(), sse(recorded.chat_chunk({"content": "Hel"}))], 3, "cut off before its end"),
        (recorded.streamed(recorded.chat(["no"], "content_filter")), 3, "a filter has ended the answer"),
        ([HANG], 124, "no whole answer within the time limit"),
    ],
)
def test_a_call_that_fails_is_never_exit_0(server, answer, code, said):
    server.answer(answer)
    done = generate("hi", "--timeout", "2s")
    assert done.returncode == code, done.stderr
    assert said in done.stderr.decode()
    assert KEY.encode() not in done.stdout + done.stderr
    as_json = generate("hi", "--timeout", "2s", "--output", "json")
    assert as_json.returncode == code
    assert json.loads(as_json.stdout)["error"]["exit_code"] == code


@pytest.mark.promise("S3-15")
def test_json_has_the_answer_and_who_gave_it(server):
    facts = json.loads(generate("hi", "--output", "json").stdout)
    assert facts["content"] == recorded.ANSWER
    assert (facts["backend"], facts["model"], facts["finish_reason"]) == ("openai", "m-1", "stop")
    assert (facts["tokens_used"], facts["usage"]["reasoning_tokens"]) == (12, 2)
    assert (facts["mock"], facts["demo"], facts["cached"]) == (False, False, False)
    assert facts == json.loads(generate("hi", before=["--output", "json"]).stdout)


@pytest.mark.promise("S3-13")
def test_a_mock_is_marked_wherever_it_answers():
    for words in ([], ["--no-stream"], ["--output", "json"]):
        done = generate("hi", "--backend", "mock", *words, before=["--quiet"])
        assert done.returncode == 0
        assert b"a mock answers" in done.stderr
    assert json.loads(done.stdout)["mock"] is True


@pytest.mark.promise("S3-20")
def test_the_old_fall_back_to_the_mock_warns_on_every_answer():
    done = generate("hi", LLM_BACKEND="olama", LLMX_ALLOW_MOCK_FALLBACK="1")
    assert done.returncode == 0
    assert b"warning: there is no backend 'olama'" in done.stderr
    assert b"a mock answers" in done.stderr


def test_an_answer_that_is_cut_is_told(server):
    server.answer(recorded.streamed(recorded.chat(["Hel"], "length")))
    done = generate("hi")
    assert (done.returncode, done.stdout) == (0, b"Hel\n")
    assert b"--max-tokens" in done.stderr


@pytest.mark.promise("S2-10")
def test_trace_echoes_the_model_as_it_was_understood(server):
    done = generate("hi", "--model", "openrouter/openai/gpt-4o:free@openrouter", before=["--trace", "info"])
    assert b"model: openrouter/openai/gpt-4o:free on openrouter (asked for by a flag)" in done.stderr


def test_a_trace_of_everything_holds_no_key(server):
    done = generate("hi", before=["--trace", "trace"])
    assert done.returncode == 0
    assert KEY.encode() not in done.stderr


def test_a_model_cannot_steer_the_terminal(server):
    server.answer(recorded.streamed(recorded.chat(["a\x1b[31mb\x9b1m\r\n\tc", "\x1b", "]0;title\x07d"])))
    main, side = pty.openpty()
    with subprocess.Popen(command("generate", "hi"), stdout=side) as running:
        os.close(side)
        seen = b""
        try:
            while piece := os.read(main, 4096):
                seen += piece
        except OSError:
            pass
    os.close(main)
    assert running.returncode == 0
    assert seen.decode() == "a[31mb1m\r\n\tc]0;titled\r\n"
    assert generate("hi").stdout.decode().startswith("a\x1b[31mb")


def test_halves_of_a_character_are_printed_whole(server):
    halves = [json.dumps(recorded.chat_chunk({"content": half})) for half in ("\ud83d", "\ude00", "\ud83d")]
    server.answer([head(), sse(*halves, recorded.chat_chunk({}, "stop"))])
    assert generate("hi").stdout.decode() == "😀\ufffd\n"


def test_a_reader_that_goes_away_is_no_crash(server):
    server.answer([head(), *[sse(recorded.chat_chunk({"content": "x" * 999 + "\n"}))] * 500, recorded.chat(["x"])])
    words = " ".join([sys.executable, "-m", "llmx", "generate", "hi", "|", "head", "-n", "1"])
    done = subprocess.run(["bash", "-c", words], capture_output=True, check=False)
    assert done.stdout == b"x" * 999 + b"\n"
    assert b"Traceback" not in done.stderr


class TestKept:
    """What is kept between runs: answers, cassettes, budgets and sessions."""

    @pytest.mark.parametrize(
        ("words", "cached"),
        [
            ([], False),
            (["--temperature", "0"], True),
            (["--cache"], True),
            (["--temperature", "0", "--no-cache"], False),
            (["--cache", "--fresh"], False),
        ],
    )
    def test_an_answer_is_kept_at_temperature_0_or_when_asked_for(self, server, words, cached):
        generate("hi", *words)
        again = json.loads(generate("hi", *words, "--output", "json").stdout)
        assert again["cached"] is cached
        assert len(server.asked) == 2 - cached

    def test_a_recorded_run_plays_byte_for_byte_without_a_key(self, server, tmp_path):
        recorded_ = generate("hi", "--output", "json", "--record", "tape.jsonl")
        played = generate("hi", "--output", "json", "--replay", "tape.jsonl", LLM_API_KEY="", LLM_API_BASE="")
        assert (played.returncode, played.stdout) == (0, recorded_.stdout)
        assert len(server.asked) == 1
        unknown = generate("ho", "--replay", "tape.jsonl")
        assert (unknown.returncode, unknown.stdout) == (3, b"")
        assert b'-      "hi"' in unknown.stderr

    @pytest.mark.promise("S3-31")
    @pytest.mark.parametrize("words", [["--max-tokens-total", "9"], ["--max-cost", "0"]], ids=" ".join)
    def test_over_a_budget_is_exit_6_and_nothing_is_sent(self, server, words):
        done = generate("hi", *words)
        assert (done.returncode, done.stdout) == (6, b"")
        assert b"nothing was sent" in done.stderr
        assert server.asked == []

    @pytest.mark.promise("S2-67")
    def test_a_session_goes_on_with_what_was_said(self, server):
        for text in ("one", "two"):
            assert generate(text, "--session", "work", "--system", "be short").returncode == 0
        roles = [(each["role"], each["content"]) for each in server.asked[1].json["messages"]]
        assert roles == [
            ("system", "be short"),
            ("user", "one"),
            ("assistant", recorded.ANSWER),
            ("user", "two"),
        ]
        shown = forked.run(command("session", "show", "work"))
        assert shown.stdout.decode().count(recorded.ANSWER) == 2

    def test_a_question_that_got_no_answer_is_not_part_of_the_session(self, server):
        server.answer([*whole({"error": {"message": "no"}}, "401 Unauthorized")])
        assert generate("one", "--session", "work").returncode == 3
        shown = forked.run(command("session", "list", "--output", "json"))
        assert json.loads(shown.stdout)[0]["messages"] == 0

    def test_a_completed_session_is_not_gone_on_with(self, server):
        generate("one", "--session", "work")
        forked.run(command("session", "complete", "work"), check=True)
        done = generate("two", "--session", "work")
        assert done.returncode == 2
        assert b"hint: llmx session resume work" in done.stderr
        assert len(server.asked) == 1

    @pytest.mark.promise("S3-23")
    def test_kept_answers_are_counted_and_cleared(self, server):
        for _ in range(2):
            generate("hi", "--cache")
        stats = forked.run(command("cache", "stats"), text=True, check=True).stdout
        assert "answers       1" in stats
        assert "50% of the questions had one" in stats
        cleared = command("cache", "clear", "--answers", "--output", "json")
        (row,) = json.loads(subprocess.run(cleared, capture_output=True, check=True).stdout)
        assert (row["kind"], row["entries"]) == ("answers", 1)
        assert json.loads(generate("hi", "--cache", "--output", "json").stdout)["cached"] is False
