"""Answers that nobody gave: values that fit a schema, so that a plan can go on without asking."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from llmx.errors import LlmxError

DEEPEST = 20


class PlanEndError(LlmxError):
    """A plan cannot go on here, since nobody knows what a model would say."""


def placeholder(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever the schema says
    """The least value that fits; raises ``PlanEndError`` for a schema of which none is found."""
    value = _least(schema, schema, 0)
    if not Draft202012Validator(schema).is_valid(value):
        raise PlanEndError("no answer can be made up for its schema")
    return value


def _least(schema: Any, root: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return None
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _least(schema[key][0], root, depth + 1)
    if str(schema.get("$ref", "")).startswith("#/"):
        return _least(_referred(root, schema["$ref"]), root, depth + 1)
    kind = schema.get("type")
    return _by_kind(kind[0] if isinstance(kind, list) else kind, schema, root, depth)


def _by_kind(kind: object, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401
    match kind:
        case "string":
            return "x" * max(1, schema.get("minLength", 1))
        case "integer" | "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            return min(low, schema["maximum"]) if "maximum" in schema else low
        case "boolean":
            return False
        case "array":
            return [_least(schema.get("items", {}), root, depth + 1)] * max(1, schema.get("minItems", 1))
        case "object":
            named = schema.get("properties", {})
            return {name: _least(named.get(name, {}), root, depth + 1) for name in schema.get("required", ())}
    return None


def _referred(root: Any, reference: str) -> Any:  # noqa: ANN401
    for step in reference.removeprefix("#/").split("/"):
        root = root.get(step, {}) if isinstance(root, Mapping) else {}
    return root
