"""The models of this machine, in llmx's own store and in those of other tools: found where they lie."""

import json
import os
from collections.abc import Iterator
from hashlib import sha256

from llmx.models.places import Places
from llmx.models.shelf import Found, Model, Where, folder_model, models_among, walk

_MODEL_LAYER = "application/vnd.ollama.image.model"
_PROJECTOR_LAYER = "application/vnd.ollama.image.projector"
_LARGEST_MANIFEST = 1 << 20


def models(places: Places) -> list[Model]:
    """All of them; of two names for one file, the first."""
    found = [*own(places), *hub_cache(places), *ollama(places), *lm_studio(places), *folders(places)]
    seen: set[str] = set()
    kept = []
    for model in found:
        if model.path not in seen:
            seen.add(model.path)
            kept.append(model)
    return kept


def own(places: Places) -> Iterator[Model]:
    """llmx's own store: ``hf/org/repo[@revision]/…`` and ``url/host/…``."""
    for repo, files in _by_repo(f"{places.own}/hf"):
        name, _, revision = repo.partition("@")
        yield from _repo_models(files, name if not revision else "", f"{places.own}/hf/{repo}", "llmx")
    yield from models_among(list(walk(f"{places.own}/url")), f"file:{places.own}/url/", "llmx")


def hub_cache(places: Places) -> Iterator[Model]:
    """huggingface_hub's cache: ``models--org--repo/snapshots/COMMIT/…``; of several commits, the one of ``main``."""
    for folder in _names(places.hub_cache):
        if not folder.startswith("models--"):
            continue
        name = folder.removeprefix("models--").replace("--", "/", 1)
        path = f"{places.hub_cache}/{folder}"
        commits = _names(f"{path}/snapshots")
        current = _text(f"{path}/refs/main").strip()
        for commit in [current] if current in commits else commits[-1:]:
            snapshot = f"{path}/snapshots/{commit}"
            yield from _repo_models(list(walk(snapshot)), name, snapshot, "huggingface")


def ollama(places: Places) -> Iterator[Model]:
    """Ollama's blobs, named by its manifests; those whose blob is not here are cloud models and left out."""
    for folder in places.ollama:
        root = f"{folder}/manifests"
        for path in (
            f"{host}/{owner}/{name}/{tag}"
            for host in _names(root)
            for owner in _names(f"{root}/{host}")
            for name in _names(f"{root}/{host}/{owner}")
            for tag in _names(f"{root}/{host}/{owner}/{name}")
        ):
            model = _ollama_model(folder, path)
            if model:
                yield model


def lm_studio(places: Places) -> Iterator[Model]:
    """LM Studio's folders: ``publisher/repo/file``."""
    for folder in places.lm_studio:
        for repo, files in _by_repo(folder):
            yield from _folder_models(files, f"{folder}/{repo}", "lmstudio")


def folders(places: Places) -> Iterator[Model]:
    """The folders that the settings name."""
    for folder in places.folders:
        yield from _folder_models(list(walk(folder)), folder, "folder")


def _repo_models(files: list[Found], name: str, path: str, where: Where) -> Iterator[Model]:
    """Named by their repository; by their file where that names another revision."""
    yield from models_among(files, f"hf:{name}/" if name else f"file:{path}/", where)
    whole = folder_model(files, f"hf:{name}" if name else f"file:{path}/", path, where)
    if whole:
        yield whole


def _folder_models(files: list[Found], path: str, where: Where) -> Iterator[Model]:
    """The GGUF files in it, and each folder of it, itself among them, that is an MLX model."""
    yield from models_among(files, f"file:{path}/", where)
    inside: dict[str, list[Found]] = {}
    for file in files:
        folder, _, name = file.name.rpartition("/")
        inside.setdefault(folder, []).append(file._replace(name=name))
    for folder, found in inside.items():
        place = f"{path}/{folder}" if folder else path
        whole = folder_model(found, f"file:{place}/", place, where)
        if whole:
            yield whole


def _by_repo(root: str) -> Iterator[tuple[str, list[Found]]]:
    """``org/repo`` and the files in it."""
    for organization in _names(root):
        for repo in _names(f"{root}/{organization}"):
            name = f"{organization}/{repo}"
            files = list(walk(f"{root}/{name}"))
            if files:
                yield name, files


def _ollama_model(root: str, name: str) -> Model | None:
    """The model of the manifest ``host/owner/name/tag``; None where that is no sound one."""
    try:
        told = _text(f"{root}/manifests/{name}")
        manifest = json.loads(told)
        layers = {layer["mediaType"]: layer["digest"] for layer in reversed(manifest["layers"])}
        path = _blob(root, layers[_MODEL_LAYER])
        facts = os.stat(path)
        details = json.loads(_text(_blob(root, manifest["config"]["digest"])) or "{}")
        quantization = str(details.get("file_type") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    short = ":".join(name.removeprefix("registry.ollama.ai/").removeprefix("library/").rsplit("/", 1))
    projector = _blob(root, layers[_PROJECTOR_LAYER]) if _PROJECTOR_LAYER in layers else ""
    return Model(
        f"ollama/{short}",
        "ollama",
        facts.st_size,
        quantization,
        facts.st_mtime,
        "ollama",
        path,
        (path,),
        projector,
        f"sha256:{sha256(told.encode()).hexdigest()}",
    )


def _blob(root: str, digest: str) -> str:
    return f"{root}/blobs/{digest.replace(':', '-')}"


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST_MANIFEST).decode("utf-8", "replace")
    except OSError:
        return ""
