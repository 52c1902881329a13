"""Change the source: entries of the user's settings file, or of the project's, which stays trusted if it was."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from llmx import paths
from llmx.core.edits import Change, Operation, edit, plan
from llmx.core.settings import Places
from llmx.core.settings.layers import parse_layer
from llmx.core.settings.trust import is_trusted, trust
from llmx.core.source import Source, read_source


def file_of(scope: str, env: Mapping[str, str], cwd: str) -> Path:
    """The file of the ``user`` or the ``project`` scope; a project without one gets it in ``cwd``."""
    if scope == "user":
        return Path(paths.config_dir(env)) / "config.toml"
    return Path(next(iter(Places(env, cwd).projects), os.path.join(cwd, "llmx.toml")))


def planned(file: Path, operations: Sequence[Operation]) -> Source:
    """What the source would say after ``operations``; raises ``ConfigError`` where it would be wrong."""
    made = plan([Change(file, operations)], title="")
    data = made.files[0].after if made.files else _content(file)
    parse_layer("user", str(file), data or b"")
    return read_source(str(file), data or b"")


def write(file: Path, operations: Sequence[Operation], *, title: str, env: Mapping[str, str]) -> None:
    """Carry ``operations`` out if what comes of them is sound; a new file, or a trusted one, is trusted afterwards."""
    planned(file, operations)
    with keeping_trust(file, env):
        edit([Change(file, operations)], title=title)


class keeping_trust:  # noqa: N801  # a context manager reads as what it does
    """A project file that was trusted before the block, or is new, is trusted after it."""

    def __init__(self, file: Path, env: Mapping[str, str]) -> None:
        self._file, self._env = file, env
        self._trusts = file.name == "llmx.toml" and (not file.exists() or is_trusted(str(file), env))

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._trusts and self._file.exists():
            trust(str(self._file), self._env)


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None
