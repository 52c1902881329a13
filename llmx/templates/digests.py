"""Digests of the files of models, so that a result says which weights have spoken; a file is read once."""

import hashlib
import json
import os
from pathlib import Path

from llmx import paths
from llmx.core.plugins import load
from llmx.core.runner.opening import stamp_of
from llmx.errors import LlmxError
from llmx.paths import make_private

LOCAL = ("gguf", "mlx")
_HEX = frozenset("0123456789abcdef")


def model_digest(backend: str, model: str, endpoint: str = "") -> str | None:
    """``sha256:…`` of the file of a model that runs here, of all files for a folder; Ollama's own for one of its.

    None for a model elsewhere, and where nobody can tell it.
    """
    if backend == "ollama" and endpoint:
        try:
            return str(load("llmx.models.ollama_server:digest_of")(endpoint, model)) or None
        except LlmxError:
            return None
    if backend not in LOCAL:
        return None
    try:
        path = Path(load("llmx.core.runner.finding:find")(backend, model, os.environ))
        return f"sha256:{_named(path) or _known(path) or _read(path)}"
    except (LlmxError, OSError):
        return None


def _named(path: Path) -> str:
    """Stores of models name a file by its sum, and checked it when it came."""
    name = path.resolve().name.removeprefix("sha256-")
    return name if len(name) == 64 and set(name) <= _HEX else ""


def _note(path: Path) -> Path:
    key = hashlib.sha256(f"{path} {stamp_of(str(path))}".encode()).hexdigest()
    return Path(paths.cache_dir()) / "digests" / key


def _known(path: Path) -> str:
    try:
        return str(json.loads(_note(path).read_text())) if path.is_file() else ""
    except (OSError, ValueError):
        return ""


def _read(path: Path) -> str:
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    total = hashlib.sha256()
    for file in files:
        if file != path:
            total.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as opened:
            while piece := opened.read(1 << 20):
                total.update(piece)
    _keep(path, total.hexdigest())
    return total.hexdigest()


def _keep(path: Path, digest: str) -> None:
    """For the next time; where it cannot be kept, the file is read again."""
    try:
        make_private(str(_note(path).parent))
        _note(path).write_text(json.dumps(digest))
    except OSError:
        return
