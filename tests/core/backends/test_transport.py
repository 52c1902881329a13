"""TLS, connections that are kept, the health check, and what httpx raises."""

import asyncio
import gc
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.errors import (
    BackendError,
    UnavailableError,
)
from llmx.core.backends.failures import Target
from llmx.core.backends.transport import foreign
from llmx.core.messages import Request, user
from llmx.core.response import gather
from tests.core.backends import recorded
from tests.core.backends.asking import KEY, ask, backend, free_port
from tests.core.backends.server import head, whole


def refused_by(context=None):
    """The message of the error where a server at an https URL has no TLS, or only that of ``context``."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        answered = pool.submit(refuse, listening, context)
        with pytest.raises(UnavailableError, match="no secure connection") as raised:
            ask(f"https://127.0.0.1:{listening.getsockname()[1]}")
        answered.result(10)
    assert not raised.value.is_passing
    return raised.value.message


def refuse(listening, context):
    connection, _ = listening.accept()
    with connection, suppress(ssl.SSLError, ConnectionError):
        (context.wrap_socket(connection, server_side=True) if context else connection).sendall(
            b"HTTP/1.1 400 No\r\n\r\n"
        )


def test_a_server_without_tls_is_no_secure_one():
    assert "SSL" in refused_by()


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    pair = ["-keyout", f"{tmp_path}/key", "-out", f"{tmp_path}/cert", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *pair], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")

    assert "CERTIFICATE_VERIFY_FAILED" in refused_by(context)


def below(kind):
    return {each for child in kind.__subclasses__() for each in (child, *below(child))}


KINDS: list[type[Exception]] = [*below(httpx.HTTPError), httpx.InvalidURL, *below(httpx.StreamError)]
PASSING = (httpx.NetworkError, httpx.TimeoutException, httpx.ProxyError, httpx.RemoteProtocolError)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {httpx.HTTPStatusError}, key=str))
def test_every_exception_of_httpx_has_its_meaning(kind):
    try:
        error = kind("boom")
    except TypeError:
        error = kind()
    found = foreign(Target(ENDPOINTS["openai"], "m-1", KEY), error)
    assert isinstance(found, BackendError)
    assert found.is_passing == issubclass(kind, PASSING)


def test_kept_connections_serve_many_calls_and_are_closed(server):
    server.answer(whole(recorded.chat(["Hello"]), kind="text/event-stream"))

    async def twice():
        asked = backend(server.url)
        asked.keep()
        try:
            return [(await gather(asked.stream(Request("m-1", (user("hi"),))))).content for _ in range(3)]
        finally:
            await asked.aclose()

    assert asyncio.run(twice()) == ["Hello"] * 3
    gc.collect()  # a connection left open would be a warning here, and so an error


@pytest.mark.promise("S3-05")
@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("openai", "authorization", f"Bearer {KEY}"),
        ("openai-responses", "authorization", f"Bearer {KEY}"),
        ("anthropic", "x-api-key", KEY),
        ("ollama", "authorization", f"Bearer {KEY}"),
    ],
)
def test_the_health_check_carries_the_key_and_tells_what_is_wrong(server, name, header, value):
    for steps, status in [
        (recorded.TAGS if name == "ollama" else recorded.MODELS, "up"),
        (whole({}, "401 Unauthorized"), "unauthorized"),
        (whole({}, "429 Too Many"), "limited"),
        (whole({}, "500 Broken"), "down"),
        ([head("text/html"), b"<p>"], "wrong"),
        (whole({"strange": 1}), "wrong"),
    ]:
        server.answer(steps)
        health = asyncio.run(backend(server.url, name).health())
        assert health.status == status, health
        assert server.asked[-1].headers[header] == value
        assert KEY not in health.reason
    refused = asyncio.run(backend(f"http://127.0.0.1:{free_port()}", name).health())
    assert refused.status == "down"
