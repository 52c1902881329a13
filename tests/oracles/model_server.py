"""A model server in the four wires that agents speak: orders one shell command, once, and notes what it is told."""

import http.server
import json
from typing import Any

from tests.oracles.listening import Listening

SHELLS = (
    "Bash",
    "bash",
    "shell",
    "developer__shell",
    "exec_command",
    "shell_command",
    "local_shell",
    "run_shell_command",
)


class ModelServer(Listening):
    """Listens while the block runs; ``ordered`` says whether an agent took the order, ``bodies`` what it sent.

    ``keys`` are those that it was shown, in whatever header an agent puts its own.
    """

    def __init__(self, command):
        self.command = command
        self.ordered = False
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        super().__init__(_Handler)

    def tools(self):
        """The names of all tools that were offered, those in a namespace with it before them."""
        return {name for body in self.bodies for tool in _tools(body) for name in _names(tool)}

    def order(self, tools):
        """The tool's name and arguments, the first time that one which runs commands is offered."""
        named = {tool.get("name") or tool.get("function", {}).get("name"): tool for tool in tools}
        shell = next((name for name in SHELLS if name in named), None)
        if self.ordered or shell is None:
            return None
        self.ordered = True
        key = "cmd" if shell == "exec_command" else "command"
        schema = named[shell].get("parameters") or named[shell].get("function", {}).get("parameters") or {}
        takes_words = schema.get("properties", {}).get(key, {}).get("type") == "array"
        value = ["bash", "-lc", self.command] if takes_words else self.command
        return shell, {key: value, "description": "makes a file"}


def _tools(body):
    """What was offered; Google's wire has a list in a list."""
    return [one for tool in body.get("tools") or [] for one in tool.get("functionDeclarations") or [tool]]


def _names(tool, above=""):
    name = above + (tool.get("name") or tool.get("function", {}).get("name") or "")
    inner = tool.get("tools") or []
    return [found for one in inner for found in _names(one, f"{name}__")] if inner else [name]


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.owner.bodies.append(body)  # type: ignore[attr-defined]
        shown = [self.headers.get(name) for name in ("authorization", "x-api-key", "x-goog-api-key")]
        self.server.owner.keys |= {key for key in shown if key}  # type: ignore[attr-defined]
        if "count_tokens" in self.path:
            return self._say(json.dumps({"input_tokens": 9}), "application/json")
        order = self.server.owner.order(_tools(body))  # type: ignore[attr-defined]
        if "generateContent" in self.path or "GenerateContent" in self.path:
            streams = "alt=sse" in self.path
            said = _google(order)
            return self._say(_event(said) if streams else json.dumps(said), "text/event-stream")
        wire = _messages if "/messages" in self.path else _responses if "/responses" in self.path else _chat
        return self._say("".join(wire(order)), "text/event-stream")

    def do_GET(self):
        self._say(json.dumps({"data": [{"id": "fake-1"}]}), "application/json")

    def do_HEAD(self):
        self._say("", "application/json")

    def _say(self, text, kind):
        data = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def _event(data, name=""):
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"


def _google(order):
    part = {"functionCall": {"name": order[0], "args": order[1]}} if order else {"text": "done"}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    content = {"role": "model", "parts": [part]}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


def _chat(order):
    delta: dict[str, object] = {"role": "assistant", "content": "done"}
    if order:
        call = {"name": order[0], "arguments": json.dumps(order[1])}
        delta = {"role": "assistant", "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": call}]}
    yield _event({"id": "x", "model": "fake-1", "choices": [{"index": 0, "delta": delta}]})
    end = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if order else "stop"}
    yield _event({"id": "x", "model": "fake-1", "choices": [end]})
    yield "data: [DONE]\n\n"


def _responses(order):
    item: dict[str, object] = {
        "type": "message",
        "role": "assistant",
        "id": "m",
        "content": [{"type": "output_text", "text": "done"}],
    }
    if order:
        item = {"type": "function_call", "call_id": "c1", "name": order[0], "arguments": json.dumps(order[1])}
    yield _event({"type": "response.output_item.done", "item": item}, "response.output_item.done")
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield _event({"type": "response.completed", "response": {"id": "r", "usage": usage}}, "response.completed")


def _messages(order):
    usage = {"input_tokens": 1, "output_tokens": 1}
    start = {"id": "m", "type": "message", "role": "assistant", "model": "fake-1", "content": [], "usage": usage}
    yield _event({"type": "message_start", "message": start}, "message_start")
    block: dict[str, object] = {"type": "text", "text": ""}
    delta = {"type": "text_delta", "text": "done"}
    if order:
        block = {"type": "tool_use", "id": "t1", "name": order[0], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(order[1])}
    yield _event({"type": "content_block_start", "index": 0, "content_block": block}, "content_block_start")
    yield _event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")
    yield _event({"type": "content_block_stop", "index": 0}, "content_block_stop")
    ended = {"stop_reason": "tool_use" if order else "end_turn"}
    yield _event({"type": "message_delta", "delta": ended, "usage": usage}, "message_delta")
    yield _event({"type": "message_stop"}, "message_stop")
