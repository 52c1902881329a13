"""Which URL and which key a backend is asked with: a key never goes to an endpoint that it was not meant for."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.choice import Asked, Named, named
from llmx.errors import LlmxError


class Access(NamedTuple):
    """A base URL and a key, or a reference to one, that stand in for an endpoint's own; empty where none does."""

    base_url: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"Access(base_url={self.base_url!r}, key={'…' if self.key else ''!r})"


def access_for(
    backend: str, given: Access, values: Mapping[str, object], env: Mapping[str, str] = os.environ
) -> Access:
    """What was given for the call, else what the settings have for that very backend.

    The settings' key goes to the settings' URL, so not along to another one that was given.
    """
    if not _is_meant(backend, values, env):
        return given
    key = "" if given.base_url else str(values["llm.api_key"] or "")
    return Access(given.base_url or str(values["llm.api_base"] or ""), given.key or key)


def _is_meant(backend: str, values: Mapping[str, object], env: Mapping[str, str]) -> bool:
    """Whether the settings' URL and key are that backend's; where they name no backend, it is who lacks a key."""
    own, base_url = str(values["llm.backend"] or ""), str(values["llm.api_base"] or "")
    if not own and not base_url:
        variables = ENDPOINTS[backend].variables if backend in ENDPOINTS else ()
        return bool(variables) and not any(env.get(variable) for variable in variables)
    try:
        configured = named(Asked(settings=Named(own, str(values["llm.model"] or "x")), base_url=base_url))
    except LlmxError:
        return False
    return configured is not None and configured.backend == backend
