"""What can go wrong on the wire, over real sockets: each fault becomes one honest error, and never an answer."""

import asyncio
import json
import time
from contextlib import aclosing

import pytest

from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.errors import (
    AnswerError,
    AuthError,
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    RefusedError,
    UnavailableError,
)
from llmx.core.backends.http import HttpBackend
from llmx.core.backends.wires import WIRES
from llmx.core.events import TextDelta
from llmx.core.messages import Parameters, Request, user
from llmx.core.plugins import load
from llmx.core.response import gather
from tests.core.backends import recorded
from tests.core.backends.asking import KEY, START, ask, backend, free_port
from tests.core.backends.server import HANG, RESET, WAIT, head, sse, whole

FINAL = [
    ("reset mid-stream", [START, RESET], UnavailableError, "the connection broke"),
    ("closed mid-stream", [START], AnswerError, "cut off before its end"),
    ("closed mid-event", [START, b'data: {"choices": [{"del'], AnswerError, "no part of an answer"),
    ("nothing but the head", [head()], AnswerError, "cut off before its end"),
    ("done without an end", [head(), sse("[DONE]")], AnswerError, "cut off before its end"),
    ("garbage JSON", [head(), b"data: {nonsense\n\n"], AnswerError, "no part of an answer"),
    ("JSON of another shape", [head(), sse({"choices": "x"})], AnswerError, "no part of an answer"),
    ("JSON that is no object", [head(), sse([1])], AnswerError, "no part of an answer"),
    ("bytes that are no UTF-8", [head(), b'data: "\xff\xfe"\n\n'], AnswerError, "no part of an answer"),
    ("a page", [head("text/html"), b"<h1>Welcome</h1>"], AnswerError, "text/html where a stream was expected"),
    ("a whole JSON answer", whole({"choices": []}), AnswerError, "application/json where a stream was expected"),
    ("an error behind 200", whole({"error": {"message": "bad key", "code": 401}}), AuthError, "bad key"),
    ("an error in the stream", [START, sse({"error": {"code": 502, "message": "x"}})], UnavailableError, "HTTP 502"),
    ("a redirect", whole(b"", "307 Moved", location="http://elsewhere.test/"), BadRequestError, "elsewhere.test"),
    ("401", whole({"error": {"message": f"bad key {KEY}"}}, "401 Unauthorized"), AuthError, "bad key [redacted]"),
    ("400", whole({"error": {"message": "no"}}, "400 Bad Request"), BadRequestError, "HTTP 400: no"),
    ("a broken tool call", [head(), recorded.chat_call().replace(b'\\"b\\": 2}', b"")], AnswerError, "no JSON"),
    ("a head of nonsense", [b"HELLO\r\n\r\n"], UnavailableError, "the connection broke"),
    ("a compressed body that is none", [head(Content_Encoding="gzip"), b"xxxx"], AnswerError, "cannot be read"),
]


@pytest.mark.parametrize(("steps", "kind", "said"), [row[1:] for row in FINAL], ids=[row[0] for row in FINAL])
def test_a_fault_is_one_honest_error(server, steps, kind, said):
    server.answer(steps)
    with pytest.raises(BackendError) as raised:
        ask(server.url, within=20)
    assert type(raised.value) is kind
    assert said in raised.value.message
    assert f"openai ({server.url}, model m-1)" in raised.value.message
    assert KEY not in str(raised.value.message) + str(raised.value.hint)
    assert raised.value.__cause__ is None


def test_refused_says_which_url_and_what_to_type():  # all that httpx itself says is that no attempt succeeded
    port = free_port()
    with pytest.raises(UnavailableError) as raised:
        ask(f"http://127.0.0.1:{port}", name="ollama")
    assert f"http://127.0.0.1:{port}" in raised.value.message
    assert raised.value.message.endswith(": no connection: Connection refused")
    assert "ollama serve" in str(raised.value.hint)


def test_a_host_that_no_one_knows_is_unavailable():
    with pytest.raises(UnavailableError, match="no connection"):
        ask("http://nowhere.invalid")


@pytest.mark.parametrize("steps", [[HANG], [head(), HANG], [START, HANG]], ids=["slow head", "slow body", "stalled"])
@pytest.mark.promise("S3-07", "S4-25")
def test_the_deadline_ends_a_server_that_is_too_slow_and_its_connection(server, steps):
    server.answer(steps)
    started = time.monotonic()
    with pytest.raises(BackendTimeoutError, match="no whole answer within the time limit") as raised:
        ask(server.url, within=0.2)
    assert 0.15 < time.monotonic() - started < 2
    assert raised.value.exit_code == 124
    assert server.left.wait(5)


