"""Ollama's own format: ``POST /api/chat``, answered with one JSON object a line.

A model without a template for turns only goes on with a text: one question is sent to it as it is (``/api/generate``).

Ollama cuts a prompt that does not fit ``num_ctx`` from the front, without a word. So ``num_ctx`` is always sent, large
enough for all of the prompt and the answer; it grows by doubling, because another value loads the model anew.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmx.core.backends import Capabilities, Embedding
from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.framing import JsonLines
from llmx.core.backends.wires import Ask, Shown, StreamFailedError, given, most_tokens
from llmx.core.backends.wires.openai_chat import function
from llmx.core.events import Done, Event, FinishReason, ReasoningDelta, TextDelta, Usage
from llmx.core.messages import Image, Message, Request, ToolCall, ToolResult

SMALLEST_CONTEXT = 4096
PASSED_ON = "{{ .Prompt }}"
"""The template of models that have none of their own."""
ANSWER_TOKENS = 1024
"""Room for an answer whose length is not set."""


class Ollama:
    """Writes and reads Ollama's chat."""

    capabilities = Capabilities(embeddings=True)
    framing = JsonLines
    expects = "ndjson"
    models_path = "/api/tags"
    surely_fits = 0

    def root(self, base_url: str) -> str:
        """Without the paths of its two APIs."""
        return base_url.rstrip("/").removesuffix("/v1").removesuffix("/api")

    def headers(self, key: str) -> Mapping[str, str]:
        """A key is only for those that stand behind a proxy."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def post(self, request: Request, endpoint: Endpoint, shown: Shown) -> Ask:
        """The request; what is unset stays out."""
        parameters = request.parameters
        names = {part.id: part.name for m in request.messages for part in m.parts if isinstance(part, ToolCall)}
        options = given(
            num_ctx=context_for(request, shown.context),
            temperature=parameters.temperature,
            num_predict=parameters.max_tokens,
            top_p=parameters.top_p,
            seed=parameters.seed,
            stop=parameters.stop,
        )
        if not shown.has_turns and len(request.messages) == 1 and not request.tools:
            return Ask("/api/generate", _text(request, options))
        body = given(
            model=request.model,
            messages=[row for message in request.messages for row in _rows(message, names)],
            stream=True,
            options=options,
            tools=[function(tool) for tool in request.tools] or None,
            format=request.schema,
        )
        return Ask("/api/chat", body)

    def reader(self, request: Request) -> "Reader":
        """What reads the answer."""
        return Reader()

    def models(self, answer: Any) -> list[str]:  # noqa: ANN401  # JSON
        """The names of those that have been pulled."""
        return [str(row["name"]) for row in answer["models"]]

    def show(self, model: str, endpoint: Endpoint) -> Ask:
        """``POST /api/show``."""
        return Ask("/api/show", {"model": model})

    def shown(self, answer: Any, model: str) -> Shown:  # noqa: ANN401  # JSON
        """The context that the model was made for, under the name of its architecture, and its template."""
        found = [value for key, value in answer.get("model_info", {}).items() if key.endswith(".context_length")]
        return Shown(int(found[0]) if found else None, str(answer.get("template", "")).strip() != PASSED_ON)

    def count(self, request: Request, endpoint: Endpoint) -> Ask:
        """It counts only what it runs."""
        return Ask()

    def counted(self, answer: Any, request: Request) -> int:  # noqa: ANN401  # JSON
        """As above."""
        raise LookupError

    def embed(self, texts: Sequence[str], model: str) -> Ask:
        """``POST /api/embed``; a text too long is an error and not cut."""
        return Ask("/api/embed", {"model": model, "input": list(texts), "truncate": False})

    def vectors(self, answer: Any) -> Embedding:  # noqa: ANN401  # JSON
        """In the order of the texts."""
        return Embedding(answer["embeddings"], Usage(answer.get("prompt_eval_count"), 0))


def context_for(request: Request, most: int | None) -> int:
    """The context to ask for, in tokens: never less than prompt and answer may need, unless the model has no more."""
    answer = request.parameters.max_tokens
    needed = most_tokens(request) + (ANSWER_TOKENS if answer is None else answer)
    size = SMALLEST_CONTEXT
    while size < needed:
        size *= 2
    return size if most is None else min(size, most)


def _text(request: Request, options: Mapping[str, Any]) -> dict[str, Any]:
    """A text to go on with, untouched by any template."""
    (message,) = request.messages
    return given(
        model=request.model,
        prompt=message.text,
        raw=True,
        stream=True,
        options=options,
        images=_pictures(message) or None,
        format=request.schema,
    )


def _pictures(message: Message) -> list[str]:
    return [base64.b64encode(part.data).decode() for part in message.parts if isinstance(part, Image)]


def _rows(message: Message, names: Mapping[str, str]) -> list[dict[str, Any]]:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    if results:
        return [{"role": "tool", "content": r.content, "tool_name": names.get(r.id, "")} for r in results]
    images = _pictures(message)
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    wanted = [{"function": {"name": call.name, "arguments": json.loads(call.arguments)}} for call in calls]
    return [{"role": message.role, "content": message.text, **given(images=images or None, tool_calls=wanted or None)}]


class Reader:
    """Reads the lines of one answer."""

    def __init__(self) -> None:
        self.is_over = False
        self._last: dict[str, Any] = {}
        self._called = 0

    def read(self, data: dict[str, Any]) -> Sequence[Event]:
        """The events of one line."""
        if "error" in data:
            raise StreamFailedError(data)
        message = data["message"] if "message" in data else {**data, "content": data["response"]}
        events: list[Event] = []
        if thought := message.get("thinking"):
            events.append(ReasoningDelta(thought))
        if text := message.get("content"):
            events.append(TextDelta(text))
        for call in message.get("tool_calls") or ():
            arguments = json.dumps(call["function"]["arguments"])
            events.append(ToolCall(call.get("id") or f"call_{self._called}", call["function"]["name"], arguments))
            self._called += 1
        if data["done"]:
            self.is_over, self._last = True, data
        return events

    def finish(self) -> Sequence[Event]:
        """What it cost, and why it ended."""
        if not self.is_over:
            raise EOFError
        last = self._last
        reasons: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
        reason = "tool_calls" if self._called else reasons.get(last.get("done_reason", ""), "unknown")
        return [Usage(last.get("prompt_eval_count"), last.get("eval_count")), Done(reason, last.get("model", ""))]
