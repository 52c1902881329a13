"""An Ollama on 127.0.0.1: its list, what it keeps loaded, and its pull."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.models.hub import reply

PULL = [
    {"status": "pulling manifest"},
    {"status": "pulling 1", "digest": "sha256:1", "total": 1000, "completed": 0},
    {"status": "pulling 1", "digest": "sha256:1", "total": 1000, "completed": 600},
    {"status": "pulling 1", "digest": "sha256:1", "total": 1000, "completed": 1000},
    {"status": "pulling 2", "digest": "sha256:2", "total": 10, "completed": 10},
    {"status": "verifying sha256 digest"},
    {"status": "success"},
]


class Ollama:
    """Answers as version 0.12 does; ``pull`` are the lines of the next pull."""

    def __init__(self):
        self.tags: list[dict[str, object]] = []
        self.loaded: list[str] = []
        self.pull: list[object] = list(PULL)
        self.asked: list[object] = []
        ollama = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                """Say nothing."""

            def do_GET(self):
                entries = ollama.tags if self.path == "/api/tags" else [{"name": name} for name in ollama.loaded]
                reply(self, 200, json.dumps({"models": entries}).encode())

            def do_POST(self):
                ollama.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                reply(self, 200, b"".join(json.dumps(line).encode() + b"\n" for line in ollama.pull))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
