"""Over real sockets: what is tried again, how often, and what is not."""

import time

import pytest

from llmx.core.backends.errors import (
    BackendError,
    BackendTimeoutError,
    RateLimitedError,
)
from tests.core.backends.asking import GOOD, START, ask
from tests.core.backends.server import HANG, RESET, head, sse, whole

TRANSIENT = {
    "429": whole({"error": {"message": "slow down"}}, "429 Too Many Requests"),
    "429 with Retry-After": whole({}, "429 Too Many Requests", Retry_After="0"),
    "429 with a date": whole({}, "429 Too Many Requests", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "500": whole({}, "500 Internal Server Error"),
    "503": [head("text/plain", "503 Service Unavailable"), b"busy"],
    "529": whole({"error": {"type": "overloaded_error"}}, "529 Overloaded"),
    "reset before the head": [RESET],
    "reset before the first event": [head(), RESET],
    "closed before the head": [b"", RESET],
    "overloaded in the stream": [head(), sse({"error": {"type": "overloaded_error", "message": "x"}})],
}


@pytest.mark.promise("S3-25")
@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_what_may_pass_is_tried_again(server, fault):
    server.answer(fault, fault, GOOD)
    assert ask(server.url).content == "Hello"
    assert len(server.asked) == 3
    assert len({asked.body for asked in server.asked}) == 1


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_after_three_tries_it_is_enough(server, fault):
    server.answer(fault)
    with pytest.raises(BackendError):
        ask(server.url)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "fault",
    [
        whole({}, "400 Bad Request"),
        whole({}, "401 Unauthorized"),
        whole({}, "404 Not Found"),
        whole({"error": {"code": "insufficient_quota"}}, "429 Too Many Requests"),
        [START, RESET],
        [START],
    ],
)
def test_what_will_not_pass_or_has_begun_to_answer_is_not(server, fault):
    server.answer(fault, GOOD)
    with pytest.raises(BackendError):
        ask(server.url)
    assert len(server.asked) == 1


def test_time_that_runs_out_while_it_is_tried_again_is_told_with_what_failed_before(server):
    server.answer([head("text/plain", "503 Service Unavailable"), b"busy"], [HANG])
    with pytest.raises(BackendTimeoutError, match=r"within the time limit.*; before that, .*HTTP 503: busy"):
        ask(server.url, within=3.0)


@pytest.mark.promise("S3-25")
def test_a_pause_longer_than_the_deadline_is_not_begun(server):
    server.answer(whole({}, "429 Too Many Requests", Retry_After="60"))
    started = time.monotonic()
    with pytest.raises(RateLimitedError) as raised:
        ask(server.url, within=20)
    assert time.monotonic() - started < 5
    assert raised.value.retry_after == 60
    assert len(server.asked) == 1
