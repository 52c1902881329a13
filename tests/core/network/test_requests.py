"""Heads and bodies of requests, cut into pieces of every size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.network.request_body import Body
from llmx.core.network.request_head import CHUNKED, BadRequestError, read

CHUNKS = b"5\r\nhello\r\n1;name=value\r\n!\r\n0\r\nTrailer: x\r\n\r\n"


@given(st.lists(st.integers(min_value=1, max_value=9)))
def test_a_body_passes_whole_in_whatever_pieces_it_comes(sizes):
    for length, whole in ((CHUNKED, CHUNKS), (len(CHUNKS), CHUNKS)):
        body, passed, left = Body(length), b"", whole
        for size in [*sizes, len(whole)]:
            passed += body.pass_on(left[:size])
            left = left[size:]
        assert passed == whole
        assert body.is_over
        with pytest.raises(BadRequestError):
            body.pass_on(b"G")


@pytest.mark.parametrize(
    "data",
    [
        *(b"x\r\n", b"\r\n", b"-1\r\n", b"0x5\r\n", b"5\nhello\r\n", b"+5\r\n", b"1 1\r\n", b"f" * 16 + b"\r\n"),
        *(b";5\r\n", b"5" + b";" * 5000, b"1_0\r\n", b"5\r\r\n"),
    ],
)
def test_what_is_not_in_chunks_is_refused(data):
    with pytest.raises(BadRequestError):
        Body(CHUNKED).pass_on(data)


@given(st.binary(max_size=200))
def test_whatever_the_head_is_it_is_read_or_refused(noise):
    for head in (noise, b"GET http://example.com/ HTTP/1.1\r\n" + noise, b"CONNECT " + noise + b" HTTP/1.1"):
        try:
            found = read(head)
        except BadRequestError:
            continue
        assert found.host
        assert 0 < found.port < 65536
        assert found.is_tunnel or found.onward.count(b"\r\nHost: ") == 1


def test_the_server_gets_a_path_and_the_host_of_the_first_line():
    found = read(b"GET http://Example.com:81/a?b HTTP/1.1\r\nHost: example.org\r\nA: 1\r\nContent-Length: 7")
    assert (found.host, found.port, found.body) == ("Example.com", 81, 7)
    assert found.onward == (
        b"GET /a?b HTTP/1.1\r\nHost: Example.com:81\r\nA: 1\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"
    )
