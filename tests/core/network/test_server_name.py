"""The name in a TLS client's first message, as real clients write it and as hostile ones may."""

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.network.server_name import MOST, Hello, OtherNameError, UnreadableError, read


def hello(name):
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = False
    tls = context.wrap_bio(coming, going, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return going.read()


def in_records(data, size):
    """The same message in records of that size."""
    body = data[5:]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in parts)


def with_names(*names):
    """A hello that names several servers."""
    entries = b"".join(b"\0" + len(name).to_bytes(2, "big") + name for name in names)
    extension = (len(entries)).to_bytes(2, "big") + entries
    extensions = b"\0\0" + len(extension).to_bytes(2, "big") + extension
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(extensions).to_bytes(2, "big") + extensions
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def test_the_name_is_read():
    assert read(hello("www.Example.com")) == "www.example.com"
    assert read(hello(None)) == ""


@pytest.mark.parametrize("size", [1, 7, 100])
def test_records_are_put_together(size):
    assert read(in_records(hello("example.com"), size)) == "example.com"


def test_every_beginning_of_it_waits_for_more():
    whole = hello("example.com")
    assert {read(whole[:end]) for end in range(len(whole))} == {None}


def test_bytes_are_held_back_until_the_name_is_known():
    whole, guard = hello("example.com"), Hello("example.com")
    assert b"".join(guard.pass_on(whole[at : at + 1]) for at in range(len(whole) - 1)) == b""
    assert guard.pass_on(whole[-1:] + b"more") == whole + b"more"
    assert guard.is_finished


def test_another_name_is_refused_and_no_name_is_not():
    with pytest.raises(OtherNameError, match=r"example\.org"):
        Hello("example.com").pass_on(hello("example.org"))
    assert Hello("example.com").pass_on(hello(None))


def test_what_is_no_tls_passes_at_once():
    guard = Hello("example.com")
    assert guard.pass_on(b"SSH-2.0-x\r\n") == b"SSH-2.0-x\r\n"
    assert guard.is_finished


@pytest.mark.parametrize(
    "data",
    [
        with_names(b"example.com", b"example.org"),
        with_names("exämple.com".encode()),
        b"\x16\x03\x01\x00\x04\x02\0\0\0",
        b"\x16\x03\x01\x00\x06\x01\0\0\x02ab",
        b"\x16\x03\x01\x00\x01\x01" + b"\x17\x03\x03\x00\x01\x00",
        b"\x16\x03\x01\x40\x00" + bytes((1, 255, 255, 255)) + bytes(MOST + 10),
    ],
)
def test_what_cannot_be_one_message_is_refused(data):
    with pytest.raises(UnreadableError):
        assert read(data) is None


@given(st.binary(max_size=300))
def test_noise_is_refused_or_waited_for(noise):
    with contextlib.suppress(UnreadableError):
        assert isinstance(read(b"\x16\x03\x01" + noise), str | None)
