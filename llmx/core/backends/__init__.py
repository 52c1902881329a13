"""What a backend is: code that turns a request into events. The places where they are made are named here as text."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, NamedTuple, Protocol

from llmx.core.events import Event, Usage
from llmx.core.messages import Request

Status = Literal["up", "down", "unauthorized", "limited", "wrong"]


class Health(NamedTuple):
    """Whether a backend can be used, and the reason in words; ``models`` are those that it offers, where it says so."""

    status: Status
    reason: str
    models: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether it can be used."""
        return self.status == "up"


class Embedding(NamedTuple):
    """A vector for each text, and what they cost where the backend says so."""

    vectors: list[list[float]]
    usage: Usage = Usage()


class Capabilities(NamedTuple):
    """What a backend can do, before a model's own limits."""

    streaming: bool = True
    tools: bool = True
    images: bool = True
    schema: bool = True
    reasoning: bool = True
    embeddings: bool = False


class Backend(Protocol):
    """One way to a model. ``health`` never raises; the others raise ``BackendError``."""

    @property
    def name(self) -> str:
        """What it is called in answers and errors."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def is_mock(self) -> bool:
        """Whether what it says is made up."""

    def identity(self, model: str) -> str | None:
        """What stands behind the model's name: a base URL, or the digest of a file.

        None where the same question may have another answer each time, so that no answer is worth keeping.
        """

    def stream(self, request: Request) -> AsyncGenerator[Event]:
        """The answer, piece by piece; closing it ends the call on the wire.

        A prompt that does not fit the model's context is a ``ContextOverflowError`` and never cut.
        """

    async def embed(self, texts: Sequence[str], model: str, deadline: float | None = None) -> Embedding:
        """A vector for each text."""

    async def health(self, deadline: float | None = None) -> Health:
        """Whether it can be used now, with the key where there is one."""

    def keep(self) -> None:
        """Keep connections and processes between calls from now on, for the event loop that runs."""

    async def aclose(self) -> None:
        """Let go of what is kept."""
