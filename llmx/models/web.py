"""One HTTP request: the standard library's exceptions as llmx's own, here and nowhere else.

``urllib`` and not ``httpx``, because its response fills a buffer of the caller's straight from the socket: that is what
makes a pull as fast as curl, and it costs a third of the memory.
"""

import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http.client import HTTPResponse
from urllib.parse import urljoin, urlsplit

from llmx import __version__
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError

AGENT = f"llmx/{__version__}"
LARGEST_DOCUMENT = 64 << 20
_LONGEST_LINE = 1 << 20


class WebError(InconclusiveError):
    """A request came to nothing; whether trying it again may help."""

    can_pass = False


class CutError(WebError):
    """The connection could not be made, broke off, or stood still."""

    can_pass = True


class StatusError(WebError):
    """The server answered with ``status``, which may be a redirect.

    ``headers`` have names in lower case; ``wait`` is how many seconds the server asks for.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, url: str = "", status: int = 0, headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(message, hint=hint)
        self.url = url
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.wait = _seconds(self.headers.get("retry-after", ""))
        self.can_pass = status in (408, 425, 429) or status >= 500

    @property
    def location(self) -> str:
        """Where a redirect leads; empty for other answers."""
        to = self.headers.get("location", "")
        return urljoin(self.url, to) if 300 <= self.status < 400 and to else ""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: who follows it decides what goes along."""

    def redirect_request(self, *answer: object) -> None:
        return None


def open_url(
    url: str, headers: Mapping[str, str], timeout: float, *, method: str = "GET", body: bytes | None = None
) -> HTTPResponse:
    """The answer to one request, its body unread; raises ``WebError``, for redirects too (``StatusError``)."""
    is_local = is_loopback(url)
    sent = {"User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
    try:
        request = urllib.request.Request(url, data=body, headers=sent, method=method)
        answer: HTTPResponse = _opener(is_local).open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        said = f"{plain(url)} answered {error.code} {http.client.responses.get(error.code, '')}".rstrip()
        raise StatusError(said, url=url, status=error.code, headers=dict(error.headers.items())) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _broken(url, error) from None
    return answer


def fetch(url: str, headers: Mapping[str, str], timeout: float) -> bytes:
    """The whole body of a document; raises ``WebError``."""
    with open_url(url, headers, timeout) as answer:
        try:
            body = answer.read(LARGEST_DOCUMENT + 1)
        except (OSError, http.client.HTTPException) as error:
            raise _broken(url, error) from None
    if len(body) > LARGEST_DOCUMENT:
        raise WebError(f"{plain(url)} answered with more than {LARGEST_DOCUMENT >> 20} MB")
    return body


def lines(answer: HTTPResponse, url: str) -> Iterator[bytes]:
    """The lines of a body as they come; raises ``CutError``."""
    while True:
        try:
            line = answer.readline(_LONGEST_LINE)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _broken(url, error) from None
        if not line:
            return
        yield line


def fill(answer: HTTPResponse, buffer: memoryview, url: str) -> int:
    """How many bytes of the body were put into ``buffer``; 0 at its end. Raises ``CutError``."""
    try:
        return answer.readinto(buffer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _broken(url, error) from None


def is_loopback(url: str) -> bool:
    """Whether it is on this very machine, which is never asked through a proxy."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def origin(url: str) -> tuple[str, str]:
    """What must be the same for a secret to go along."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def plain(url: str) -> str:
    """A URL as it may be shown: what signs it, or who asks, stays out."""
    parts = urlsplit(url)
    return shown(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


@lru_cache(maxsize=2)
def _opener(is_local: bool) -> urllib.request.OpenerDirector:
    proxies = urllib.request.ProxyHandler({} if is_local else None)
    return urllib.request.build_opener(proxies, _NoRedirects(), urllib.request.HTTPSHandler(context=_trust()))


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """The certificates of this machine's trust; those of ``certifi`` where Python found none."""
    context = ssl.create_default_context()
    found = ssl.get_default_verify_paths()
    if not found.cafile and not (found.capath and os.path.isdir(found.capath)) and not context.get_ca_certs():
        context.load_verify_locations(load("certifi:where")())
    return context


def _broken(url: str, error: Exception) -> WebError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        hint = "SSL_CERT_FILE names the certificates to trust, such as those of your company's proxy"
        return WebError(f"{plain(url)} is not trusted: {reason.verify_message}", hint=hint)
    if isinstance(reason, TimeoutError):
        return CutError(f"{plain(url)} stood still", hint="check the network, then pull again: it goes on where it was")
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return WebError(f"{plain(url)} cannot be asked: {error}")
    said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return CutError(f"{plain(url)} cannot be reached: {said}", hint="check the network; HTTPS_PROXY names a proxy")


def _seconds(text: str) -> float:
    """What ``Retry-After`` asks for; 0 where it says nothing, or a date."""
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0
