"""What a running Ollama has and keeps loaded, here or on the machine that ``OLLAMA_HOST`` names."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from llmx.core.backends.opening import endpoint_of
from llmx.models.digests import prefixed
from llmx.models.shelf import Model
from llmx.models.web import WebError, fetch

TIMEOUT = 2.0


class Told(NamedTuple):
    """The models it has, and the ids of those in memory."""

    models: tuple[Model, ...]
    loaded: frozenset[str]


def ask(env: Mapping[str, str] = os.environ) -> Told:
    """What Ollama tells of itself; raises ``WebError`` where none answers."""
    base = endpoint_of("ollama", env=env).base_url
    models = tuple(_model(entry, base) for entry in _entries(f"{base}/api/tags"))
    return Told(models, frozenset(f"ollama/{entry['name']}" for entry in _entries(f"{base}/api/ps")))


def digest_of(base: str, name: str) -> str:
    """``sha256:…`` of the model that the Ollama at ``base`` has under that name; empty where it has none.

    Raises ``WebError`` where none answers.
    """
    names = (name, f"{name}:latest")
    found = (str(entry.get("digest", "")) for entry in _entries(f"{base}/api/tags") if entry["name"] in names)
    return prefixed(next(found, ""))


def _entries(url: str) -> list[dict[str, Any]]:
    try:
        listed = json.loads(fetch(url, {}, TIMEOUT))["models"]
        return [entry for entry in listed if isinstance(entry["name"], str)]
    except (ValueError, KeyError, TypeError):
        raise WebError(f"{url} answered with something that is not Ollama's") from None


def _model(entry: dict[str, Any], base: str) -> Model:
    details = entry.get("details")
    quantization = str(details.get("quantization_level") or "") if isinstance(details, dict) else ""
    try:
        modified = datetime.fromisoformat(str(entry.get("modified_at"))).timestamp()
    except ValueError:
        modified = 0.0
    size = entry.get("size")
    name = f"ollama/{entry['name']}"
    whole = Model(name, "ollama", size if isinstance(size, int) else 0, quantization, modified, "ollama", base, ())
    return whole._replace(digest=prefixed(str(entry.get("digest", ""))))
