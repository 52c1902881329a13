"""What comes back from a model, piece by piece. What goes wrong is raised, and ends the stream."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from llmx.core.messages import ToolCall

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "unknown"]


class Answering(NamedTuple):
    """Who speaks: the first event of every stream of the client's."""

    backend: str
    model: str
    mock: bool = False
    notices: tuple[str, ...] = ()
    cached: bool = False
    demo: bool = False


class TextDelta(NamedTuple):
    """More of the answer."""

    text: str


class ReasoningDelta(NamedTuple):
    """More of what the model thinks aloud; ``signature`` comes with the last piece where there is one."""

    text: str
    signature: str = ""


class ToolCallDelta(NamedTuple):
    """More of a tool call that is not whole yet; ``position`` tells calls apart."""

    position: int
    id: str
    name: str
    arguments: str


class Vectors(NamedTuple):
    """A vector for each text that was to be embedded."""

    vectors: Sequence[Sequence[float]]


class Usage(NamedTuple):
    """Tokens, None where the backend did not say. Reasoning is part of the completion, cached part of the prompt."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None

    @property
    def total_tokens(self) -> int | None:
        """Prompt and completion together."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        return self.prompt_tokens + self.completion_tokens


class Done(NamedTuple):
    """The answer is whole: the last event. ``model`` is what the backend says it ran, empty where it does not.

    So is ``fingerprint``: what some providers tell apart their weights and configurations by.
    """

    finish_reason: FinishReason
    model: str = ""
    fingerprint: str = ""


Event = Answering | TextDelta | ReasoningDelta | ToolCallDelta | ToolCall | Vectors | Usage | Done
