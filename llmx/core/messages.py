"""What a model is asked: messages with roles and parts, tools, parameters, and the request that holds them all."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from llmx.errors import UsageError, nearest

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = get_args(Role)


class Text(NamedTuple):
    """Plain text."""

    text: str


class Image(NamedTuple):
    """A picture; ``media_type`` such as ``image/png``."""

    media_type: str
    data: bytes


class ToolCall(NamedTuple):
    """A model's wish to call a tool; ``arguments`` is JSON text as the model wrote it. A part, and an event too."""

    id: str
    name: str
    arguments: str


class ToolResult(NamedTuple):
    """What came of the call ``id``."""

    id: str
    content: str
    is_error: bool = False


class Reasoning(NamedTuple):
    """What a model thought aloud; some want it back, with the ``signature`` that they gave it."""

    text: str
    signature: str = ""


Part = Text | Image | ToolCall | ToolResult | Reasoning


class Message(NamedTuple):
    """One turn."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


class Tool(NamedTuple):
    """A tool that the model may call; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameters:
    """How to sample; None is unset and leaves it to the model, so that 0.0 is a value like any other.

    ``usual`` names those that nobody has asked for: they give way where a model does not take them.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a model; ``schema`` is what its answer must fit, ``deadline`` when it must be whole (monotonic).

    One that ``wants`` vectors has a message for each text.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    schema: Mapping[str, Any] | None = None
    parameters: Parameters = Parameters()
    deadline: float | None = None
    wants: Literal["text", "vectors"] = "text"

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline; None without one."""
        return None if self.deadline is None else self.deadline - time.monotonic()


def system(text: str) -> Message:
    """What the model is told to be."""
    return Message("system", (Text(text),))


def user(text: str, images: Iterable[Image] = ()) -> Message:
    """What a person says."""
    return Message("user", (*images, Text(text)))


def assistant(text: str) -> Message:
    """What the model has said."""
    return Message("assistant", (Text(text),))


def message(given: Message | Mapping[str, Any]) -> Message:
    """A message, also from a dict with ``role`` and ``content``; raises ``UsageError`` for what is none."""
    if isinstance(given, Message):
        return given
    role, content = given.get("role"), given.get("content")
    if role not in ROLES:
        near = nearest(str(role), ROLES)
        hint = f"did you mean {near}?" if near else f"the roles are {', '.join(ROLES)}"
        raise UsageError(f"a message has the role {role!r}", hint=hint)
    if not isinstance(content, str):
        raise UsageError(f"the content of a {role} message is {type(content).__name__}, not text")
    return Message(role, (Text(content),))
