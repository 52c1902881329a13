"""JSON Schemas that answers are to fit: checked before a grammar is made of them, and against the answer."""

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError

from llmx.core.backends.errors import AnswerError, BadRequestError


def require_schema(schema: Mapping[str, Any]) -> None:
    """Raise ``BadRequestError`` for what is no JSON Schema: an engine would take it for one that allows all."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadRequestError(f"this is no JSON Schema: {error.message}"[:300]) from None


def require_fit(text: str, schema: Mapping[str, Any]) -> None:
    """Raise ``AnswerError`` for an answer that breaks its schema: grammars do not hold the bounds of numbers."""
    try:
        Draft202012Validator(schema).validate(json.loads(text))
    except ValueError:
        raise AnswerError("the answer is no JSON, which its schema asks for") from None
    except ValidationError as error:
        raise AnswerError(f"the answer breaks its schema at {error.json_path}: {error.message}"[:300]) from None
