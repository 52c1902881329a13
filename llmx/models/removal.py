"""Remove a model: what llmx has fetched, and what is another tool's only by force."""

import os
from typing import NamedTuple

from llmx.core.settings.sources import shown
from llmx.errors import LlmxError, NotFoundError, PolicyError, UsageError
from llmx.models.places import RECORD, Places
from llmx.models.shelf import Model
from llmx.models.shelves import models


class Removal(NamedTuple):
    """What would be removed: the paths, and how many bytes of the disk that frees."""

    model: Model
    paths: tuple[str, ...]
    size: int


def plan_removal(name: str, places: Places, *, force: bool) -> Removal:
    """What removing ``name`` means; raises ``NotFoundError``, or ``PolicyError`` for what is not llmx's own."""
    found = models(places)
    named = [model for model in found if name in (model.id, model.path, f"file:{model.path}")]
    named = named or [
        model for model in found if model.id.removeprefix("hf:").startswith(f"{name.removeprefix('hf:')}/")
    ]
    if not named:
        raise NotFoundError(f"there is no model {shown(name)} on this machine", hint="llmx model list shows all")
    if len(named) > 1:
        raise UsageError(f"{shown(name)} names {len(named)} models", hint=", ".join(model.id for model in named[:5]))
    model = named[0]
    if model.where == "ollama":
        raise PolicyError(f"{model.id} is Ollama's", hint=f"ollama rm {model.id.removeprefix('ollama/')}")
    if model.where != "llmx" and not force:
        raise PolicyError(
            f"{shown(model.path)} is not llmx's own ({model.where})", hint="--force removes it all the same"
        )
    return Removal(model, _paths(model, found, places), sum(_frees(path) for path in model.files))


def remove(removal: Removal, places: Places) -> None:
    """Remove it, and the folders of llmx's own store that are empty then."""
    try:
        for path in removal.paths:
            if os.path.lexists(path):
                os.unlink(path)
    except OSError as error:
        raise LlmxError(f"{shown(error.filename)} was not removed: {error.strerror}") from None
    for path in removal.paths:
        _prune(os.path.dirname(path), places.own)


def _paths(model: Model, found: list[Model], places: Places) -> tuple[str, ...]:
    """Its files with what is kept beside them; what it sees with, where no other model does."""
    files = list(model.files)
    if model.backend == "mlx":
        files = [entry.path for entry in os.scandir(model.path) if not entry.is_dir(follow_symlinks=False)]
    if model.projector and sum(other.projector == model.projector for other in found) == 1:
        files.append(model.projector)
    blobs = [os.path.realpath(path) for path in files if model.where == "huggingface" and os.path.islink(path)]
    beside = [f"{path}{end}" for path in files for end in (RECORD, ".part", ".part.state")]
    return tuple(dict.fromkeys([*files, *blobs, *(path for path in beside if os.path.lexists(path))]))


def _frees(path: str) -> int:
    """A link into another tool's folder frees nothing."""
    return 0 if os.path.islink(path) and "/blobs/" not in os.path.realpath(path) else os.stat(path).st_size


def _prune(folder: str, own: str) -> None:
    while folder.startswith(f"{own}/"):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)
