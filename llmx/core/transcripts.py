"""Messages, requests and events as plain JSON values, and back: for the cache, cassettes and sessions."""

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from typing import Any

from llmx.core.events import Done, Event, ReasoningDelta, TextDelta, Usage, Vectors
from llmx.core.messages import ROLES, Image, Message, Part, Reasoning, Request, Text, ToolCall, ToolResult

_PARTS: dict[str, type[Any]] = {"text": Text, "call": ToolCall, "result": ToolResult, "reasoning": Reasoning}
_EVENTS: dict[str, type[Any]] = {
    "text": TextDelta,
    "reasoning": ReasoningDelta,
    "call": ToolCall,
    "vectors": Vectors,
    "usage": Usage,
    "done": Done,
}
_PART_NAMES = {kind: name for name, kind in _PARTS.items()}
_EVENT_NAMES = {kind: name for name, kind in _EVENTS.items()}


def parts_value(message: Message) -> list[list[Any]]:
    """``[["text", "Hello"], …]``; a picture is in base64."""
    return [_part_value(part) for part in message.parts]


def read_message(role: Any, parts: Iterable[list[Any]]) -> Message:  # noqa: ANN401  # a Role, once it is checked
    """The message of those parts; raises ``ValueError``, ``TypeError`` or ``KeyError`` for what is none."""
    if role not in ROLES:
        raise ValueError(f"there is no role {role!r}")
    return Message(role, tuple([_read_part(part) for part in parts]))


def _part_value(part: Part) -> list[Any]:
    if isinstance(part, Image):
        return ["image", part.media_type, base64.b64encode(part.data).decode()]
    return [_PART_NAMES[type(part)], *part]


def _read_part(value: list[Any]) -> Part:
    if value[0] == "image":
        return Image(value[1], base64.b64decode(value[2], validate=True))
    part: Part = _PARTS[value[0]](*value[1:])
    return part


def request_value(request: Request) -> dict[str, Any]:
    """All of a request that can change its answer; what is unset is left out."""
    parameters = {name: value for name, value in asdict(request.parameters).items() if value not in (None, ())}
    return {
        "model": request.model,
        "messages": [[message.role, parts_value(message)] for message in request.messages],
        "parameters": parameters,
        **({"tools": [tool._asdict() for tool in request.tools]} if request.tools else {}),
        **({"schema": request.schema} if request.schema is not None else {}),
        **({"wants": request.wants} if request.wants != "text" else {}),
    }


def canonical(value: object) -> str:
    """The one JSON text of a value: the order of keys makes no difference."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def event_values(events: Iterable[Event]) -> list[list[Any]]:
    """``[["text", "Hello"], …]``: pieces of one text are joined; who answers and unfinished calls are left out."""
    kept = [event for event in events if type(event) in _EVENT_NAMES]
    return [_joined(list(group)) for _, group in groupby(kept, _piece)]


def _piece(event: Event) -> object:
    """Equal for neighbors that are pieces of one text."""
    if isinstance(event, TextDelta):
        return "text"
    return "reasoning" if isinstance(event, ReasoningDelta) and not event.signature else id(event)


def _joined(group: list[Any]) -> list[Any]:
    kind = type(group[0])
    if kind is TextDelta or len(group) > 1:
        return [_EVENT_NAMES[kind], "".join([event.text for event in group])]
    values = group[0][:2] if kind is Done and not group[0].fingerprint else group[0]
    return [_EVENT_NAMES[kind], *values]


def read_events(values: Iterable[list[Any]]) -> list[Event]:
    """The events that ``event_values`` wrote; raises ``ValueError``, ``TypeError`` or ``KeyError`` for others."""
    return [_EVENTS[value[0]](*value[1:]) for value in values]
