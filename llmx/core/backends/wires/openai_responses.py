"""OpenAI's responses: ``POST /responses``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmx.core.backends import Capabilities
from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.wires import Ask, OpenCalls, Shown, StreamFailedError, given, is_strict
from llmx.core.backends.wires.openai_chat import OpenAIChat, data_url
from llmx.core.events import Done, Event, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from llmx.core.messages import Image, Message, Part, Request, Text, ToolCall, ToolResult

_CUT: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}


class OpenAIResponses(OpenAIChat):
    """Writes and reads responses; models and vectors are asked for as with chat completions."""

    capabilities = Capabilities(embeddings=True)

    def post(self, request: Request, endpoint: Endpoint, shown: Shown) -> Ask:
        """The request; nothing is kept on the other side, and what is unset stays out."""
        parameters = request.parameters
        body = given(
            model=request.model,
            instructions="\n\n".join(m.text for m in request.messages if m.role == "system") or None,
            input=[item for message in request.messages if message.role != "system" for item in _items(message)],
            stream=True,
            store=False,
            temperature=parameters.temperature,
            top_p=parameters.top_p,
            max_output_tokens=parameters.max_tokens,
            tools=[{"type": "function", "strict": False, **tool._asdict()} for tool in request.tools] or None,
            text=_constraint(request.schema),
        )
        return Ask("/responses", body)

    def reader(self, request: Request) -> "Reader":  # type: ignore[override]  # another format's reader
        """What reads the answer."""
        return Reader()


def _constraint(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": is_strict(schema)}}


def _items(message: Message) -> Iterator[dict[str, Any]]:
    """The text and pictures of a message as one item, each tool call and result as one of its own."""
    kind = "output_text" if message.role == "assistant" else "input_text"
    content = [block for part in message.parts if (block := _block(part, kind))]
    if content:
        yield {"type": "message", "role": message.role, "content": content}
    for part in message.parts:
        match part:
            case ToolCall(id, name, arguments):
                yield {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}
            case ToolResult(id, text):
                yield {"type": "function_call_output", "call_id": id, "output": text}


def _block(part: Part, kind: str) -> dict[str, Any] | None:
    match part:
        case Text(text):
            return {"type": kind, "text": text}
        case Image():
            return {"type": "input_image", "image_url": data_url(part)}
    return None


class Reader:
    """Reads the events of one answer."""

    def __init__(self) -> None:
        self.is_over = False
        self._calls = OpenCalls()
        self._streamed: set[int] = set()
        self._response: dict[str, Any] = {}

    def read(self, data: dict[str, Any]) -> Sequence[Event]:
        """The events of one piece; kinds that are not known have none."""
        match data["type"]:
            case "response.output_text.delta" | "response.refusal.delta":
                self._streamed.add(data.get("output_index", 0))
                return [TextDelta(data["delta"])]
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
                return [ReasoningDelta(data["delta"])]
            case "response.function_call_arguments.delta":
                return [ToolCallDelta(data.get("output_index", 0), "", "", data["delta"])]
            case "response.output_item.done":
                return self._item(data.get("output_index", 0), data["item"])
            case "response.completed" | "response.incomplete":
                self.is_over, self._response = True, data["response"]
            case "response.failed":
                raise StreamFailedError(data["response"])
            case "error":
                raise StreamFailedError(data)
        return ()

    def _item(self, index: int, item: dict[str, Any]) -> Sequence[Event]:
        """A whole item: a tool call, or a text of which nothing came in pieces."""
        if item["type"] == "function_call":
            self._calls.add(index, item["call_id"], item["name"], item["arguments"])
        if item["type"] != "message" or index in self._streamed:
            return ()
        return [TextDelta(block.get("text") or block.get("refusal") or "") for block in item["content"]]

    def finish(self) -> Sequence[Event]:
        """The tool calls, what it cost, and why it ended."""
        if not self.is_over:
            raise EOFError
        calls = self._calls.whole()
        reason: FinishReason = "tool_calls" if calls else "stop"
        if self._response.get("status") == "incomplete":
            reason = _CUT.get((self._response.get("incomplete_details") or {}).get("reason", ""), "unknown")
        usage = self._response.get("usage")
        counted = [_counted(usage)] if usage else []
        return [*calls, *counted, Done(reason, self._response.get("model", ""))]


def _counted(usage: dict[str, Any]) -> Usage:
    output, given_ = usage.get("output_tokens_details") or {}, usage.get("input_tokens_details") or {}
    return Usage(
        usage.get("input_tokens"),
        usage.get("output_tokens"),
        output.get("reasoning_tokens"),
        given_.get("cached_tokens"),
    )
