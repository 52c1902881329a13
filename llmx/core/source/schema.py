"""JSON Schema of the tables of a settings file that coding agents are configured from."""

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_MAP = {"type": "object", "additionalProperties": _TEXT}
_SERVER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "command": _TEXT,
        "args": _TEXTS,
        "env": _MAP,
        "cwd": _TEXT,
        "url": _TEXT,
        "transport": {"enum": ["stdio", "http", "sse"]},
        "headers": _MAP,
        "enabled": {"type": "boolean"},
        "timeout": {"type": ["number", "string"]},
    },
}


_RULES: dict[str, Any] = {"allow": _TEXTS, "ask": _TEXTS, "deny": _TEXTS}


def _table(**properties: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON Schema
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": entry}


TABLES: dict[str, Any] = {
    "mcp": _table(
        servers=_named(_SERVER),
        additional_servers={
            "type": "array",
            "items": {**_SERVER, "properties": {**_SERVER["properties"], "name": _TEXT}, "required": ["name"]},
        },
        aws=_table(region=_TEXT),
    ),
    "endpoint": _table(url=_TEXT, model=_TEXT, small_model=_TEXT, api_key=_TEXT),
    "permissions": _table(**_RULES, clients=_named(_table(**_RULES))),
    "lsp": _named(_table(command=_TEXTS, extensions=_TEXTS, env=_MAP, enabled={"type": "boolean"})),
    "prompts": _named(
        _table(
            description=_TEXT,
            mode=_TEXT,
            prompt=_TEXT,
            kind={"enum": ["subagent", "command", "skill"]},
            variables=_MAP,
            include_exec={"type": "boolean"},
        )
    ),
    "hooks": _table(agents_md={"type": "boolean"}, llm_exec={"type": "boolean"}),
    "clients": _named({"type": "object"}),
}
"""Section -> schema; the reader of each section checks the same, and says where."""
