"""Bytes become the same JSON texts however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.backends.framing import JsonLines, Lines, ServerSentEvents

EVENTS = [
    (b"data: {}\n\n", [b"{}"]),
    (b"data:{}\r\n\r\n", [b"{}"]),
    (b"event: x\nid: 7\nretry: 5\ndata: 1\n\n", [b"1"]),
    (b": comment\n\ndata: 1\n\n", [b"1"]),
    (b"data: {\ndata: }\n\n", [b"{\n }"]),
    (b"\n\n\ndata: 1\n\n\n\ndata: 2\n\n", [b"1", b"2"]),
    (b"data: 1", [b"1"]),
    (b"data: 1\n", [b"1"]),
    (b"", []),
    (b"nonsense\n\n", []),
]


def cut(framing, body, size):
    found = []
    for at in range(0, len(body), size):
        found += framing.feed(body[at : at + size])
    return found + framing.finish()


@pytest.mark.promise("S3-30")
@pytest.mark.parametrize(("body", "payloads"), EVENTS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_server_sent_events_are_read_however_they_are_cut(body, payloads, size):
    assert cut(ServerSentEvents(), body, size) == payloads


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8")), max_size=8),
    st.integers(1, 9),
    st.booleans(),
)
def test_lines_are_read_however_they_are_cut(texts, size, crlf):
    body = b"".join(text.encode() + (b"\r\n" if crlf else b"\n") for text in texts)
    found = [line.strip(b"\r") for line in cut(JsonLines(), body, size)]
    assert found == [text.encode() for text in texts if text.encode().strip()]


@pytest.mark.parametrize("size", [1, 5, 11, 50])
def test_a_line_beyond_the_bound_is_an_error(size):
    body = b"x" * 11 + b"\n" + b"y" * 50
    lines = Lines(longest=10)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    with pytest.raises(ValueError, match="more than 10 bytes"):
        all(lines.feed(piece) is not None for piece in pieces)


def test_a_line_up_to_the_bound_is_none():
    lines = Lines(longest=10)
    assert lines.feed(b"0123456789\n") == [b"0123456789"]
    assert lines.feed(b"01234") + lines.feed(b"56789\nx") == [b"0123456789"]
    assert lines.finish() == b"x"
