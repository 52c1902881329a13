"""Ask the real program what it took from its files: offline, in a home that holds a copy of them and nothing else.

Values are compared. An exit code says little: Goose takes a broken file for an empty one and exits 0.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from llmx.clients.protocol import Client, Where
from llmx.clients.reading import value_in
from llmx.core.edits.values import MISSING, look
from llmx.core.plugins import load
from llmx.core.redact import mask_text
from llmx.core.source import Server
from llmx.errors import InconclusiveError

DEADLINE_S = 120.0
MOVED = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME")
QUIET = {
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "GOOSE_DISABLE_KEYRING": "1",
    "NO_COLOR": "1",
}


class Compared(NamedTuple):
    """One value: as the file says, and as the program does; empty where it does not know it."""

    what: str
    wanted: str
    found: str

    @property
    def agrees(self) -> bool:
        return self.wanted == self.found


Run = Callable[..., str]
"""Runs the program with these words, gives its stdout."""


def verify(client: Client, where: Where) -> list[Compared]:
    """Each value of the user's files beside the program's; ``InconclusiveError`` where it cannot be asked."""
    if client.name not in ASKED:
        raise InconclusiveError(f"{client.title} cannot be asked offline what it took")
    program = shutil.which(client.program, path=where.env.get("PATH"))
    if program is None:
        raise InconclusiveError(f"{client.program} is not on the PATH", hint="llmx client check compares the files")
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(client, where, Path(folder))
        wanted, find = ASKED[client.name]
        said = find(_runner(program, copy))
        expected = {f"mcp {s.name}": reached(s) for s in client.servers(where, "user", value_in) if s.enabled}
        expected |= wanted(client, where)
        return [Compared(what, value, said.get(what, "")) for what, value in expected.items()]


def reached(server: Server) -> str:
    """How a server is reached, in one line."""
    return server.url or " ".join([server.command, *server.args])


def _copied(client: Client, where: Where, home: Path) -> Where:
    """A home with copies of the client's files."""
    env = {name: value for name, value in where.env.items() if name not in MOVED}
    project = home / "project"
    project.mkdir()
    copy = Where({**env, **QUIET, "HOME": str(home)}, project, where.platform)
    for old, new in zip(client.files(where, "user"), client.files(copy, "user"), strict=True):
        if old.path.exists():
            new.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(old.path, new.path)
    return copy


def _runner(program: str, where: Where) -> Run:
    def run(*words: str) -> str:
        try:
            done = subprocess.run(
                [program, *words],
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
                stdin=subprocess.DEVNULL,
                env=dict(where.env),
                cwd=where.project,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InconclusiveError(f"{program} did not answer: {error}") from None
        if not done.stdout.strip():
            said = mask_text(done.stderr.strip()[-600:], where.env)
            raise InconclusiveError(f"{program} {' '.join(words)} says nothing but: {said}")
        return done.stdout

    return run


def _claude(run: Run) -> dict[str, str]:
    """``mcp list`` has a line for each server: NAME: HOW - STATE."""
    found = {}
    for line in run("mcp", "list").splitlines():
        name, colon, rest = line.partition(": ")
        if colon and " - " in rest:
            how = rest.rpartition(" - ")[0].removesuffix(" (HTTP)").removesuffix(" (SSE)")
            found[f"mcp {name}"] = how.strip()
    return found


def _codex(run: Run) -> dict[str, str]:
    found = {}
    for server in json.loads(run("mcp", "list", "--json")):
        how = server["transport"]
        text = how.get("url") or " ".join([how.get("command", ""), *(how.get("args") or ())])
        found[f"mcp {server['name']}"] = text
    return found


def _opencode(run: Run) -> dict[str, str]:
    value = json.loads(run("debug", "config"))
    servers = (value.get("mcp") or {}).items()
    found = {f"mcp {n}": e.get("url") or " ".join(e.get("command") or ()) for n, e in servers if isinstance(e, dict)}
    url = look(value, ("provider", "llmx", "options", "baseURL"))
    return {**found, "model": str(value.get("model") or ""), "endpoint": "" if url is MISSING else str(url)}


def _goose(run: Run) -> dict[str, str]:
    _, _, text = run("info", "-v").partition("goose Configuration:\n")
    value = load("llmx.core.edits.formats.yaml:YAML").read(text)
    extensions = (value.get("extensions") or {}).items()
    found = {f"mcp {n}": _extension(e) for n, e in extensions if isinstance(e, dict)}
    provider = value.get("active_provider") or ""
    return {**found, "endpoint": str(provider), "model": _text(value, "providers", str(provider), "model")}


def _extension(entry: Mapping[str, Any]) -> str:
    return str(entry.get("uri") or " ".join([str(entry.get("cmd", "")), *map(str, entry.get("args") or ())]))


def _text(value: Any, *path: str) -> str:  # noqa: ANN401  # a value of any shape
    found = look(value, path)
    return "" if found is MISSING or found is None else str(found)


def _nothing(client: Client, where: Where) -> dict[str, str]:
    """No endpoint: this program does not say which one it has."""
    del client, where
    return {}


def _of_opencode(client: Client, where: Where) -> dict[str, str]:
    file = client.files(where, "user")[0]
    value = value_in(file.path, file.format)
    wanted = {"model": _text(value, "model"), "endpoint": _text(value, "provider", "llmx", "options", "baseURL")}
    return {what: text for what, text in wanted.items() if text}


def _of_goose(client: Client, where: Where) -> dict[str, str]:
    file = client.files(where, "user")[0]
    value = value_in(file.path, file.format)
    provider = _text(value, "active_provider")
    wanted = {"endpoint": provider, "model": _text(value, "providers", provider, "model")}
    return {what: text for what, text in wanted.items() if text}


Wanted = Callable[[Client, Where], dict[str, str]]
ASKED: dict[str, tuple[Wanted, Callable[[Run], dict[str, str]]]] = {
    "claude": (_nothing, _claude),
    "codex": (_nothing, _codex),
    "opencode": (_of_opencode, _opencode),
    "goose": (_of_goose, _goose),
}
"""Client -> what its file says besides servers, and how it is asked."""
