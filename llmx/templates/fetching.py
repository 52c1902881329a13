"""Fetch a page that somebody named: bounded in size, time and redirects, and from no address that it must not reach."""

import asyncio
import os
import socket
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import httpx

from llmx import __version__
from llmx.core.backends.transport import trusted
from llmx.core.network.addresses import why_refused
from llmx.core.redact import mask_text
from llmx.errors import InconclusiveError

_ENDINGS = {"text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md", "text/plain": ".txt"}
_HEADERS = {
    "User-Agent": f"llmx/{__version__}",
    "Accept": "text/html, text/markdown, text/plain, application/pdf, */*;q=0.5",
    "Accept-Encoding": "identity",
}


METADATA_NAMES = ("metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal")
"""What clouds call the place where they keep credentials: a proxy must not be the one who looks these names up."""

PUBLIC = "1.1.1.1"


class FetchError(InconclusiveError):
    """A page could not be had."""


class Bounds(NamedTuple):
    """What one page may take: bytes, seconds, and redirects."""

    size: int = 20 << 20
    seconds: float = 30.0
    redirects: int = 5


class Page(NamedTuple):
    """What came back: the URL in the end, its bytes, and a file's name that says what they are."""

    url: str
    data: bytes
    name: str


class _Hop(NamedTuple):
    """One request of a fetch, and whether the addresses of this machine and its network may be asked."""

    url: str
    parts: SplitResult
    allows_private: bool


USUAL = Bounds()


async def fetch(url: str, *, allows_private: bool = False, bounds: Bounds = USUAL) -> Page:
    """The page at ``url``; raises ``FetchError``.

    ``allows_private`` is for a URL that the user has written: it may be on this machine or its network, but nothing
    else there that it redirects to, and not by a name that was a public one before. Where clouds keep credentials is
    never asked.
    """
    first = _hop(url, allows_private=allows_private)
    hop = first
    try:
        async with asyncio.timeout(bounds.seconds):
            for _ in range(bounds.redirects + 1):
                async with _answer(hop) as (response, was_private):
                    if not response.has_redirect_location:
                        return await _page(hop, response, bounds)
                    to = urljoin(hop.url, response.headers["location"])
                is_same = urlsplit(to)[:2] == first.parts[:2]
                hop = _hop(to, allows_private=was_private and is_same)
    except TimeoutError:
        raise FetchError(f"{plain(url)} was not there within {bounds.seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise FetchError(f"{plain(hop.url)} cannot be reached: {error or type(error).__name__}") from None
    raise FetchError(f"{plain(url)} redirects more than {bounds.redirects} times")


def plain(url: str) -> str:
    """A URL as it may be shown: without who asks, and with what looks like a key masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return repr(url)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    return mask_text(shown if shown.isprintable() else repr(shown), os.environ)


def _hop(url: str, *, allows_private: bool) -> _Hop:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_web = False
    if not is_web:
        raise FetchError(f"{plain(url)} is no http or https URL")
    if "@" in parts.netloc:
        raise FetchError(f"{plain(url)}: a URL with a user or a password is not fetched")
    return _Hop(url, parts, allows_private)


@asynccontextmanager
async def _answer(hop: _Hop) -> AsyncIterator[tuple[httpx.Response, bool]]:
    """The answer to one request, its body unread, from an address that was looked at before; and if it is private."""
    host = hop.parts.hostname or ""
    port = hop.parts.port or (443 if hop.parts.scheme == "https" else 80)
    proxy = _proxy(hop)
    url = httpx.URL(hop.url)
    is_private = False
    if not proxy:
        address = await _address(host, port, hop)
        url, is_private = url.copy_with(host=address), bool(why_refused(address))
    async with httpx.AsyncClient(
        verify=trusted(),
        timeout=None,
        trust_env=False,
        proxy=proxy or None,
    ) as client:
        headers = {**_HEADERS, "Host": hop.parts.netloc}
        request = client.build_request("GET", url, headers=headers, extensions={"sni_hostname": host})
        response = await client.send(request, stream=True)
        try:
            yield response, is_private
        finally:
            await response.aclose()


async def _address(host: str, port: int, hop: _Hop) -> str:
    """An address of the host that may be asked; it is the one that is connected to, whatever the name says later."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"{plain(hop.url)}: the name {host} is not known: {error}") from None
    reasons = []
    for *_, address in found:
        reason = why_refused(str(address[0]))
        if not reason or (hop.allows_private and reason != "metadata"):
            return str(address[0])
        reasons.append(reason)
    raise FetchError(f"{plain(hop.url)} is not asked: {host} has a {reasons[0]} address")


def _proxy(hop: _Hop) -> str:
    """The proxy that the environment names for such a URL; a private address is never asked through one."""
    host = hop.parts.hostname or ""
    found = urllib.request.getproxies().get(hop.parts.scheme, "")
    if not found or urllib.request.proxy_bypass(host):
        return ""
    name = host.rstrip(".")
    is_local = name == "localhost" or name.endswith((".localhost", *METADATA_NAMES))
    return "" if is_local or why_refused(_literal(name)) else found


def _literal(host: str) -> str:
    """The address that a host is, however it is written (``0x7f.1``); a public one where it is a name."""
    if ":" in host:
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return PUBLIC


async def _page(hop: _Hop, response: httpx.Response, bounds: Bounds) -> Page:
    """The body of a good answer, read no further than it may be long."""
    shown = plain(hop.url)
    if response.status_code != 200:
        raise FetchError(f"{shown} answered {response.status_code} {response.reason_phrase}".rstrip())
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchError(f"{shown} is compressed, which was not asked for")
    pieces, size = [], 0
    async for piece in response.aiter_raw():
        size += len(piece)
        if size > bounds.size:
            raise FetchError(f"{shown} has more than {bounds.size} bytes")
        pieces.append(piece)
    return Page(shown, b"".join(pieces), _name(hop, response))


def _name(hop: _Hop, response: httpx.Response) -> str:
    """The last part of the URL, with an ending that says what was sent."""
    last = unquote(hop.parts.path.rsplit("/", 1)[-1]) or "index"
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    stem, ending = os.path.splitext(last)
    return stem + (_ENDINGS[kind] if kind in _ENDINGS and ending not in (".md", ".markdown") else ending)
