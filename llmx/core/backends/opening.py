"""Make the backend of a name, with its endpoint and its key."""

import os
from collections.abc import Mapping

from llmx.core import keys
from llmx.core.access import Access
from llmx.core.backends import Backend
from llmx.core.backends.endpoints import ENDPOINTS, Endpoint, ollama_url, unknown
from llmx.core.backends.errors import AuthError
from llmx.core.backends.retries import Retries
from llmx.core.backends.wires import WIRES
from llmx.core.choice import Choice
from llmx.core.keys import Key
from llmx.core.plugins import load
from llmx.core.refs import ModelRef
from llmx.core.settings.kinds import is_reference
from llmx.errors import ConfigError

OPENERS = {
    "mock": "llmx.core.backends.mock:make_mock",
    "gguf": "llmx.core.backends.local:make_gguf",
    "mlx": "llmx.core.backends.local:make_mlx",
}
"""Backends without an endpoint: what makes them, from the environment and the settings' values."""

LOCAL_MODELS: tuple[str, ...] = ("llmx.models.finding:refs",)
"""Functions that list the models on this machine as refs with their backends, from the environment."""


def open_backend(
    name: str, access: Access, env: Mapping[str, str] = os.environ, values: Mapping[str, object] | None = None
) -> Backend:
    """The backend called ``name``, as the settings' ``values`` say; raises where it cannot even be tried."""
    if name in OPENERS:
        made: Backend = load(OPENERS[name])(env, values)
        return made
    endpoint = endpoint_of(name, access.base_url, env)
    key = key_of(endpoint, access, env)
    wire, retries = load(WIRES[endpoint.wire])(), Retries.of(values) if values else Retries()
    context = values["llm.context"] if values else 0
    backend: Backend = load("llmx.core.backends.http:HttpBackend")(endpoint, wire, key.value, retries, context or 0)
    return backend


def url_of(name: str, access: Access, env: Mapping[str, str] = os.environ) -> str:
    """Where the backend called ``name`` is, empty for one that is no server; no key is needed to know."""
    return "" if name in OPENERS else endpoint_of(name, access.base_url, env).base_url


def local_models(env: Mapping[str, str] = os.environ) -> tuple[ModelRef, ...]:
    """The models that this machine can run by itself."""
    return tuple(ref for target in LOCAL_MODELS for ref in load(target)(env))


def settled(choice: Choice, env: Mapping[str, str] = os.environ) -> Choice:
    """The choice with the backend that the files of a repository are for: here it may be an MLX folder."""
    ref = choice.ref
    if choice.backend != "gguf" or ref.source != "hf" or ref.file or ref.variant:
        return choice
    backends = {here.backend for here in local_models(env) if (here.source, here.name) == ("hf", ref.name)}
    return choice._replace(backend="mlx") if backends == {"mlx"} else choice


def endpoint_of(name: str, base_url: str = "", env: Mapping[str, str] = os.environ) -> Endpoint:
    """The endpoint of that name, where the user says it is; raises ``UsageError`` for one that there is not."""
    endpoint = ENDPOINTS.get(name)
    if endpoint is None:
        raise unknown(name)
    if not base_url and name == "ollama" and env.get("OLLAMA_HOST"):
        try:
            base_url = ollama_url(env["OLLAMA_HOST"])
        except ValueError:
            raise ConfigError(f"OLLAMA_HOST={env['OLLAMA_HOST']!r} is no address", source="OLLAMA_HOST") from None
    if base_url and not base_url.startswith(("http://", "https://")):
        hint = f"did you mean http://{base_url}?"
        raise ConfigError(f"{base_url!r} is no http or https URL", key="llm.api_base", hint=hint)
    return endpoint._replace(base_url=base_url) if base_url else endpoint


def key_of(endpoint: Endpoint, access: Access, env: Mapping[str, str]) -> Key:
    """The key for an endpoint: given, in one of its variables, or kept; raises ``AuthError`` where it needs one.

    Where the endpoint's URL was changed to another host's, no key goes there but one that was given.
    """
    if access.key:
        return keys.read(access.key, env) if is_reference(access.key) else keys.checked(access.key, "api_key")
    if not endpoint.is_home:
        return Key()
    key = keys.find(endpoint.variables, env)
    if not key.value:
        key = load("llmx.core.keys.store:stored")(endpoint.key_name, env)
    if endpoint.variables and not key.value:
        raise AuthError(
            f"{endpoint.name} needs a key, and there is none in {' or '.join(endpoint.variables)}",
            hint=f"llmx keys add {endpoint.key_name}, or export {endpoint.variables[0]}=…",
            backend=endpoint.name,
        )
    return key
