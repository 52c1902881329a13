"""Where agents live: one protocol for files, which are here, and for the server that a team may share."""

from collections.abc import Mapping
from typing import Any, Protocol

from llmx.agents.record import Agent


class RegistryClient(Protocol):
    """Reads and changes agents. Raises ``NotFoundError`` for an id that there is not."""

    def agents(self) -> list[Agent]:
        """All of them, the default one first, then by id; raises ``ConfigError`` for two defaults."""

    def get(self, agent_id: str) -> Agent:
        """The agent of that id."""

    def default(self) -> Agent | None:
        """The agent that stands in where no other does."""

    def create(self, agent_id: str, values: Mapping[str, Any]) -> Agent:
        """A new agent; raises ``UsageError`` where there is one of that id. The first becomes the default."""

    def update(self, agent_id: str, values: Mapping[str, Any]) -> Agent:
        """Change the fields in ``values``; None takes one out, and all others stay."""

    def set_default(self, agent_id: str) -> Agent:
        """Make it the one default."""

    def delete(self, agent_id: str) -> None:
        """Remove it; raises ``UsageError`` for the default."""
