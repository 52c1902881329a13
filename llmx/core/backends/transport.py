"""Requests over HTTP: one deadline over all of a call, and httpx's exceptions as llmx's own, here and nowhere else."""

import asyncio
import os
import socket
import ssl
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from llmx.core.backends.errors import (
    AnswerError,
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    UnavailableError,
)
from llmx.core.backends.failures import Target, failure, hint

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # httpx's own command line: 44 ms of imports
import httpx  # noqa: E402

LARGEST_FAILURE = 64 << 10
"""How much of the body of an error is read."""

LARGEST_ANSWER = 64 << 20
"""How large an answer may be that is not a stream: a list of models, or of vectors."""


class Call(NamedTuple):
    """One HTTP request; ``expects`` is what the content type of its answer must not be without."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    expects: str = ""


class Transport:
    """Connections to one endpoint: made for each call and closed behind it, unless they are to be kept."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._kept: httpx.AsyncClient | None = None

    def keep(self) -> None:
        """Keep connections from now on, until ``aclose``."""
        self._kept = self._kept or self._client()

    async def aclose(self) -> None:
        """Close what is kept."""
        kept, self._kept = self._kept, None
        if kept:
            await kept.aclose()

    def _client(self) -> httpx.AsyncClient:
        """A client without time limits of its own; a server on this machine is never asked through a proxy."""
        endpoint = self._target.endpoint
        tls = trusted() if endpoint.base_url.startswith("https:") else untrusting()
        return httpx.AsyncClient(verify=tls, timeout=None, trust_env=not endpoint.is_loopback)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[httpx.AsyncClient]:
        if self._kept:
            yield self._kept
            return
        async with self._client() as client:
            yield client

    async def fetch(self, call: Call, target: Target, deadline: float | None) -> bytes:
        """The whole body of a good answer; raises ``BackendError``."""
        pieces, size = [], 0
        async with aclosing(self.stream(call, target, deadline)) as chunks:
            async for chunk in chunks:
                pieces.append(chunk)
                size += len(chunk)
                if size > LARGEST_ANSWER:
                    raise AnswerError(f"{target}: the answer is larger than {LARGEST_ANSWER} bytes")
        return b"".join(pieces)

    async def stream(self, call: Call, target: Target, deadline: float | None) -> AsyncGenerator[bytes]:
        """The body of a good answer as it comes; raises ``BackendError``. Closing it closes the connection."""
        started = time.monotonic()
        try:
            async with self._connected() as client:
                request = client.build_request(call.method, call.url, headers=call.headers, content=call.body or None)
                async with asyncio.timeout_at(_on_loop(deadline)):
                    response = await client.send(request, stream=True)
                try:
                    await self._check(response, call, target, deadline)
                    chunks = response.aiter_bytes()
                    while True:
                        async with asyncio.timeout_at(_on_loop(deadline)):
                            chunk = await anext(chunks, None)
                        if chunk is None:
                            return
                        yield chunk
                finally:
                    await response.aclose()
        except TimeoutError:
            raise timed_out(target, time.monotonic() - started) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise foreign(target, error) from None

    async def _check(self, response: httpx.Response, call: Call, target: Target, deadline: float | None) -> None:
        """Raise for an answer that is not a good one of the kind that was asked for."""
        kind = response.headers.get("content-type", "")
        unwanted = call.expects and kind and call.expects not in kind and ("html" in kind or "json" in kind)
        if response.is_success and not unwanted:
            return
        body = b""
        async with asyncio.timeout_at(_on_loop(deadline)):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_FAILURE:
                    break
        if response.is_redirect:
            where = target.quote(response.headers.get("location", ""))
            raise BadRequestError(f"{target}: it has moved to {where}", hint="set --api-base to where it is now")
        if response.is_success and not (body.lstrip().startswith(b"{") and b'"error"' in body):
            words = target.quote(body[:LARGEST_FAILURE].decode(errors="replace"))
            said = f"it answered with {target.quote(kind)} where a stream was expected: {words}"
            raise AnswerError(f"{target}: {said}", hint="--api-base must be the URL of a model server's API")
        raise failure(target, 0 if response.is_success else response.status_code, body, response.headers)


def _on_loop(deadline: float | None) -> float | None:
    """A monotonic deadline as a time of the running loop."""
    return None if deadline is None else asyncio.get_running_loop().time() + deadline - time.monotonic()


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """The certificates of this machine's trust, read once."""
    return httpx.create_ssl_context()


@lru_cache(maxsize=1)
def untrusting() -> ssl.SSLContext:
    """A context that trusts nobody, for ``http:`` URLs: reading the certificates would cost 20 ms for nothing."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def timed_out(target: Target, waited: float) -> BackendTimeoutError:
    """The error of a deadline that has passed."""
    return BackendTimeoutError(
        f"{target}: no whole answer within the time limit; given up after {waited:.1f} s",
        hint="give it longer with --timeout, or set llm.timeout",
        backend=target.endpoint.name,
        model=target.model,
    )


def foreign(target: Target, error: Exception) -> BackendError:
    """An exception of httpx's as one of llmx's."""
    kind, what, passing = _meaning(error)
    about: dict[str, Any] = {"backend": target.endpoint.name, "model": target.model, "is_passing": passing}
    words = target.quote(_reason(error)) or type(error).__name__
    return kind(f"{target}: {what}: {words}", hint=hint(kind, target), **about)


def _reason(error: BaseException) -> str:
    """What the system said, where that is what lies below; httpx says only that no attempt succeeded."""
    below: BaseException | None = error
    while below:
        if isinstance(below, OSError) and below.errno and not isinstance(below, ssl.SSLError | socket.gaierror):
            return os.strerror(below.errno)
        below = below.__cause__ or below.__context__
    return str(error)


def _meaning(error: Exception) -> tuple[type[BackendError], str, bool]:
    """The kind of error, what happened in words, and whether it may pass."""
    match error:
        case httpx.ConnectError() if "CERTIFICATE" in str(error) or "SSL" in str(error):
            return UnavailableError, "no secure connection", False
        case httpx.TimeoutException() | httpx.ConnectError() | httpx.ProxyError():
            return UnavailableError, "no connection", True
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return UnavailableError, "the connection broke", True
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return BadRequestError, "the URL is no http or https URL", False
        case httpx.DecodingError() | httpx.StreamError():
            return AnswerError, "the answer cannot be read", False
    return BadRequestError, "the request cannot be sent", False
