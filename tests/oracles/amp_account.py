"""What stands for Amp's own server, which Amp asks about its account before it starts anything."""

import http.server
import json

from tests.oracles.listening import Listening

ACCOUNT = {"ok": True, "result": {"id": "u", "username": "u", "email": "u@example.com", "features": []}}


class Account(Listening):
    """Listens while the block runs; ``asked`` are the paths and keys of what was no question about the account."""

    def __init__(self):
        self.asked: list[tuple[str, str]] = []
        super().__init__(_Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.path.startswith("/api/"):
            self.server.owner.asked.append((self.path, self.headers.get("x-key", "")))  # type: ignore[attr-defined]
        data = json.dumps(ACCOUNT).encode()
        self.send_response(200 if self.path.startswith("/api/") else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
