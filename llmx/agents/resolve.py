"""What an agent really means: its own record, then the default agent, the environment, the settings, the built-in."""

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, NamedTuple

from llmx.agents.record import Agent
from llmx.agents.registry import RegistryClient
from llmx.agents.session_config import SessionConfig
from llmx.core.backends.endpoints import canonical
from llmx.core.choice import DEFAULT_BACKEND, DEFAULT_MODELS
from llmx.core.llm_config import LLMConfig
from llmx.core.refs import parse
from llmx.core.settings import Places
from llmx.core.settings.merge import merge
from llmx.errors import InconclusiveError, NotFoundError, UsageError

TIERS = ("agent", "default agent", "environment", "settings", "built-in")
RECORDS = TIERS[:2]
FIELDS = ("provider", "endpoint", "model", "api_key", "timeout", "temperature", "top_p", "max_tokens", "system")
SETTINGS = {
    "provider": "llm.backend",
    "endpoint": "llm.api_base",
    "model": "llm.model",
    "api_key": "llm.api_key",
    "timeout": "llm.timeout",
    "temperature": "llm.temperature",
    "top_p": "llm.top_p",
    "max_tokens": "llm.max_tokens",
}
BUILT_IN = {
    "provider": DEFAULT_BACKEND,
    "endpoint": "http://localhost:11434",
    "model": DEFAULT_MODELS[DEFAULT_BACKEND],
    "timeout": 30.0,
    **SessionConfig()._asdict(),
}
BELONGS_TO_PROVIDER = ("endpoint", "model", "api_key")
"""These mean something for one provider only: no other provider's are ever put together with them."""


class Resolved(NamedTuple):
    """Every field's value, and the tier that gave it; a field that no tier sets is None, from ``""``."""

    id: str
    values: dict[str, Any]
    tiers: dict[str, str]


def resolve(
    registry: RegistryClient, agent_id: str, *, strict: bool = False, env: Mapping[str, str] = os.environ
) -> Resolved:
    """The agent ``agent_id``, filled up tier by tier; one that there is not is the default agent.

    ``strict`` takes nothing from beyond the registry and raises ``InconclusiveError`` where that leaves a gap.
    """
    layers = list(_records(registry, agent_id, strict=strict))
    if not strict:
        layers += _around(env)
    values, tiers = _filled(layers)
    missing = [name for name in ("provider", "model") if values[name] is None]
    if missing and strict:
        hint = "llmx agent init makes a default agent"
        raise InconclusiveError(f"no agent says which {' and '.join(missing)} {agent_id} is to use", hint=hint)
    return Resolved(agent_id, values, tiers)


def usable(registry: RegistryClient, agent_id: str) -> Agent:
    """The agent that was asked for by name; raises for one that is unknown or inactive."""
    agent = registry.get(agent_id)
    if not agent.is_active:
        raise UsageError(f"agent {agent_id} is inactive", hint=f"llmx agent enable {agent_id}")
    return agent


Layer = tuple[str, Mapping[str, Any]]


def _records(registry: RegistryClient, agent_id: str, *, strict: bool) -> list[Layer]:
    try:
        own = usable(registry, agent_id)
    except NotFoundError:
        if strict and registry.default() is None:
            raise
        own = None
    default = registry.default()
    found = [("agent", own)] if own else []
    if default and default.is_active and (own is None or default.id != own.id):
        found.append(("default agent", default))
    return [(tier, agent.as_file()) for tier, agent in found]


def _around(env: Mapping[str, str]) -> list[Layer]:
    """The environment, the settings files and what is built in."""
    merged = merge(Places(env, os.getcwd()), env)
    layers: dict[str, dict[str, Any]] = {"environment": {}, "settings": {}}
    for name, key in SETTINGS.items():
        source = merged.sources[key].layer
        if source != "default" and merged.values[key] is not None:
            layers["environment" if source == "environment" else "settings"][name] = merged.values[key]
    for layer in layers.values():
        if "endpoint" in layer and "provider" not in layer:
            layer["provider"] = "remote"
    return [*layers.items(), ("built-in", BUILT_IN)]


def _filled(layers: list[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = dict.fromkeys(FIELDS)
    tiers = dict.fromkeys(FIELDS, "")
    for tier, layer in layers:
        closed = _closed(values["provider"], layer, is_first=tier == layers[0][0])
        for name in FIELDS:
            if values[name] is None and layer.get(name) is not None and name not in closed:
                values[name], tiers[name] = layer[name], tier
    return values, tiers


def _closed(provider: str | None, layer: Mapping[str, Any], *, is_first: bool) -> tuple[str, ...]:
    """The fields that a layer may not fill: another provider's, and the words that make another agent what it is."""
    foreign = BELONGS_TO_PROVIDER if provider is not None and layer.get("provider") != provider else ()
    return foreign if is_first else (*foreign, "system")


def llm_config(found: Resolved) -> LLMConfig:
    """How to ask as the agent says; the built-in endpoint stays unsaid, so that the backend's own variables count."""
    values = found.values
    return LLMConfig(
        backend=values["provider"],
        model=values["model"],
        api_base=None if found.tiers["endpoint"] == "built-in" else values["endpoint"],
        api_key=values["api_key"],
        timeout=values["timeout"],
        temperature=values["temperature"],
        top_p=values["top_p"],
        max_tokens=values["max_tokens"],
        usual=tuple(name for name in SessionConfig._fields if _is_usual(found, name)),
    )


def _is_usual(found: Resolved, name: str) -> bool:
    """Whether nobody has asked for that value: a new record is filled with the usual one."""
    tier = found.tiers[name]
    return tier == "built-in" or (tier in RECORDS and found.values[name] == BUILT_IN[name])


def over(given: LLMConfig, agent: LLMConfig) -> LLMConfig:
    """What was ``given`` by flags, filled up from the agent; another provider takes nothing that belongs to this."""
    provider = given.backend or (parse(given.model).backend if given.model else "") or agent.backend
    is_other = canonical(provider or "") != canonical(agent.backend or "")
    belongs = ("backend", "model", "api_base", "api_key")
    names = [field.name for field in fields(LLMConfig) if not (is_other and field.name in belongs)]
    filled = {name: getattr(agent, name) for name in names if getattr(given, name) is None}
    return replace(given, **filled, usual=tuple(name for name in agent.usual if name in filled))
