"""Look for a file among those that other tools have already fetched, so that it is not fetched or stored again."""

import hashlib
import os

from llmx.models.places import Places

_BLOCK = 1 << 20


def existing(places: Places, repo: str, file: str, size: int, digest: str) -> str:
    """The path of a file with just these bytes; empty where there is none.

    The hub's cache and Ollama name a file by its sha256; of LM Studio's only one with this name and size is read.
    """
    if len(digest) != 64:
        return ""
    named = [
        f"{places.hub_cache}/models--{repo.replace('/', '--')}/blobs/{digest}",
        *(f"{folder}/blobs/sha256-{digest}" for folder in places.ollama),
    ]
    for path in named:
        if _size(path) == size:
            return path
    for folder in places.lm_studio:
        path = f"{folder}/{repo}/{file}"
        if _size(path) == size and _sha256(path) == digest:
            return path
    return ""


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size if os.access(path, os.R_OK) else -1
    except OSError:
        return -1


def _sha256(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
