"""``templates/fetching.py``: pages come within bounds, and from no address that must not be reached."""

import asyncio
import contextlib
import http.server
import threading

import pytest

from llmx.core.network.addresses import why_refused
from llmx.templates import fetching
from llmx.templates.fetching import Bounds, FetchError, fetch, plain


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        assert isinstance(server, Pages)
        server.seen.append((self.path, self.headers.get("host")))
        status, headers, body = server.pages.get(self.path, (404, {}, b"nothing"))
        if callable(body):
            body(self)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


class Pages(http.server.ThreadingHTTPServer):
    """A server that keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages = {}
        self.seen = []
        self.ended = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving():
    server = Pages()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def site():
    with serving() as server:
        yield server


def get(url, *, allows_private=True, **bounds):
    return asyncio.run(fetch(url, allows_private=allows_private, bounds=Bounds(**bounds)))


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/a", "text/html; charset=utf-8", "a.html"),
        ("/", "text/html", "index.html"),
        ("/guide.md", "text/plain", "guide.md"),
        ("/notes", "text/markdown", "notes.md"),
        ("/re%20port.pdf", "application/pdf", "re port.pdf"),
        ("/page.php?x=1", "text/html", "page.html"),
    ],
)
def test_a_page_has_a_name_that_says_what_it_is(site, path, kind, name):
    site.pages[path] = (200, {"Content-Type": kind}, b"body")
    page = get(f"{site.url}{path}#part")
    assert (page.url, page.data, page.name) == (f"{site.url}{path}", b"body", name)
    assert site.seen == [(path, f"127.0.0.1:{site.server_port}")]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:{port}/a", "loopback"),
        ("http://localhost:{port}/a", "loopback"),
        ("http://[::ffff:127.0.0.1]:{port}/a", "loopback"),
        ("http://2130706433:{port}/a", "loopback"),
        ("http://10.0.0.1/", "private"),
        ("http://169.254.169.254/latest/meta-data/", "metadata"),
        ("http://[fe80::1]/", "link-local"),
        ("ftp://example.com/", "is no http or https URL"),
        ("file:///etc/passwd", "is no http or https URL"),
        ("http://", "is no http or https URL"),
        ("http://[", "is no http or https URL"),
        ("http://x:99999/", "is no http or https URL"),
        ("http://me:secret@127.0.0.1/", "a URL with a user or a password is not fetched"),
    ],
)
def test_what_must_not_be_reached_is_not_asked(site, url, said):
    with pytest.raises(FetchError) as refused:
        get(url.format(port=site.server_port), allows_private=False)
    assert said in refused.value.message
    assert "secret" not in refused.value.message
    assert site.seen == []


def test_where_clouds_keep_credentials_is_not_asked_even_when_it_is_named():
    with pytest.raises(FetchError, match="metadata"):
        get("http://169.254.169.254/")


def test_a_redirect_leads_to_the_same_place_only_where_that_is_private(site):
    site.pages["/to"] = (302, {"Location": "/there"}, b"")
    site.pages["/there"] = (200, {"Content-Type": "text/plain"}, b"x")
    assert get(f"{site.url}/to").url == f"{site.url}/there"
    with serving() as other:
        site.pages["/out"] = (302, {"Location": f"{other.url}/secret"}, b"")
        with pytest.raises(FetchError, match="loopback"):
            get(f"{site.url}/out")
        assert other.seen == []


@pytest.mark.parametrize("to", ["file:///etc/passwd", "gopher://x", "http://169.254.169.254/", "//"])
def test_a_redirect_out_of_the_web_is_not_followed(site, to):
    site.pages["/to"] = (302, {"Location": to}, b"")
    with pytest.raises(FetchError):
        get(f"{site.url}/to")


def test_redirects_have_an_end(site):
    site.pages["/to"] = (302, {"Location": "/to"}, b"")
    with pytest.raises(FetchError, match="redirects more than 3 times"):
        get(f"{site.url}/to", redirects=3)
    assert len(site.seen) == 4


def test_a_page_that_is_too_large_is_not_read_to_its_end(site):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            while True:
                handler.wfile.write(b"x" * 65536)
        handler.close_connection = True

    site.pages["/endless"] = (200, {}, endless)
    with pytest.raises(FetchError, match="has more than 100000 bytes"):
        get(f"{site.url}/endless", size=100_000)


def test_a_page_that_does_not_come_is_given_up(site):
    site.pages["/never"] = (200, {}, lambda handler: handler.server.ended.wait(60))
    with pytest.raises(FetchError, match=r"was not there within 0\.2 s"):
        get(f"{site.url}/never", seconds=0.2)


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/none", (404, {}, b"x"), "answered 404 Not Found"),
        ("/gone", (500, {}, b"x"), "answered 500"),
        ("/zip", (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), "is compressed"),
    ],
)
def test_what_is_no_page_is_said(site, path, answer, said):
    site.pages[path] = answer
    with pytest.raises(FetchError, match=said):
        get(f"{site.url}{path}")


def test_what_cannot_be_reached_is_said():
    with pytest.raises(FetchError, match="cannot be reached"):
        get("http://127.0.0.1:9/")
    with pytest.raises(FetchError, match="is not known"):
        get("http://no-such-host.invalid/")


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(site, monkeypatch):
    monkeypatch.setenv("http_proxy", site.url)
    site.pages["http://example.com/a"] = (200, {"Content-Type": "text/plain"}, b"by proxy")
    assert get("http://example.com/a", allows_private=False).data == b"by proxy"
    private = ("127.0.0.1:9", "localhost:9", "10.0.0.1", "0x7f.1:9", "[::1]:9")
    for host in (*private, "2852039166"):
        with pytest.raises(FetchError, match="not asked"):
            get(f"http://{host}/", allows_private=False)
    for host in ("localhost.:9", "0300.0250.1.1", "metadata.google.internal."):
        with pytest.raises(FetchError):
            get(f"http://{host}/", allows_private=False)
    assert len(site.seen) == 1


def test_a_name_that_was_public_does_not_become_one_of_this_machine(site, monkeypatch):
    """Whoever owns a name says where it leads, and may say something else each time."""
    site.pages["/to"] = (302, {"Location": "/secret"}, b"")
    site.pages["/secret"] = (200, {"Content-Type": "text/plain"}, b"x")
    public = iter([True, True])
    monkeypatch.setattr(fetching, "why_refused", lambda address: "" if next(public, False) else why_refused(address))
    with pytest.raises(FetchError, match="loopback"):
        get(f"{site.url}/to")
    assert [path for path, _ in site.seen] == ["/to"]


def test_a_url_is_shown_without_secrets():
    assert plain("https://me:secret@example.com/a?b=1#c") == "https://example.com/a?b=1"
    assert "hunter2-hunter2" not in plain("https://example.com/a?page=2&token=hunter2-hunter2")
    assert "page=2" in plain("https://example.com/a?page=2&token=hunter2-hunter2")
    assert plain("http://[") == "'http://['"
