"""An internet of the tests' own, run inside a new user, network and mount namespace: ``internet.py FOLDER``.

This process is the machine that llm-exec runs on, at 45.0.0.1; a child in another network namespace is everything
else: a name server, web servers for every name, and one server on every address that nobody should come to. What
arrives is written, a JSON object a line, to ``FOLDER/seen``. Prints its pid when all of it listens, ends with stdin.
"""

import contextlib
import ctypes
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUDPServer
from typing import Any

OWN, WEB, OTHER, NAMES, GATEWAY = "45.0.0.1", "45.0.0.80", "45.0.0.81", "45.0.0.53", "45.0.0.254"
WEB6 = "2a00:1::80"
FORBIDDEN = {
    "metadata": "169.254.169.254",
    "private": "10.1.2.3",
    "home": "192.168.7.7",
    "carrier": "100.64.0.9",
    "azure": "168.63.129.16",
    "unique": "fd00::7",
}
"""Addresses that answer here, so that only the proxy keeps a command from them."""
RECORDS = {
    "example.com": [WEB],
    "six.example.com": [WEB6],
    "both.example.com": ["2a00:1::dead", WEB],
    "mixed.example.com": ["10.1.2.3", WEB],
    "loopback.example.com": ["127.0.0.1"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "own.example.com": [OWN],
    "zero.example.com": ["0.0.0.0"],
    "loopback6.example.com": ["::1"],
    "translated.example.com": ["64:ff9b::7f00:1"],
    "six-to-four.example.com": ["2002:7f00:1::1"],
    "metadata6.example.com": ["fd00:ec2::254"],
    "metadata-mapped.example.com": ["::ffff:169.254.169.254"],
    "silent.example.com": ["45.0.0.99"],
    "closed.example.com": [OTHER],
    **{f"{name}.example.com": [address] for name, address in FORBIDDEN.items()},
}
ENDINGS = (".com", ".org", ".net", ".crates.io")
REBINDING = {
    "rebind.example.com": "127.0.0.1",
    "rebind-metadata.example.com": "169.254.169.254",
    "rebind6.example.com": "::1",
    "rebind-mapped.example.com": "::ffff:127.0.0.1",
    "rebind-translated.example.com": "64:ff9b::a9fe:a9fe",
    "rebind-six-to-four.example.com": "2002:7f00:1::1",
}
"""The first answer is public, every other one this."""
CLONE_NEWNET = 0x40000000


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def note(folder, **fields):
    with open(folder / "seen", "a") as file:
        file.write(json.dumps(fields) + "\n")


class NameServer(BaseRequestHandler):
    """Answers A and AAAA; every name below example.com, .org and .net that has no record leads to the web server."""

    server: Any

    def handle(self):
        data, reply = self.request
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode("ascii", "replace"))
            at += 1 + data[at]
        name, kind = ".".join(labels).lower(), int.from_bytes(data[at + 1 : at + 3], "big")
        note(self.server.folder, dns=name)
        found = [
            socket.inet_pton(socket.AF_INET6 if ":" in one else socket.AF_INET, one)
            for one in self.addresses(name, kind)
        ]
        answers = [one for one in found if len(one) == (4 if kind == 1 else 16 if kind == 28 else 0)]
        known = bool(found) or name.endswith(ENDINGS)
        flags = 0x8180 if known else 0x8183
        head = data[:2] + b"".join(n.to_bytes(2, "big") for n in (flags, 1, len(answers), 0, 0))
        body = b"".join(
            b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\1\0\0\0\0" + len(one).to_bytes(2, "big") + one
            for one in answers
        )
        reply.sendto(head + data[12 : at + 5] + body, self.client_address)

    def addresses(self, name, kind):
        if name in REBINDING:
            count = self.server.asked[name] = self.server.asked.get(name, 0) + (kind == 1)
            return [WEB if count <= 1 else REBINDING[name]]
        if name in RECORDS:
            return RECORDS[name]
        return [WEB] if name.endswith(ENDINGS) and not name.startswith("missing.") else []


class Names(ThreadingUDPServer):
    def __init__(self, folder):
        self.folder = folder
        self.asked: dict[str, int] = {}
        super().__init__((NAMES, 53), NameServer)


