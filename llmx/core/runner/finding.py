"""Where the files of a model are that this machine runs itself."""

import os
from collections.abc import Mapping

from llmx.core.demo import NAME, PATH
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.errors import NotFoundError, UsageError

FINDERS: tuple[str, ...] = ("llmx.models.finding:path_of",)
"""Functions that know models by their refs: called with a ref and the environment, they return a path or ''."""


def find(backend: str, ref: str, env: Mapping[str, str] = os.environ) -> str:
    """The absolute path of the file, or for mlx of the folder, that ``ref`` means; raises ``NotFoundError``."""
    path = os.path.expanduser(ref.removeprefix("file:"))
    if ref == NAME and backend == "gguf" and not os.path.exists(path):
        return PATH
    if ref.startswith("file:") or os.path.isfile(path) or (backend == "mlx" and os.path.isdir(path)):
        return os.path.abspath(path)
    if os.path.isdir(path):
        return _only_model(path)
    if ref.startswith(("/", "./", "../", "~")):
        raise NotFoundError(f"there is no file {shown(ref)}")
    for target in FINDERS:
        if found := str(load(target)(ref, env)):
            return found
    hint = f"llmx model pull {shown(ref)}" if "/" in ref else "llmx model list shows what is, llmx model available more"
    raise NotFoundError(f"{shown(ref)} is not on this machine", hint=hint)


def _only_model(folder: str) -> str:
    """The one GGUF file of a folder; of a model in parts, the first."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".gguf"))
    first = [name for name in names if "-of-" not in name or "-00001-of-" in name]
    if len(first) == 1:
        return os.path.abspath(os.path.join(folder, first[0]))
    if not first:
        raise NotFoundError(f"there is no .gguf file in {shown(folder)}")
    raise UsageError(f"{shown(folder)} has {len(first)} models", hint=f"say which, such as {shown(first[0])}")
