"""Where the models are that a ref names, and the refs of all that are here: what the backends ask."""

import os
from collections.abc import Mapping

from llmx.core.refs import ModelRef, parse
from llmx.core.settings import active
from llmx.errors import LlmxError
from llmx.models.places import Places, places
from llmx.models.quantizations import BITS, DEFAULT, nearest
from llmx.models.shelf import Model
from llmx.models.shelves import models


def path_of(ref: str, env: Mapping[str, str] = os.environ) -> str:
    """The file, or for MLX the folder, that ``ref`` names; empty where it is not on this machine.

    A repository without a file means the usual quantization of those that are here, else the nearest.
    """
    wanted = ref if ref.startswith("hf:") else f"hf:{ref}"
    repo, colon, quantization = wanted.partition(":")[2].partition(":")
    found = {model.id: model for model in models(_places(env)) if model.id.startswith("hf:")}
    if not colon and wanted in found:
        return found[wanted].path
    of_repo = [model for id, model in found.items() if id.startswith(f"hf:{repo}/")]
    plain = quantization.upper().removeprefix("UD-")
    return _usual(of_repo, plain or DEFAULT, exactly=bool(quantization))


def refs(env: Mapping[str, str] = os.environ) -> list[ModelRef]:
    """The models that this machine can run by itself, llmx's own first."""
    found = []
    for model in models(_places(env)):
        if model.backend == "ollama":
            continue
        try:
            found.append(parse(model.id)._replace(backend=model.backend))
        except LlmxError:  # a name that no ref can spell
            continue
    return found


def _usual(found: list[Model], quantization: str, *, exactly: bool) -> str:
    by_name = {model.quantization: model.path for model in reversed(found)}
    if quantization in by_name:
        return by_name[quantization]
    known = [name for name in by_name if name in BITS]
    if exactly or not found:
        return ""
    return by_name[nearest(quantization, known)] if known else found[0].path


def _places(env: Mapping[str, str]) -> Places:
    return places(active(env, os.getcwd()).values, env)
