"""What stands for Amp's own server, which Amp asks about its account before it starts anything."""

import http.server
import json
import threading

ACCOUNT = {"ok": True, "result": {"id": "u", "username": "u", "email": "u@example.com", "features": []}}


class Account:
    """Listens while the block runs; ``asked`` are the paths and keys of what was no question about the account."""

    def __init__(self):
        self.asked: list[tuple[str, str]] = []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.account = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.path.startswith("/api/"):
            self.server.account.asked.append((self.path, self.headers.get("x-key", "")))  # type: ignore[attr-defined]
        data = json.dumps(ACCOUNT).encode()
        self.send_response(200 if self.path.startswith("/api/") else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
