"""Which files of a repository make the model that was asked for."""

import os
import re
from typing import Literal, NamedTuple

from llmx.core.settings.sources import shown
from llmx.errors import NotFoundError, UsageError
from llmx.models.hub import Repo, RepoFile
from llmx.models.quantizations import BITS, DEFAULT, nearest, quantization_in

_PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL | re.IGNORECASE)
_FOLDER_FILES = re.compile(r"[^/]+\.(safetensors|json|jinja|model|tiktoken|txt)", re.IGNORECASE)
_PROJECTOR = "mmproj"


class Selection(NamedTuple):
    """The files of one model, the one to open first; ``note`` says what was decided without being asked."""

    backend: Literal["gguf", "mlx"]
    files: tuple[RepoFile, ...]
    quantization: str
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(file.size for file in self.files)


def select(repo: Repo, *, file: str = "", quantization: str = "", projector: bool = True) -> Selection:
    """The model in ``repo``; a file that was named, a quantization that was asked for, or the usual one.

    Raises ``NotFoundError`` with what there is, where there is no such one.
    """
    models = _models(repo)
    if file:
        return _named(repo, models, file, projector)
    if not models:
        return _folder(repo, quantization)
    by_name = {quantization_in(first): first for first in sorted(models, key=_plainest, reverse=True)}
    known = [name for name in by_name if name]
    wanted = quantization.upper().removeprefix("UD-")
    if wanted and wanted not in known:
        _refuse(repo, wanted, known)
    chosen, note = wanted or DEFAULT, ""
    if not known:
        first = min(models, key=lambda name: (sum(part.size for part in models[name]), name))
        note = f"{repo.name} does not say how its files are quantized; this is {first}, the smallest"
        return _with_projector(repo, models[first], "", projector, note if len(models) > 1 else "")
    if chosen not in known:
        chosen = nearest(chosen, known)
        note = f"{repo.name} has no {DEFAULT}; {chosen} is the nearest of {', '.join(sorted(known, key=_bits))}"
    return _with_projector(repo, models[by_name[chosen]], chosen, projector, note)


def _models(repo: Repo) -> dict[str, tuple[RepoFile, ...]]:
    """Each model's first file -> all its parts; a set with parts missing is left out."""
    files = {file.path: file for file in repo.files if file.path.lower().endswith(".gguf")}
    found: dict[str, tuple[RepoFile, ...]] = {}
    for path, file in files.items():
        if _PROJECTOR in os.path.basename(path).lower():
            continue
        part = _PART.fullmatch(path)
        if part is None:
            found[path] = (file,)
        elif int(part[2]) == 1:
            names = [f"{part[1]}-{number:05d}-of-{part[3]}.gguf" for number in range(1, int(part[3]) + 1)]
            if all(name in files for name in names):
                found[path] = tuple(files[name] for name in names)
    return found


def _named(repo: Repo, models: dict[str, tuple[RepoFile, ...]], file: str, projector: bool) -> Selection:
    if file in models:
        return _with_projector(repo, models[file], quantization_in(file), projector)
    for parts in models.values():
        if file in [part.path for part in parts]:
            return _with_projector(repo, parts, quantization_in(file), projector)
    alone = [each for each in repo.files if each.path == file and file.lower().endswith(".gguf")]
    if alone:
        return Selection("gguf", (alone[0],), quantization_in(file))
    listed = ", ".join(shown(name) for name in sorted(models)[:20]) or "no GGUF files"
    raise NotFoundError(f"{repo.name} has no file {shown(file)}", hint=f"it has {listed}")


def _folder(repo: Repo, quantization: str) -> Selection:
    """A repository without GGUF files, as MLX uses it: weights, settings and tokenizer, but no code."""
    files = [file for file in repo.files if _FOLDER_FILES.fullmatch(file.path)]
    has_weights = any(file.path.endswith(".safetensors") for file in files)
    if not has_weights or not any(file.path == "config.json" for file in files):
        raise NotFoundError(f"{repo.name} holds no model that llmx runs: no GGUF files, and no MLX folder")
    if quantization:
        raise UsageError(f"{repo.name} is an MLX folder, which comes in one quantization", hint="leave it out")
    bits = re.search(r"(\d)[-_]?bit", repo.name, re.IGNORECASE)
    files.sort(key=lambda file: (file.path != "config.json", file.path))
    return Selection("mlx", tuple(files), f"{bits[1]}bit" if bits else "")


def _with_projector(
    repo: Repo, parts: tuple[RepoFile, ...], quantization: str, projector: bool, note: str = ""
) -> Selection:
    """With the file that lets the model see, where the repository has one: half precision before others."""
    order = {"F16": 0, "BF16": 1}
    eyes = [file for file in repo.files if _is_projector(file.path)] if projector else []
    eyes.sort(key=lambda file: (order.get(quantization_in(file.path), 2), file.size, file.path))
    return Selection("gguf", (*parts, *eyes[:1]), quantization, note)


def _is_projector(path: str) -> bool:
    return path.lower().endswith(".gguf") and _PROJECTOR in os.path.basename(path).lower()


def _refuse(repo: Repo, wanted: str, known: list[str]) -> None:
    has = ", ".join(sorted(known, key=_bits)) or "files that do not say their quantization"
    if wanted not in BITS:
        raise UsageError(f"there is no quantization {shown(wanted)}", hint=f"{repo.name} has {has}")
    raise NotFoundError(f"{repo.name} has no {wanted}", hint=f"it has {has}")


def _bits(name: str) -> float:
    return BITS[name]


def _plainest(path: str) -> tuple[int, str]:
    """Of two files with one quantization, the one that is less of a variant comes first."""
    return len(path), path
