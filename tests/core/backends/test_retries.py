"""When a call is made again, and after how long."""

import pytest

from llmx.core.backends.errors import AuthError, RateLimitedError, UnavailableError
from llmx.core.backends.retries import Retries, retry_after

FULL = Retries(draw=lambda: 1.0)


@pytest.mark.promise("S3-25")
@pytest.mark.parametrize(
    ("error", "tried", "remaining", "pause"),
    [
        (UnavailableError("x"), 1, None, 1.0),
        (UnavailableError("x"), 2, None, 2.0),
        (UnavailableError("x"), 3, None, None),
        (UnavailableError("x", is_passing=False), 1, None, None),
        (AuthError("x"), 1, None, None),
        (RateLimitedError("x"), 1, None, 1.0),
        (RateLimitedError("x", retry_after=7), 1, None, 8.0),
        (RateLimitedError("x", retry_after=7), 1, 8.5, 8.0),
        (RateLimitedError("x", retry_after=7), 1, 7.5, None),
        (RateLimitedError("x", retry_after=0), 1, 1.5, 1.0),
        (UnavailableError("x"), 1, 0.5, None),
    ],
)
def test_the_pause_fits_the_error_and_the_deadline(error, tried, remaining, pause):
    assert FULL.pause(error, tried, remaining) == pause


def test_pauses_double_up_to_the_longest_and_are_drawn_from_all_of_their_span():
    many = Retries(tries=10, draw=lambda: 1.0)
    pauses = [many.pause(UnavailableError("x"), tried, None) for tried in range(1, 10)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert Retries(draw=lambda: 0.0).pause(UnavailableError("x"), 1, None) == 0
    drawn = {Retries().pause(UnavailableError("x"), 2, None) for _ in range(50)}
    assert len(drawn) > 40
    assert all(pause is not None and 0 <= pause <= 2 for pause in drawn)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 0.5 ", 0.5),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("٣", None),
        ("1e9", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(value, seconds):
    assert retry_after(value, now=lambda: 1445412480.0) == seconds
