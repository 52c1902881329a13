"""Agents as one text, to be carried to another machine."""

from collections.abc import Mapping
from typing import Any

import tomli_w

from llmx.agents.fields import check_id, from_file
from llmx.agents.files import FileRegistry, require
from llmx.agents.record import Agent
from llmx.errors import ConfigError


def exported(agents: list[Agent]) -> str:
    """The records as one TOML text, a table ``agents.ID`` each."""
    return tomli_w.dumps({"agents": {agent.id: agent.as_file() for agent in agents}}) if agents else ""


def import_agents(registry: FileRegistry, document: Mapping[str, Any], where: str, *, force: bool) -> dict[str, str]:
    """Create what ``exported`` wrote; agent id -> created, replaced or skipped. Nothing is written where one is wrong.

    An existing default stays the default.
    """
    tables = document.get("agents")
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ConfigError(f"{where}: there are no [agents.ID] tables in it", hint="llmx agent export writes one")
    checked = {check_id(agent_id): from_file(table, f"{where}: {agent_id}") for agent_id, table in tables.items()}
    for agent_id, values in checked.items():
        require(Agent.of(agent_id, values))
    done = {}
    has_default = registry.default() is not None
    for agent_id, values in sorted(checked.items(), key=lambda item: not item[1].get("is_default")):
        kept = {**values, "is_default": False} if has_default else values
        done[agent_id] = _import_one(registry, agent_id, kept, force=force)
        has_default = True
    return done


def _import_one(registry: FileRegistry, agent_id: str, values: Mapping[str, Any], *, force: bool) -> str:
    if not registry.file(agent_id).exists():
        registry.create(agent_id, values)
        return "created"
    if not force:
        return "skipped"
    before = registry.get(agent_id)
    absent = {name: None for name in before.as_file() if name not in values}
    kept = {"is_default": before.is_default, "created_at": before.created_at}
    kept["is_active"] = before.is_default or values.get("is_active", True)
    registry.update(agent_id, {**absent, **values, **kept})
    return "replaced"
