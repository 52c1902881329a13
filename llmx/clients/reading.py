"""What is in clients' own files, and whether a client is there at all."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.registry import clients, find
from llmx.core.edits import read
from llmx.core.settings import Places
from llmx.core.source import Server
from llmx.errors import NotFoundError

SCOPES: tuple[Scope, Scope] = ("user", "project")


class Present(NamedTuple):
    """A client as it was found: where its program is, and which of its files are there."""

    client: Client
    program: str
    files: tuple[tuple[Scope, Path, bool], ...]

    @property
    def is_there(self) -> bool:
        """Whether the user seems to have it: its program, or a file in its user scope."""
        return bool(self.program) or any(exists for scope, _, exists in self.files if scope == "user")


def where_of(env: Mapping[str, str], cwd: str) -> Where:
    """The surroundings here; the project is the folder of its ``llmx.toml``, which is no link, else this one."""
    projects = [Path(path) for path in Places(env, cwd).projects]
    return Where(env, next((path.parent for path in projects if not path.is_symlink()), Path(cwd)))


def present(where: Where) -> list[Present]:
    """All clients, and what of each is here."""
    return [_present(client, where) for client in clients()]


def version(program: str) -> str:
    """What the program says its version is; empty where it does not say."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = [word for word in done.stdout.split() if word[:1].isdigit() and "." in word]
    return words[0] if words else ""


def value_in(file: Path, format: str | None) -> Any:  # noqa: ANN401  # a value of any shape
    """The value in a file; an empty mapping for none."""
    return read(file, format) or {}


def servers_of(name: str, env: Mapping[str, str], cwd: str, scopes: tuple[Scope, ...] = SCOPES) -> list[Server]:
    """The MCP servers in a client's own files, a project's over the user's; raises ``NotFoundError`` for no file."""
    client, where = find(name), where_of(env, cwd)
    files = [file.path for scope in SCOPES for file in client.files(where, scope)[:1]]
    if not any(file.exists() for file in files):
        listed = " or ".join(map(str, files))
        raise NotFoundError(f"{client.title} has no file here: {listed}", hint="llmx client list")
    found = {
        s.name: s for scope in scopes if client.files(where, scope) for s in client.servers(where, scope, value_in)
    }
    return list(found.values())


def _present(client: Client, where: Where) -> Present:
    program = shutil.which(client.program, path=where.env.get("PATH")) if client.program else None
    files = tuple((scope, file.path, file.path.exists()) for scope in SCOPES for file in client.files(where, scope))
    return Present(client, program or "", files)