class Pages(BaseHTTPRequestHandler):
    """Files of FOLDER/pages/HOST, and a few pages that are made up: /bytes/N, /echo, /slow, /cut, /host."""

    protocol_version = "HTTP/1.1"
    server: Any

    def answer(self):
        folder = self.server.folder
        host = (self.headers.get("Host") or "").partition(":")[0]
        sni = getattr(self.connection, "asked_for", None)
        body = self.body()
        note(
            folder,
            method=self.command,
            host=host,
            path=self.path,
            sni=sni,
            at=self.connection.getsockname()[0],
            body=body[:200].decode("latin-1"),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        kind, _, rest = self.path.partition("?")[0].strip("/").partition("/")
        if kind == "bytes":
            self.give(size=int(rest))
        elif kind == "echo":
            self.give(body)
        elif kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif kind == "slow":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            for _ in range(10):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        elif kind == "garbage":
            self.wfile.write(bytes(range(256)) * 100)
            self.close_connection = True
        else:
            self.give_file(folder / "pages" / host / self.path.partition("?")[0].strip("/"))

    do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815

    def body(self):
        if (self.headers.get("Transfer-Encoding") or "") == "chunked":
            data = b""
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def give(self, data=b"", size=None, status=200, kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if size is None else size))
        self.end_headers()
        if self.command == "HEAD":
            return
        while size:
            self.wfile.write(bytes(part := min(size, 1 << 20)))
            size -= part
        self.wfile.write(data)

    def give_file(self, path):
        path = path / "index.html" if path.is_dir() else path
        if path.is_file():
            kind = {".json": "application/json", ".html": "text/html"}.get(path.suffix, "application/octet-stream")
            self.give(path.read_bytes(), kind=kind)
        elif self.path == "/":
            self.give(b"welcome\n")
        else:
            self.give(b"not here\n", status=404)

    def log_message(self, *_words):
        pass


class Web(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, folder, address, port, tls=None):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.folder = folder
        self.tls = tls
        super().__init__((address, port), Pages)

    def finish_request(self, request, client):
        if self.tls:
            request.settimeout(20)
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client)

    def handle_error(self, *_words):
        pass


class Named(ssl.SSLSocket):
    """Remembers the name it was asked for."""

    asked_for: str | None = None


class Catch(BaseRequestHandler):
    """Whoever comes here has got through."""

    server: Any

    def handle(self):
        self.request.settimeout(2)
        with contextlib.suppress(OSError):
            data = self.request.recv(1000)
            note(
                self.server.folder,
                caught=self.server.server_address[0],
                port=self.server.server_address[1],
                data=data.decode("latin-1"),
            )
            self.request.sendall(b"HTTP/1.0 200 OK\r\n\r\ncaught\n")


class Trap(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder, address, port):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.folder = folder
        super().__init__((address, port), Catch)


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


def certificate(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.sslsocket_class = Named
    context.set_alpn_protocols(["http/1.1"])
    context.sni_callback = lambda one, name, _context: setattr(one, "asked_for", name)
    return context


def far_side(folder):
    """Everything that is not this machine."""
    serve(Names(folder))
    tls = certificate(folder)
    for address in (WEB, WEB6):
        serve(Web(folder, address, 80))
        serve(Web(folder, address, 443, tls))
        serve(Web(folder, address, 8443, tls))
    for address in (*FORBIDDEN.values(), OTHER):
        for port in (80, 443) if address != OTHER else (9999,):
            serve(Trap(folder, address, port))


def unshare_network():
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def main(folder):
    ready_read, ready_write = os.pipe()
    wired_read, wired_write = os.pipe()
    far = os.fork()
    if far == 0:
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # ends with its parent
        unshare_network()
        os.write(ready_write, b"1")
        os.read(wired_read, 1)
        far_side(folder)
        os.write(ready_write, b"2")
        threading.Event().wait()
    os.read(ready_read, 1)
    ip("link", "set", "lo", "up")
    ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(far))
    ip("addr", "add", f"{OWN}/24", "dev", "near")
    ip("addr", "add", "2a00:1::1/64", "dev", "near", "nodad")
    ip("link", "set", "near", "up")
    into = ["nsenter", f"--target={far}", "--net", "ip"]
    for words in (
        ["link", "set", "lo", "up"],
        *(["addr", "add", f"{one}/24", "dev", "far"] for one in (GATEWAY, WEB, OTHER, NAMES)),
        *(["addr", "add", f"{one}/64", "dev", "far", "nodad"] for one in ("2a00:1::fe", WEB6)),
        *(["addr", "add", one, "dev", "lo"] for one in FORBIDDEN.values()),
        ["link", "set", "far", "up"],
    ):
        subprocess.run([*into, *words], check=True, capture_output=True)
    ip("route", "add", "default", "via", GATEWAY)
    ip("-6", "route", "add", "default", "via", "2a00:1::fe")
    os.write(wired_write, b"1")
    os.read(ready_read, 1)
    serve(Trap(folder, "0.0.0.0", 80))
    serve(Trap(folder, "::1", 80))
    serve(Trap(folder, "127.0.0.1", 443))
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os.kill(far, 9)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
