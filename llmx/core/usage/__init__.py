"""What calls of models used: every call is written down, and a budget is held before it is made."""

from typing import Literal, NamedTuple

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
