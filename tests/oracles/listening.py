"""Servers that an agent takes for those of others."""

import http.server
import threading


class Listening:
    """Listens at ``url`` while the block runs; ``handler`` finds it as its server's ``owner``."""

    def __init__(self, handler):
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.owner = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
