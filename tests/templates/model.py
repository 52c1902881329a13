"""A model on 127.0.0.1 that a function answers for, in OpenAI's wire format; it remembers all that it was sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Cut(str):
    """An answer that ends for its length."""


OVERFLOW = object()
"""The prompt does not fit the model's context: it is refused, and costs nothing."""


class Bytes:
    """Tokens of a tokenizer that makes one of every byte: the most that there can be."""

    @staticmethod
    def of(body, said):
        """Those of a question and of its answer."""
        if said is OVERFLOW:
            return 0, 0
        prompt = sum(len(str(turn["content"]).encode()) for turn in body["messages"])
        return prompt + len(json.dumps(body.get("response_format", ""))), len(str(said).encode())


class Model:
    """``answers(body)`` gives text, or a list of tool calls as ``(name, arguments)``, or an HTTP status that failed.

    ``usage`` is what it says that a question and its answer were, in tokens, or a function of both.
    """

    def __init__(self, answers, usage=(100, 10)):
        self.answers = answers
        self.usage = usage
        self.bodies = []
        self.lines = []
        self.counted = []
        self._lock = threading.Lock()

    def __enter__(self):
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with model._lock:
                    model.bodies.append(body)
                    model.lines.append((self.path, dict(self.headers)))
                try:
                    said = model.answers(body)
                    with model._lock:
                        counted = model.usage(body, said) if callable(model.usage) else model.usage
                        model.counted.append(counted)
                    self.answer(said, counted)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def answer(self, said, usage):
                if said is OVERFLOW:
                    error = {"message": "maximum context length is exceeded", "code": "context_length_exceeded"}
                    return self.send(400, "application/json", json.dumps({"error": error}).encode())
                if isinstance(said, int):
                    kind = "insufficient_quota" if said == 429 else "server_error"
                    data = json.dumps({"error": {"message": "you exceeded your quota", "code": kind}}).encode()
                    return self.send(said, "application/json", data)
                delta = {"content": said} if isinstance(said, str) else {"tool_calls": _calls(said)}
                prompt, completion = usage
                counted = {"prompt_tokens": prompt, "completion_tokens": completion}
                end = "length" if isinstance(said, Cut) else "stop" if isinstance(said, str) else "tool_calls"
                pieces = [
                    {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
                    {"choices": [{"index": 0, "delta": {}, "finish_reason": end}]},
                    {"choices": [], "usage": counted},
                ]
                lines = [f"data: {json.dumps(piece)}\n\n" for piece in pieces]
                return self.send(200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n"]).encode())

            def send(self, status, kind, data):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def prompts(self):
        """The text of each question, all turns of it."""
        return ["\n".join(str(turn["content"]) for turn in body["messages"]) for body in self.bodies]


def _calls(said):
    return [
        {"index": at, "id": f"c{at}", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for at, (name, arguments) in enumerate(said)
    ]
