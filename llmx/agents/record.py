"""One agent as it is known: its id and what its record says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Agent:
    """A named way to ask a model; what is None says nothing, and the next tier decides. ``timeout`` is in seconds."""

    id: str
    name: str | None = None
    description: str | None = None
    provider: str | None = None
    endpoint: str | None = None
    model: str | None = None
    api_key: str | None = None
    """Where the key is kept, never the key."""
    timeout: float | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    system: str | None = None
    tools: tuple[str, ...] = ()
    is_default: bool = False
    is_active: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, agent_id: str, values: Mapping[str, Any]) -> "Agent":
        """The agent that checked values make."""
        known = {field.name for field in fields(cls)}
        return cls(agent_id, **{name: value for name, value in values.items() if name in known and name != "id"})

    def as_dict(self) -> dict[str, Any]:
        """The record for JSON: every field, times in ISO 8601."""
        record = asdict(self)
        for name in ("created_at", "updated_at"):
            record[name] = record[name].isoformat() if record[name] else None
        return {**record, "tools": list(self.tools)}

    def as_file(self) -> dict[str, Any]:
        """What the record's file holds: what is set, without the id."""
        kept = {name: value for name, value in asdict(self).items() if name != "id" and value is not None}
        return {**kept, "tools": list(self.tools)} if self.tools else {n: v for n, v in kept.items() if n != "tools"}
