"""Where models lie: llmx's own store, and the folders of other tools, which are used in place."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx import paths
from llmx.models.hub import hub_home

RECORD = ".pulled.json"


class Places(NamedTuple):
    """The folders, some of which may not exist."""

    own: str
    hub_cache: str
    ollama: tuple[str, ...]
    lm_studio: tuple[str, ...]
    folders: tuple[str, ...]


def places(values: Mapping[str, Any], env: Mapping[str, str] = os.environ) -> Places:
    """Where to look; ``values`` are the settings."""
    home = paths.home(env)
    cache = env.get("HF_HUB_CACHE") or env.get("HUGGINGFACE_HUB_CACHE") or f"{hub_home(env)}/hub"
    service = "/usr/share/ollama/.ollama/models"  # where Ollama keeps them as a service of Linux
    named = env.get("OLLAMA_MODELS")
    return Places(
        own=_absolute(str(values["models.dir"] or f"{paths.data_dir(env)}/models"), home),
        hub_cache=_absolute(cache, home),
        ollama=(_absolute(named, home),) if named else (f"{home}/.ollama/models", service),
        lm_studio=(f"{home}/.lmstudio/models", f"{home}/.cache/lm-studio/models"),
        folders=tuple(_absolute(str(folder), home) for folder in values["models.folders"]),
    )


def _absolute(path: str, home: str) -> str:
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    return os.path.abspath(path)


def repo_folder(own: str, repo: str, revision: str) -> str:
    """Where a repository's files go; ``@`` stands in no repository's name."""
    return f"{own}/hf/{repo}" if revision == "main" else f"{own}/hf/{repo}@{revision.replace('/', '%2F')}"


def url_folder(own: str, host: str, folder: str) -> str:
    """Where a server's file goes."""
    return f"{own}/url/{host.replace('/', '_')}/{folder.strip('/')}".rstrip("/")


class Record(NamedTuple):
    """What is known of a file in llmx's own store."""

    source: str
    commit: str
    digest: str
    size: int
    version: str = ""


def read_record(path: str) -> Record | None:
    """The record beside the file at ``path``; None without a sound one."""
    try:
        with open(path + RECORD, encoding="utf-8") as file:
            said = json.load(file)
        return Record(**{name: said[name] for name in Record._fields})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(path: str, record: Record) -> None:
    """Put the record beside the file."""
    said = {**record._asdict(), "pulled": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    temporary = f"{path}{RECORD}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(said, file)
    os.rename(temporary, path + RECORD)
