"""Read a workflow's file, YAML or TOML, with the lines on which its steps stand."""

import io
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from llmx.errors import NotFoundError, UsageError

LARGEST = 1 << 20
MOST_NODES = 20_000
"""A text of YAML can mean far more than it says: what is more than this is refused."""

Where = tuple[str | int, ...]


class Document(NamedTuple):
    """What a file says; ``lines`` are those of its mappings, by their keys and places from the top."""

    name: str
    value: Any
    text: str = ""
    lines: Mapping[Where, int] = {}

    def place(self, where: Where, token: str = "") -> str:
        """``file:line`` of ``token`` in the mapping at ``where``; without a file, its path."""
        if not self.text:
            return f"{self.name}{_path(where)}"
        line = next((self.lines[where[:size]] for size in range(len(where), -1, -1) if where[:size] in self.lines), 1)
        if token:
            rest = self.text.split("\n")[line - 1 :]
            line += next((number for number, each in enumerate(rest) if token in each), 0)
        return f"{self.name}:{line}"


def read_document(path: str) -> Document:
    """The file at ``path``; raises ``UsageError`` with the line for what is neither YAML nor TOML."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}", hint="llmx workflow run FILE") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise UsageError(f"{path} has more than {LARGEST >> 20} MiB")
    try:
        text = data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no UTF-8 text") from None
    return _of_toml(path, text) if path.endswith(".toml") else _of_yaml(path, text)


def _of_toml(path: str, text: str) -> Document:
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    lines: dict[Where, int] = {(): 1}
    _find_ids(value, (), text.split("\n"), lines)
    return Document(path, value, text, lines)


def _find_ids(value: Any, where: Where, text: list[str], lines: dict[Where, int]) -> None:  # noqa: ANN401  # TOML
    """The lines of mappings that have an id: tomllib gives values without places."""
    if isinstance(value, dict):
        name = value.get("id") or value.get("name")
        if where and isinstance(name, str):
            pattern = re.compile(rf"\b(?:id|name)\s*=\s*[\"']{re.escape(name)}[\"']")
            found = next((number for number, line in enumerate(text, 1) if pattern.search(line)), None)
            if found:
                lines[where] = found
        for key, inner in value.items():
            _find_ids(inner, (*where, key), text, lines)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _find_ids(inner, (*where, number), text, lines)


def _of_yaml(path: str, text: str) -> Document:
    try:
        loaded = YAML(typ="rt", pure=True).load(io.StringIO(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}:{line}: {error.problem or error.context}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {str(error).splitlines()[0] if str(error) else 'this is no YAML'}") from None
    lines: dict[Where, int] = {}
    return Document(path, _Plain(path, lines).value(loaded, ()), text, lines)


class _Plain:
    """Turns what ruamel loads into plain values, and notes the lines."""

    def __init__(self, path: str, lines: dict[Where, int]) -> None:
        self._path = path
        self._lines = lines
        self._nodes = 0

    def value(self, loaded: Any, where: Where) -> Any:  # noqa: ANN401  # YAML
        """The plain value of a node and all below it."""
        self._nodes += 1
        if self._nodes > MOST_NODES or len(where) > 40:
            raise UsageError(f"{self._path}: there is too much in it")
        if isinstance(loaded, dict):
            self._lines[where] = loaded.lc.line + 1 if hasattr(loaded, "lc") else 1
            return {str(key): self.value(inner, (*where, str(key))) for key, inner in loaded.items()}
        if isinstance(loaded, list):
            return [self.value(inner, (*where, number)) for number, inner in enumerate(loaded)]
        if loaded is None or isinstance(loaded, bool):
            return loaded
        for kind in (int, float, str):
            if isinstance(loaded, kind):
                return kind(loaded)
        return str(loaded)


def _path(where: Where) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
