"""Sessions: conversations that survive their process. Messages, usage and artifacts in one database."""

from typing import Literal, NamedTuple

from llmx.core.events import Usage
from llmx.core.messages import Message

State = Literal["active", "suspended", "completed"]

IDLE_S = 3600.0
"""After so long without a message an active session counts as suspended."""

EPHEMERAL_S = 300.0
"""So long a session without a name is kept after its last message."""


class Session(NamedTuple):
    """A session without its messages; times are seconds since the epoch. One without a name is ephemeral."""

    id: str
    name: str
    state: State
    created_at: float
    updated_at: float
    messages: int
    artifacts: int
    tokens: int

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is removed by itself."""
        return not self.name


UNKNOWN = Usage()


class Turn(NamedTuple):
    """A message of a session; ``model`` and ``usage`` are those of an answer."""

    position: int
    at: float
    message: Message
    model: str = ""
    usage: Usage = UNKNOWN


class Artifact(NamedTuple):
    """A named piece of data that belongs to a session."""

    name: str
    media_type: str
    data: bytes
