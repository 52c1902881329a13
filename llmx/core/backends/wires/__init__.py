"""Wire formats: how a request is written as HTTP, and how what comes back is read, one module each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from llmx.core.backends import Capabilities, Embedding
from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.framing import JsonLines, ServerSentEvents
from llmx.core.events import Event
from llmx.core.messages import Image, Request, Text, ToolCall, ToolResult

WIRES = {
    "openai-chat": "llmx.core.backends.wires.openai_chat:OpenAIChat",
    "openai-responses": "llmx.core.backends.wires.openai_responses:OpenAIResponses",
    "anthropic": "llmx.core.backends.wires.anthropic:Anthropic",
    "ollama": "llmx.core.backends.wires.ollama:Ollama",
}


_DECODER = json.JSONDecoder()

TURN_TOKENS = 16
"""What a model's template puts around a turn, at most."""


class Ask(NamedTuple):
    """A path below the endpoint's root and the JSON to post there, none where it is only to be got.

    ``is_above`` is set where the path counts from the server and not from its API. An empty path asks nothing.
    """

    path: str = ""
    body: dict[str, Any] | None = None
    is_above: bool = False


class Shown(NamedTuple):
    """What a server tells of a model: its context in tokens, and whether it has a format for turns at all."""

    context: int | None = None
    has_turns: bool = True


class Reader(Protocol):
    """Reads one answer. What it cannot make sense of raises ``LookupError``, ``TypeError`` or ``ValueError``."""

    is_over: bool
    """Whether the answer is whole and nothing more is to come."""

    def read(self, data: dict[str, Any]) -> Sequence[Event]:
        """The events of the next piece; raises ``StreamFailedError`` for one that says what went wrong."""

    def finish(self) -> Sequence[Event]:
        """The last events; raises ``EOFError`` where the answer is not whole."""


class Wire(Protocol):
    """One wire format. ``show`` asks how large a model's context is, ``count`` how many tokens a prompt has.

    Neither is asked for a prompt and an answer of up to ``surely_fits`` tokens.
    """

    capabilities: Capabilities
    framing: type[JsonLines | ServerSentEvents]
    expects: str
    models_path: str
    surely_fits: int

    def root(self, base_url: str) -> str:
        """The URL that paths are put behind."""

    def headers(self, key: str) -> Mapping[str, str]:
        """The headers that carry the key, and what else this format wants."""

    def post(self, request: Request, endpoint: Endpoint, shown: Shown) -> Ask:
        """How the request is sent to a model of which that is known."""

    def reader(self, request: Request) -> Reader:
        """What reads the answer to it."""

    def models(self, answer: Any) -> list[str]:  # noqa: ANN401  # JSON
        """The names in an answer about models."""

    def show(self, model: str, endpoint: Endpoint) -> Ask:
        """How to ask about a model."""

    def shown(self, answer: Any, model: str) -> Shown:  # noqa: ANN401  # JSON
        """What an answer about a model tells."""

    def count(self, request: Request, endpoint: Endpoint) -> Ask:
        """How to have the prompt's tokens counted."""

    def counted(self, answer: Any, request: Request) -> int:  # noqa: ANN401  # JSON
        """The tokens that an answer to that tells."""

    def embed(self, texts: Sequence[str], model: str) -> Ask:
        """How vectors are asked for."""

    def vectors(self, answer: Any) -> Embedding:  # noqa: ANN401  # JSON
        """The vectors in an answer, and what they cost."""


class StreamFailedError(Exception):
    """A stream says that the call has failed; ``body`` is what it says."""

    def __init__(self, body: object) -> None:
        super().__init__(body)
        self.body = body


class OpenCalls:
    """Tool calls that come in pieces, by their index."""

    def __init__(self) -> None:
        self._open: dict[int, list[str]] = {}

    def add(self, index: int, id: str, name: str, arguments: str) -> None:
        """Take in a piece."""
        call = self._open.setdefault(index, ["", "", ""])
        call[0] = call[0] or id
        call[1] = call[1] or name
        call[2] += arguments

    def whole(self) -> list[ToolCall]:
        """The calls, in their order; one without an id gets one. Raises ``ValueError`` for broken arguments."""
        calls = [
            ToolCall(id or f"call_{index}", name, arguments or "{}")
            for index, (id, name, arguments) in sorted(self._open.items())
        ]
        for call in calls:
            json.loads(call.arguments)
        return calls


def parsed(payload: bytes) -> dict[str, Any]:
    """A JSON object; raises ``ValueError`` for anything else."""
    text = payload.decode().strip()
    data, end = _DECODER.raw_decode(text)  # json.loads looks for blanks around it with a pattern: a quarter more time
    if end != len(text):
        raise ValueError("more behind the object")
    if not isinstance(data, dict):
        raise ValueError(f"{type(data).__name__} instead of an object")
    return data


def given(**fields: object) -> dict[str, Any]:
    """The fields that are set: None and an empty tuple are not, 0 is."""
    return {name: value for name, value in fields.items() if value is not None and value != ()}


def is_strict(schema: object) -> bool:
    """Whether every object of a schema requires all its properties and allows no others: OpenAI's strict mode."""
    if isinstance(schema, Mapping):
        if "properties" in schema and (
            schema.get("additionalProperties") is not False
            or set(schema.get("required", ())) != set(schema["properties"])
        ):
            return False
        return all(is_strict(value) for value in schema.values())
    return not isinstance(schema, list | tuple) or all(is_strict(value) for value in schema)


def most_tokens(request: Request) -> int:
    """An upper bound on the tokens of the prompt: no tokenizer makes more tokens than there are bytes."""
    parts = [part for message in request.messages for part in message.parts]
    size = sum(_size(part) for part in parts) + TURN_TOKENS * len(request.messages)
    return size + sum(len(json.dumps(tool)) for tool in request.tools)


def least_tokens(request: Request) -> int:
    """A lower bound on the tokens of the prompt: no common tokenizer puts two words into one token."""
    return sum(len(message.text.split()) for message in request.messages)


def _size(part: object) -> int:
    match part:
        case Image():
            return 4096
        case ToolCall() | ToolResult():
            return len(json.dumps(part))
        case Text(text):
            return len(text.encode(errors="replace"))
    return 0
