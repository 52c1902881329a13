"""All models of this machine with whether they are loaded: the folders, a running Ollama, and the model host."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from llmx import paths
from llmx.core.plugins import load
from llmx.errors import InconclusiveError
from llmx.models.places import Places
from llmx.models.shelf import Model
from llmx.models.shelves import models

_LONGEST = 90


class Listed(NamedTuple):
    """A model, and whether it is in memory."""

    model: Model
    loaded: bool


class Survey(NamedTuple):
    """What is here, and what could not be asked."""

    models: tuple[Listed, ...]
    notes: tuple[str, ...]


def survey(places: Places, backend: str = "", env: Mapping[str, str] = os.environ) -> Survey:
    """The models of one backend, or of all; an Ollama that does not answer is a note."""
    found = [model for model in models(places) if backend in ("", model.backend)]
    loaded = _warm(env) if any(model.backend != "ollama" for model in found) else set()
    has_ollama = any(model.backend == "ollama" for model in found)
    is_named = backend == "ollama" or (backend == "" and bool(env.get("OLLAMA_HOST")))
    notes: tuple[str, ...] = ()
    if has_ollama or is_named:
        try:
            told = load("llmx.models.ollama_server:ask")(env)
            loaded |= told.loaded
            known = {model.id for model in found}
            found += [model for model in told.models if model.id not in known]
        except InconclusiveError as error:
            notes = (f"Ollama does not answer: {error.message}",) if is_named else ()
    return Survey(tuple(Listed(model, not loaded.isdisjoint((model.id, model.path))) for model in found), notes)


def _warm(env: Mapping[str, str]) -> set[str]:
    """The files that the model host holds; asked only where one can have been."""
    folder = f"{paths.state_dir(env)}/host"
    if not os.path.isdir(folder) and len(folder) < _LONGEST:
        return set()
    client = load("llmx.core.runner.host_client:HostClient")(env)
    try:
        rows = load("llmx.core.blocking:run")(client.status)
    except InconclusiveError:
        return set()
    return {str(row["path"]) for row in rows}
