"""OpenAI's chat completions, which most servers speak: ``POST /chat/completions``."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmx.core.backends import Capabilities, Embedding
from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.framing import ServerSentEvents
from llmx.core.backends.profiles import profile
from llmx.core.backends.wires import Ask, OpenCalls, Shown, StreamFailedError, given, is_strict, own_servers
from llmx.core.events import Done, Event, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from llmx.core.messages import Image, Message, Request, Text, Tool, ToolCall, ToolResult

REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class OpenAIChat:
    """Writes and reads chat completions."""

    capabilities = Capabilities(embeddings=True)
    framing = ServerSentEvents
    expects = "text/event-stream"
    models_path = "/models"
    surely_fits = 1024

    def root(self, base_url: str) -> str:
        """As given: it ends in /v1 or what a provider has instead."""
        return base_url.rstrip("/")

    def headers(self, key: str) -> Mapping[str, str]:
        """The bearer token."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def post(self, request: Request, endpoint: Endpoint, shown: Shown) -> Ask:
        """The request; what is unset stays out."""
        parameters = request.parameters
        body = given(
            model=request.model,
            messages=[row for message in request.messages for row in rows(message)],
            stream=True,
            stream_options={"include_usage": True} if endpoint.asks_usage else None,
            temperature=parameters.temperature,
            top_p=parameters.top_p,
            seed=parameters.seed,
            stop=parameters.stop,
            tools=[function(tool) for tool in request.tools] or None,
            response_format=response_format(request.schema),
        )
        if parameters.max_tokens is not None:
            body[profile(request.model).max_tokens_field] = parameters.max_tokens
        return Ask("/chat/completions", body)

    def reader(self, request: Request) -> "Reader":
        """What reads the answer."""
        return Reader()

    def models(self, answer: Any) -> list[str]:  # noqa: ANN401  # JSON
        """The ids of the list; some providers give it without the object around it."""
        return [str(row["id"]) for row in (answer["data"] if isinstance(answer, dict) else answer)]

    def show(self, model: str, endpoint: Endpoint) -> Ask:
        """The list of models of a server of the user's own; providers refuse by themselves what does not fit."""
        return own_servers.models(endpoint)

    def shown(self, answer: Any, model: str) -> Shown:  # noqa: ANN401  # JSON
        """What the list tells of the model."""
        return Shown(own_servers.context(answer, model))

    def count(self, request: Request, endpoint: Endpoint) -> Ask:
        """Where the server has a tokenizer to ask."""
        return own_servers.tokenize(request, endpoint)

    def counted(self, answer: Any, request: Request) -> int:  # noqa: ANN401  # JSON
        """As it is told."""
        return own_servers.tokens(answer, request)

    def embed(self, texts: Sequence[str], model: str) -> Ask:
        """``POST /embeddings``."""
        return Ask("/embeddings", {"model": model, "input": list(texts)})

    def vectors(self, answer: Any) -> Embedding:  # noqa: ANN401  # JSON
        """In the order of the texts, whatever order they came in."""
        vectors = [row["embedding"] for row in sorted(answer["data"], key=lambda row: row["index"])]
        return Embedding(vectors, Usage((answer.get("usage") or {}).get("prompt_tokens"), 0))


def rows(message: Message) -> Iterator[dict[str, Any]]:
    """A message as one row, and each tool result as a row of its own."""
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield {"role": "tool", "tool_call_id": part.id, "content": part.content}
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    content: str | list[dict[str, Any]] | None = message.text
    if any(isinstance(part, Image) for part in message.parts):
        content = [block for part in message.parts if (block := _block(part))]
    if calls:
        functions = [{"name": call.name, "arguments": call.arguments} for call in calls]
        wanted = [{"id": c.id, "type": "function", "function": f} for c, f in zip(calls, functions, strict=True)]
        yield {"role": message.role, "content": content or None, "tool_calls": wanted}
    elif message.role != "tool":
        yield {"role": message.role, "content": content}


def _block(part: object) -> dict[str, Any] | None:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image():
            return {"type": "image_url", "image_url": {"url": data_url(part)}}
    return None


def data_url(image: Image) -> str:
    """A picture as a URL that holds it."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def function(tool: Tool) -> dict[str, Any]:
    """A tool as OpenAI and Ollama write it."""
    declared = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": declared}


def response_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The constraint that makes the answer fit ``schema``."""
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": is_strict(schema)}}


class Reader:
    """Reads the chunks of one answer. ``[DONE]`` never comes here; it only ends what a finish reason has ended."""

    is_over = False

    def __init__(self) -> None:
        self._calls = OpenCalls()
        self._usage: list[Usage] = []
        self._reason: FinishReason | None = None
        self._model = self._fingerprint = ""

    def read(self, data: dict[str, Any]) -> Sequence[Event]:
        """The events of one chunk."""
        if data.get("error"):
            raise StreamFailedError(data)
        if usage := data.get("usage"):
            self._usage = [read_usage(usage)]
        self._model = data.get("model") or self._model
        self._fingerprint = str(data.get("system_fingerprint") or self._fingerprint)
        events: list[Event] = []
        for choice in data["choices"]:
            if choice.get("index", 0) == 0:
                self._read_delta(choice.get("delta") or {}, events)
                if reason := choice.get("finish_reason"):
                    self._reason = REASONS.get(reason, "unknown")
        return events

    def _read_delta(self, delta: dict[str, Any], events: list[Event]) -> None:
        if text := delta.get("content"):
            events.append(TextDelta(text))
        if thought := delta.get("reasoning_content") or delta.get("reasoning"):
            events.append(ReasoningDelta(thought))
        for row in delta.get("tool_calls") or ():
            said = row.get("function") or {}
            piece = (row.get("index") or 0, row.get("id") or "", said.get("name") or "", said.get("arguments") or "")
            self._calls.add(*piece)
            events.append(ToolCallDelta(*piece))

    def finish(self) -> Sequence[Event]:
        """The tool calls, what it cost, and why it ended."""
        if self._reason is None:
            raise EOFError
        return [*self._calls.whole(), *self._usage, Done(self._reason, self._model, self._fingerprint)]


def read_usage(usage: dict[str, Any]) -> Usage:
    """The counts; what is not said stays None."""
    completion = usage.get("completion_tokens_details") or {}
    prompt = usage.get("prompt_tokens_details") or {}
    return Usage(
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
        completion.get("reasoning_tokens"),
        prompt.get("cached_tokens"),
    )
