"""A whole answer, gathered from the events of a stream."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from llmx.core.events import Answering, Done, Event, FinishReason, ReasoningDelta, TextDelta, Usage, Vectors
from llmx.core.messages import Message, Reasoning, Text, ToolCall

UNKNOWN = Usage()


@dataclass(frozen=True)
class Response:
    """What a model answered, and who that was; ``mock`` and ``demo`` mark what no real model of yours has said."""

    content: str
    model: str
    backend: str
    finish_reason: FinishReason
    usage: Usage = UNKNOWN
    reasoning: str = ""
    signature: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    cached: bool = False
    mock: bool = False
    demo: bool = False
    notices: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def tokens_used(self) -> int | None:
        """Prompt and completion together; None where the backend did not say."""
        return self.usage.total_tokens

    @property
    def message(self) -> Message:
        """The turn to put behind the others when the conversation goes on."""
        reasoning = (Reasoning(self.reasoning, self.signature),) if self.reasoning or self.signature else ()
        return Message("assistant", (*reasoning, *((Text(self.content),) if self.content else ()), *self.tool_calls))

    def as_dict(self) -> dict[str, Any]:
        """For programs: plain values."""
        return {
            "content": self.content,
            "model": self.model,
            "fingerprint": self.fingerprint or None,
            "backend": self.backend,
            "finish_reason": self.finish_reason,
            "tokens_used": self.tokens_used,
            "usage": self.usage._asdict(),
            "reasoning": self.reasoning or None,
            "tool_calls": [call._asdict() for call in self.tool_calls],
            "cached": self.cached,
            "mock": self.mock,
            "demo": self.demo,
        }


class Embedded(NamedTuple):
    """A vector for each text, who made them, and what they cost."""

    vectors: list[list[float]]
    who: Answering
    usage: Usage = UNKNOWN


async def embedding(events: AsyncIterable[Event]) -> Embedded:
    """What a stream of vectors holds."""
    made = Embedded([], Answering("", ""))
    async for event in events:
        match event:
            case Vectors(vectors):
                made = made._replace(vectors=[list(vector) for vector in vectors])
            case Answering():
                made = made._replace(who=event)
            case Usage():
                made = made._replace(usage=event)
    return made


class Gathering:
    """The answer so far."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._signature = ""
        self._calls: list[ToolCall] = []
        self._usage = UNKNOWN
        self._who = Answering("", "")
        self._done = Done("unknown")

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case TextDelta(text):
                self._text.append(text)
            case ReasoningDelta(text, signature):
                self._reasoning.append(text)
                self._signature = signature or self._signature
            case ToolCall():
                self._calls.append(event)
            case Usage():
                self._usage = event
            case Answering():
                self._who = event
            case Done():
                self._done = event

    def response(self) -> Response:
        """What has been gathered."""
        return Response(
            content=sound("".join(self._text)),
            model=self._done.model or self._who.model,
            fingerprint=self._done.fingerprint,
            backend=self._who.backend,
            finish_reason=self._done.finish_reason,
            usage=self._usage,
            reasoning=sound("".join(self._reasoning)),
            signature=self._signature,
            tool_calls=tuple(self._calls),
            cached=self._who.cached,
            mock=self._who.mock,
            demo=self._who.demo,
            notices=self._who.notices,
        )


async def gather(events: AsyncIterable[Event]) -> Response:
    """The whole answer of a stream."""
    gathering = Gathering()
    async for event in events:
        gathering.add(event)
    return gathering.response()


def sound(text: str) -> str:
    """``text`` that can be written as UTF-8: halves of a character that came in two deltas are joined."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
