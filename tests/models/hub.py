"""A Hugging Face hub on 127.0.0.1, with a CDN behind it and faults on order."""

import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
BLOCK = 64 << 10


class Seen(NamedTuple):
    """A request; ``sent`` is how many bytes of a body the connection took."""

    method: str
    path: str
    range: str
    token: str
    if_match: str
    sent: list[int]


class Hub:
    """Serves ``repos``: {"org/name": {"file": bytes}}; everything below may be changed while it runs."""

    def __init__(self, repos=None):
        self.repos = repos or {}
        self.gated, self.private, self.token = set(), set(), "hf_right"
        self.requests: list[Seen] = []
        self.statuses: list[tuple[str, str, int, dict[str, str]]] = []
        """(method, pattern, status, headers): each answers one request."""
        self.cuts: list[int] = []
        """Each ends one body after so many bytes."""
        self.stalls = 0
        """How many bodies stand still in their middle, until the other side has enough."""
        self.has_ranges = True
        self.wrong_bytes: dict[str, bytes] = {}
        """What is sent instead of what is promised."""
        self.etags: list[str] = []
        """The next bodies come under these instead of the right ones."""
        self.is_xet = False
        self.cdn: Hub | None = None
        self.after_bytes: tuple[int, Callable[[], None]] | None = None
        """What is done once so many bytes of bodies have gone out."""
        self._acting = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def behind_cdn(self):
        """Have the bytes served by another origin, as the real hub does."""
        self.cdn = Hub(self.repos)
        return self.cdn

    @property
    def bodies(self):
        """The requests for bytes of files, wherever they were served."""
        return [seen for seen in self.requests if seen.method == "GET" and "/api/" not in seen.path]

    @property
    def bytes_sent(self):
        return sum(sum(seen.sent) for seen in self.bodies)

    def answer(self, request, method):
        path = unquote(urlsplit(request.path).path)
        header = request.headers.get
        seen = Seen(method, path, header("Range", ""), header("Authorization", ""), header("If-Match", ""), [])
        self.requests.append(seen)
        for fault in self.statuses:
            if fault[0] == method and re.search(fault[1], path):
                self.statuses.remove(fault)
                reply(request, fault[2], b"{}", fault[3])
                return
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)", path):
            self._api(request, *found.groups())
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(request, seen, *found.groups())
        else:
            reply(request, 404, b"{}")

    def _allows(self, request, repo, revision):
        right = request.headers.get("Authorization") == f"Bearer {self.token}"
        if repo not in self.repos or (repo in self.private and not right):
            refuse(request, 404 if request.headers.get("Authorization") else 401, "RepoNotFound")
        elif repo in self.gated and not right:
            refuse(request, 403 if request.headers.get("Authorization") else 401, "GatedRepo")
        elif revision not in ("main", "v2", COMMIT):
            refuse(request, 404, "RevisionNotFound")
        else:
            return True
        return False

    def _api(self, request, repo, revision):
        if not self._allows(request, repo, revision):
            return
        entries = []
        for name, data in self.repos[repo].items():
            entry = {"rfilename": name, "size": len(data), "blobId": blob_id(data)}
            if name.endswith((".gguf", ".safetensors")):
                entry["lfs"] = {"sha256": sha256(data), "size": len(data), "pointerSize": 134}
            entries.append(entry)
        reply(request, 200, json.dumps({"id": repo, "sha": COMMIT, "siblings": entries}).encode())

    def _file(self, request, seen, repo, revision, name):
        if not self._allows(request, repo, revision):
            return
        data = self.repos[repo].get(name)
        if data is None:
            refuse(request, 404, "EntryNotFound")
            return
        headers = {"X-Repo-Commit": COMMIT, "X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{sha256(data)}"'}
        if self.is_xet:
            auth = f"{self.url}/api/models/{repo}/xet-read-token/{revision}"
            headers |= {"X-Xet-Hash": "a" * 64, "Link": f'<{auth}>; rel="xet-auth"'}
        if self.cdn:
            reply(request, 302, b"", {**headers, "Location": f"{self.cdn.url}{request.path}?X-Amz-Signature=secret"})
            return
        self._bytes(request, seen, self.wrong_bytes.get(name, data), f'"{sha256(data)}"', headers)

    def _bytes(self, request, seen, data, etag, headers):
        if seen.method == "GET" and self.etags:
            etag = self.etags.pop(0)
        if seen.if_match and seen.if_match != etag:
            reply(request, 412, b"")
            return
        start, end, status = 0, len(data) - 1, 200
        if self.has_ranges and (asked := re.fullmatch(r"bytes=(\d+)-(\d*)", seen.range)):
            start, end, status = int(asked[1]), min(int(asked[2] or end), end), 206
            headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        body = data[start : end + 1]
        request.send_response(status)
        for name, value in {**headers, "ETag": etag, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        if seen.method == "GET":
            self._send(request, seen, memoryview(body))

    def _send(self, request, seen, body):
        cut = self.cuts.pop(0) if self.cuts else None
        stalls, self.stalls = self.stalls > 0, max(0, self.stalls - 1)
        end = len(body) if cut is None else cut
        try:
            for at in range(0, end, BLOCK):
                if stalls and at >= len(body) // 2:
                    request.connection.recv(1)  # returns when the other side has closed
                    break
                seen.sent.append(request.connection.send(body[at : min(at + BLOCK, end)]))
                self._act()
        except OSError:
            cut = 0
        if cut is not None or stalls:
            request.close_connection = True
            request.connection.close()

    def _act(self):
        with self._acting:
            if self.after_bytes and self.bytes_sent >= self.after_bytes[0]:
                act, self.after_bytes = self.after_bytes[1], None
                act()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that is gone is what many a test is about."""


def _handler(hub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BLOCK)
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().setup()

        def log_message(self, *_):
            """Say nothing."""

        def do_HEAD(self):
            hub.answer(self, "HEAD")

        def do_GET(self):
            hub.answer(self, "GET")

    return Handler


def reply(request, status, body, headers=None):
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        request.send_header(name, value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


def refuse(request, status, code):
    reply(request, status, b"{}", {"X-Error-Code": code})


@lru_cache
def sha256(data):
    return hashlib.sha256(data).hexdigest()


@lru_cache
def blob_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