def test_a_body_that_drips_does_not_outlast_the_deadline(server):
    server.answer([START, *[sse(recorded.chat_chunk({"content": "x"})), WAIT] * 50])
    server.go_on()
    with pytest.raises(BackendTimeoutError):
        ask(server.url, within=0.2)
    assert len(server.asked) == 1


@pytest.mark.parametrize("size", [1, 2, 3])
def test_characters_that_come_in_pieces_are_whole(server, size):
    body = recorded.chat(recorded.TEXT)
    at = body.index("🌍".encode())
    pieces = [body[:at], *[body[i : i + size] for i in range(at, at + 6, size)], body[at + 6 + (-6 % size) :]]
    server.answer([head(), *pieces])
    assert ask(server.url).content == recorded.ANSWER


def test_halves_of_a_character_in_two_deltas_are_joined(server):
    server.answer([head(), sse(*[json.dumps(recorded.chat_chunk({"content": h})) for h in ("\ud83d", "\ude00")])])
    server.answers[0] = [*server.answers[0], sse(recorded.chat_chunk({}, "stop"))]
    assert ask(server.url).content == "😀"


def test_a_huge_line_is_refused_without_reading_on(server):
    server.answer([head(), b"data: " + b"x" * (17 << 20), HANG])
    with pytest.raises(AnswerError, match="a line of more than"):
        ask(server.url, within=30)


def test_crlf_comments_and_names_of_events_do_not_matter(server):
    body = b": hi\r\n\r\n" + recorded.chat(["Hel", "lo"]).replace(b"\n", b"\r\n").replace(
        b"data:", b"event: x\r\ndata:"
    )
    server.answer([head(), body])
    assert ask(server.url).content == "Hello"


def test_a_stream_needs_no_done_where_it_says_why_it_ended(server):
    server.answer([head(), recorded.chat(["Hello"], usage=False).replace(b"data: [DONE]\n\n", b"")])
    response = ask(server.url)
    assert (response.content, response.tokens_used) == ("Hello", None)


def test_a_server_that_keeps_the_connection_open_behind_its_last_event_is_not_waited_for(server):
    server.answer([head("application/x-ndjson"), recorded.ollama(["Hello"]), HANG])
    server.by_path["/api/show"] = recorded.SHOWN
    started = time.monotonic()
    assert ask(server.url, name="ollama").content == "Hello"
    assert time.monotonic() - started < 5


def test_events_reach_the_caller_before_the_answer_is_whole(server):
    server.answer([START, WAIT, sse(recorded.chat_chunk({"content": "lo"}, "stop"))])

    async def both():
        async with aclosing(backend(server.url).stream(Request("m-1", (user("hi"),)))) as stream:
            first = await anext(stream)
            server.go_on()
            return first, [event async for event in stream]

    first, rest = asyncio.run(both())
    assert first == TextDelta("Hel")
    assert rest[0] == TextDelta("lo")


def test_cancelling_ends_the_request_on_the_wire(server):
    server.answer([START, HANG])

    async def cancelled():
        stream = backend(server.url).stream(Request("m-1", (user("hi"),)))
        first = await anext(stream)
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return first

    assert asyncio.run(cancelled()) == TextDelta("Hel")
    assert server.left.wait(5)


@pytest.mark.promise("S3-06")
def test_a_temperature_that_the_model_does_not_take_is_refused_before_sending(server):
    endpoint = ENDPOINTS["anthropic"]._replace(base_url=server.url)
    asked = HttpBackend(endpoint, load(WIRES["anthropic"])(), KEY)
    request = Request("claude-3-opus", (user("hi"),), parameters=Parameters(temperature=1.5))
    with pytest.raises(BadRequestError, match="up to 1"):
        asyncio.run(gather(asked.stream(request)))
    assert server.asked == []


def test_a_refusal_of_the_filter_is_an_error_of_its_own(server):
    server.answer(whole({"error": {"code": "content_filter", "message": "no"}}, "400 Bad Request"))
    with pytest.raises(RefusedError) as raised:
        ask(server.url)
    assert raised.value.exit_code == 3
