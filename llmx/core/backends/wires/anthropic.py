"""Anthropic's messages: ``POST /v1/messages``."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from llmx.core.backends import Capabilities, Embedding
from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.framing import ServerSentEvents
from llmx.core.backends.wires import Ask, OpenCalls, Shown, StreamFailedError, given
from llmx.core.events import Done, Event, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from llmx.core.messages import Image, Message, Part, Reasoning, Request, Text, ToolCall, ToolResult

VERSION = "2023-06-01"
MOST_TOKENS = 4096
"""The length of an answer where none was set: here it cannot be left out."""

ANSWER = "answer"
"""The tool that a model must call whose answer has a schema: the way every model here takes."""

REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class Anthropic:
    """Writes and reads messages."""

    capabilities = Capabilities()
    framing = ServerSentEvents
    expects = "text/event-stream"
    models_path = "/v1/models"
    surely_fits = 100_000

    def root(self, base_url: str) -> str:
        """Without the version, which stands in the paths."""
        return base_url.rstrip("/").removesuffix("/v1")

    def headers(self, key: str) -> Mapping[str, str]:
        """The key and the version of the format."""
        return {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}

    def post(self, request: Request, endpoint: Endpoint, shown: Shown) -> Ask:
        """The request; what is unset stays out."""
        parameters = request.parameters
        tools = [{"name": t.name, "description": t.description, "input_schema": t.parameters} for t in request.tools]
        choice = None
        if request.schema is not None:
            tools.append({"name": ANSWER, "description": "Give the answer.", "input_schema": request.schema})
            choice = {"type": "any"} if request.tools else {"type": "tool", "name": ANSWER}
        body = given(
            model=request.model,
            max_tokens=MOST_TOKENS if parameters.max_tokens is None else parameters.max_tokens,
            system="\n\n".join(m.text for m in request.messages if m.role == "system") or None,
            messages=turns(request.messages),
            stream=True,
            temperature=parameters.temperature,
            top_p=parameters.top_p,
            stop_sequences=parameters.stop,
            tools=tools or None,
            tool_choice=choice,
        )
        return Ask("/v1/messages", body)

    def reader(self, request: Request) -> "Reader":
        """What reads the answer."""
        return Reader(has_schema=request.schema is not None)

    def models(self, answer: Any) -> list[str]:  # noqa: ANN401  # JSON
        """The ids of the list."""
        return [str(row["id"]) for row in answer["data"]]

    def show(self, model: str, endpoint: Endpoint) -> Ask:
        """``GET /v1/models/NAME``."""
        return Ask(f"/v1/models/{quote(model, safe='')}")

    def shown(self, answer: Any, model: str) -> Shown:  # noqa: ANN401  # JSON
        """What the newer API tells of a model."""
        return Shown(int(answer["max_input_tokens"]))

    def count(self, request: Request, endpoint: Endpoint) -> Ask:
        """``POST /v1/messages/count_tokens``."""
        body = self.post(request, endpoint, Shown()).body or {}
        kept = ("model", "system", "messages", "tools", "tool_choice")
        return Ask("/v1/messages/count_tokens", {key: body[key] for key in kept if key in body})

    def counted(self, answer: Any, request: Request) -> int:  # noqa: ANN401  # JSON
        """As it is told."""
        return int(answer["input_tokens"])

    def embed(self, texts: Sequence[str], model: str) -> Ask:
        """There are no vectors here; ``capabilities`` say so."""
        return Ask()

    def vectors(self, answer: Any) -> Embedding:  # noqa: ANN401  # JSON
        """As above."""
        return Embedding([])


def turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation as turns of user and assistant, where tool results are the user's."""
    found: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [block for part in message.parts if (block := _block(part))]
        if found and found[-1]["role"] == role:
            found[-1]["content"] += blocks
        else:
            found.append({"role": role, "content": blocks})
    return found


def _block(part: Part) -> dict[str, Any] | None:
    match part:
        case Text(text):
            return {"type": "text", "text": text} if text else None
        case Image(media_type, data):
            source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
            return {"type": "image", "source": source}
        case ToolCall(id, name, arguments):
            return {"type": "tool_use", "id": id, "name": name, "input": json.loads(arguments)}
        case ToolResult(id, content, is_error):
            return {"type": "tool_result", "tool_use_id": id, "content": content, "is_error": is_error}
        case Reasoning(text, signature):
            return {"type": "thinking", "thinking": text, "signature": signature} if signature else None


class Reader:
    """Reads the events of one answer."""

    def __init__(self, *, has_schema: bool) -> None:
        self.is_over = False
        self._has_schema = has_schema
        self._answer: int | None = None
        self._calls = OpenCalls()
        self._reason: FinishReason | None = None
        self._usage: dict[str, int | None] = {}
        self._model = ""

    def read(self, data: dict[str, Any]) -> Sequence[Event]:
        """The events of one piece; kinds that are not known, such as ``ping``, have none."""
        match data["type"]:
            case "content_block_delta":
                return self._delta(data["index"], data["delta"])
            case "content_block_start":
                return self._start(data["index"], data["content_block"])
            case "message_start":
                self._model = data["message"].get("model", "")
                self._usage |= data["message"].get("usage") or {}
            case "message_delta":
                self._reason = REASONS.get(data["delta"].get("stop_reason") or "", "unknown")
                self._usage |= data.get("usage") or {}
            case "message_stop":
                self.is_over = True
            case "error":
                raise StreamFailedError(data)
        return ()

    def _start(self, index: int, block: dict[str, Any]) -> Sequence[Event]:
        if block["type"] == "text" and block.get("text"):
            return [TextDelta(block["text"])]
        if block["type"] != "tool_use":
            return ()
        if self._has_schema and block["name"] == ANSWER:
            self._answer = index
            return ()
        self._calls.add(index, block["id"], block["name"], "")
        return [ToolCallDelta(index, block["id"], block["name"], "")]

    def _delta(self, index: int, delta: dict[str, Any]) -> Sequence[Event]:
        match delta["type"]:
            case "text_delta":
                return [TextDelta(delta["text"])]
            case "thinking_delta":
                return [ReasoningDelta(delta["thinking"])]
            case "signature_delta":
                return [ReasoningDelta("", delta["signature"])]
            case "input_json_delta" if index == self._answer:
                return [TextDelta(delta["partial_json"])]
            case "input_json_delta":
                self._calls.add(index, "", "", delta["partial_json"])
                return [ToolCallDelta(index, "", "", delta["partial_json"])]
        return ()

    def finish(self) -> Sequence[Event]:
        """The tool calls, what it cost, and why it ended."""
        if not self.is_over or self._reason is None:
            raise EOFError
        calls = self._calls.whole()
        reason = "stop" if self._answer is not None and not calls and self._reason == "tool_calls" else self._reason
        return [*calls, *([self._counted()] if self._usage else []), Done(reason, self._model)]

    def _counted(self) -> Usage:
        cached, fresh = self._usage.get("cache_read_input_tokens"), self._usage.get("input_tokens")
        kept = self._usage.get("cache_creation_input_tokens")
        prompt = None if fresh is None else fresh + (cached or 0) + (kept or 0)
        return Usage(prompt, self._usage.get("output_tokens"), None, cached)
