"""Make a template's folder: whole, under its own name, and over nothing that was there."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from llmx.errors import LlmxError, UsageError
from llmx.templates.sources import BUILT_IN, is_path, user_folder

LONGEST = 64


def place_of(name: str) -> Path:
    """The folder that ``name`` means: a path, or an id of a template of one's own. Raises ``UsageError``."""
    folder = Path(os.path.abspath(name)) if is_path(name) else user_folder() / name
    if len(folder.name) > LONGEST or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", folder.name):
        hint = "small letters, digits, and hyphens between them: my-template"
        raise UsageError(f"{folder.name!r} is no name for a template", hint=hint)
    if folder.name in BUILT_IN:
        raise UsageError(f"{folder.name} is a built-in template", hint="give yours another name")
    if os.path.lexists(folder):
        raise UsageError(f"{folder} is there already", hint="remove it, or give another name")
    return folder


def starter(name: str) -> dict[str, bytes]:
    """The files of a new template called ``name``: path -> content."""
    found = _files(files("llmx.templates") / "starter", "")
    found["template.toml"] = found["template.toml"].replace(b'id = "starter"', f'id = "{name}"'.encode())
    return {path: data for path, data in found.items() if path != "__init__.py"}


def create(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write ``contents`` as ``folder``, which appears when all of them are there."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise LlmxError(f"{error.filename or folder} cannot be made: {error.strerror}") from None
    try:
        for path, data in contents.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            (fresh / path).write_bytes(data)
        fresh.chmod(0o777 & ~_umask())
        fresh.rename(folder)
    except OSError as error:
        raise LlmxError(f"{folder} cannot be made: {error.strerror}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _files(folder: Traversable, above: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found |= _files(entry, f"{above}{entry.name}/")
        elif entry.is_file():
            found[f"{above}{entry.name}"] = entry.read_bytes()
    return found


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
