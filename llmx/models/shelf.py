"""A model that is somewhere on this machine, and the look into a folder of GGUF files."""

import os
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from llmx.models.quantizations import quantization_in

Where = Literal["llmx", "huggingface", "ollama", "lmstudio", "folder"]

PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL | re.IGNORECASE)
MOST_FILES = 100_000
"""How many entries of a folder are looked at: one set by mistake (``/``) must not be walked for ever."""


class Model(NamedTuple):
    """One model; ``id`` is what ``--model`` takes, ``modified`` a time in seconds, ``files`` all that it is made of."""

    id: str
    backend: str
    size: int
    quantization: str
    modified: float
    where: Where
    path: str
    files: tuple[str, ...]
    projector: str = ""
    digest: str = ""
    """What Ollama tells it apart by, ``sha256:…``: the digest of its manifest."""


class Found(NamedTuple):
    """A file below a folder: ``name`` is its path from there."""

    name: str
    path: str
    size: int
    modified: float


def walk(folder: str) -> Iterator[Found]:
    """The files below ``folder`` that can be models, links followed to files but not to folders."""
    seen = 0
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            entries = sorted(os.scandir(f"{folder}/{below}"), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if seen > MOST_FILES:
                return
            name = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                pending.append(f"{name}/")
            elif entry.name.lower().endswith((".gguf", ".safetensors")) or entry.name == "config.json":
                try:
                    facts = entry.stat()
                except OSError:  # a link whose target is gone
                    continue
                yield Found(name, entry.path.replace("//", "/"), facts.st_size, facts.st_mtime)


def models_among(files: list[Found], name: str, where: Where) -> Iterator[Model]:
    """The GGUF models among files of one folder; ``name`` is what stands before a file's name in its id."""
    gguf = {file.name: file for file in files if file.name.lower().endswith(".gguf")}
    eyes = {os.path.dirname(each): file for each, file in gguf.items() if is_projector(each)}
    for each, file in gguf.items():
        part = PART.fullmatch(each)
        if is_projector(each) or (part and int(part[2]) != 1):
            continue
        parts = [file]
        if part:
            names = [f"{part[1]}-{number:05d}-of-{part[3]}.gguf" for number in range(1, int(part[3]) + 1)]
            parts = [gguf[name] for name in names if name in gguf]
            if len(parts) < int(part[3]):
                continue
        projector = eyes.get(os.path.dirname(each)) or eyes.get("")
        yield Model(
            f"{name}{each}",
            "gguf",
            sum(one.size for one in parts),
            quantization_in(each),
            max(one.modified for one in parts),
            where,
            file.path,
            tuple(one.path for one in parts),
            projector.path if projector else "",
        )


def is_projector(name: str) -> bool:
    """Whether a file is what lets another model see."""
    return "mmproj" in os.path.basename(name).lower()


def folder_model(files: list[Found], id: str, path: str, where: Where) -> Model | None:
    """The MLX model that a folder is; None where it is none."""
    weights = [file for file in files if file.name.endswith(".safetensors") and "/" not in file.name]
    if not weights or not any(file.name == "config.json" for file in files):
        return None
    bits = re.search(r"(\d)[-_]?bit", path, re.IGNORECASE)
    size, modified = sum(file.size for file in weights), max(file.modified for file in weights)
    quantization = f"{bits[1]}bit" if bits else ""
    return Model(id, "mlx", size, quantization, modified, where, path, tuple(file.path for file in weights))
