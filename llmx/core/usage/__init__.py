"""What calls of models used: every call is written down, and a budget is held before it is made."""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from llmx.core.events import Usage

Status = Literal["done", "failed", "stopped"]

NANO = 1_000_000_000
"""Costs are whole billionths of a US dollar, so that sums are exact."""


class Caller(NamedTuple):
    """On whose behalf models are asked; empty where it is nobody in particular. ``run`` is one command or program."""

    run: str
    project: str = ""
    agent: str = ""
    template: str = ""
    session: str = ""


class Target(NamedTuple):
    """Who is asked, and where."""

    backend: str
    base_url: str
    model: str


class Most(NamedTuple):
    """The most that a call may use: every byte of the prompt a token, and the whole answer that was allowed."""

    prompt_tokens: int
    completion_tokens: int

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


class Call(NamedTuple):
    """One call as it ended; ``at`` is when it began, ``ms`` how long it took and ``first_ms`` until its first token.

    ``most`` counts for a call that may have been billed without saying what it used.
    """

    at: float
    caller: Caller
    target: Target
    status: Status
    usage: Usage
    ms: int
    first_ms: int | None = None
    cached: bool = False
    most: Most | None = None


class Meter(Protocol):
    """Someone beside the ledger who wants to know of every call, and may have limits of their own."""

    @property
    def is_limited(self) -> bool:
        """Whether ``hold`` is to be asked now."""

    def hold(self, target: Target, most: Most) -> Callable[[], None]:
        """Hold the most that a call may use; what lets go of it. Raises ``BudgetError`` before anything is sent."""

    def note(self, call: Call) -> None:
        """Take note of a call that has ended."""
