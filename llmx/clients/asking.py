"""What each program says it has: how it is asked, how its answer reads, and what its files say beside it."""

import json
import re
from ast import literal_eval
from collections.abc import Callable, Mapping
from typing import Any

from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.reading import value_in
from llmx.core.edits.values import MISSING, look
from llmx.core.plugins import load
from llmx.errors import InconclusiveError

Run = Callable[..., str]
"""Runs the program with these words, gives its stdout, or the stream that is named."""

AIDER = (
    *("--exit", "--verbose", "--yes-always", "--no-git", "--analytics-disable"),
    *("--no-check-update", "--no-show-release-notes", "--no-show-model-warnings"),
)
"""Aider's words for: say your options and leave, ask nobody for anything, and make no repository."""

Said = dict[str, str | None]
"""What a program says, by name; None where this version of it says nothing about that."""


def _claude(run: Run) -> Said:
    """``mcp list`` has a line for each server: NAME: HOW - STATE."""
    found: Said = {}
    for line in run("mcp", "list").splitlines():
        name, colon, rest = line.partition(": ")
        if colon and " - " in rest:
            how = rest.rpartition(" - ")[0].removesuffix(" (HTTP)").removesuffix(" (SSE)")
            found[f"mcp {name}"] = how.strip()
    return found


def _codex(run: Run) -> Said:
    """Servers as JSON; the model from the doctor, which older versions do not have."""
    found: Said = {}
    for server in json.loads(run("mcp", "list", "--json")):
        how = server["transport"]
        text = how.get("url") or " ".join([how.get("command", ""), *(how.get("args") or ())])
        found[f"mcp {server['name']}"] = text
    try:
        loaded = json.loads(run("doctor", "--json"))["checks"]["config.load"]["details"]
    except (InconclusiveError, ValueError, KeyError, TypeError):
        loaded = {}
    return {**found, "model": loaded.get("model"), "endpoint": loaded.get("model provider")}


def _opencode(run: Run) -> Said:
    value = json.loads(run("debug", "config"))
    servers = (value.get("mcp") or {}).items()
    found = {f"mcp {n}": e.get("url") or " ".join(e.get("command") or ()) for n, e in servers if isinstance(e, dict)}
    url = look(value, ("provider", "llmx", "options", "baseURL"))
    return {**found, "model": str(value.get("model") or ""), "endpoint": "" if url is MISSING else str(url)}


def _goose(run: Run) -> Said:
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


def _gemini(run: Run) -> Said:
    """``mcp list`` on stderr: MARK NAME: HOW (TRANSPORT) - STATE. What is switched off is Blocked there."""
    lines = re.finditer(r"^\S (\S+): (.*) \((?:stdio|http|sse)\) - (\w+)$", run("mcp", "list", stream="stderr"), re.M)
    return {f"mcp {line[1]}": line[2] for line in lines if line[3] != "Blocked"}


def _aider(run: Run) -> Said:
    """The options that it would run with, a line each."""
    said = dict(re.findall(r"^  - (\w+): (.*)$", run(*AIDER), re.M))
    reads = literal_eval(said.get("read", "None")) or ()
    return {"model": said.get("model"), "endpoint": said.get("openai_api_base"), "reads": " ".join(map(str, reads))}


def _amp(run: Run) -> Said:
    """Its servers and rules as JSON; the user's rules stand before its own."""
    servers = {server["name"]: server["spec"] for server in json.loads(run("mcp", "list", "--json"))}
    found: Said = {f"mcp {name}": spec.get("url") or _started(spec) for name, spec in servers.items()}
    return found | _ruled(json.loads(run("permissions", "list", "--json")))


def _started(spec: Mapping[str, Any]) -> str:
    return " ".join([str(spec.get("command", "")), *map(str, spec.get("args") or ())])


def _ruled(rules: object) -> dict[str, str]:
    """Amp's rules by their place, which decides: each as JSON."""
    listed = rules if isinstance(rules, list) else []
    return {f"permission {at}": json.dumps(one, sort_keys=True) for at, one in enumerate(listed, 1)}


def _nothing(client: Client, where: Where, scopes: tuple[Scope, ...]) -> dict[str, str]:
    """No endpoint: this program does not say which one it has."""
    del client, where, scopes
    return {}


def _of_codex(client: Client, where: Where, scopes: tuple[Scope, ...]) -> dict[str, str]:
    """The endpoint's provider by its name; a project has none."""
    del scopes
    file = client.files(where, "user")[0]
    value = value_in(file.path, file.format)
    return _present(model=_text(value, "model"), endpoint=_text(value, "model_provider"))


def _of_opencode(client: Client, where: Where, scopes: tuple[Scope, ...]) -> dict[str, str]:
    """A project's file goes over the user's."""
    found: dict[str, str] = {}
    for scope in scopes:
        file = client.files(where, scope)[0]
        value = value_in(file.path, file.format)
        url = _text(value, "provider", "llmx", "options", "baseURL")
        found |= _present(model=_text(value, "model"), endpoint=url)
    return found


def _of_goose(client: Client, where: Where, scopes: tuple[Scope, ...]) -> dict[str, str]:
    del scopes
    file = client.files(where, "user")[0]
    value = value_in(file.path, file.format)
    provider = _text(value, "active_provider")
    return _present(endpoint=provider, model=_text(value, "providers", provider, "model"))


def _of_aider(client: Client, where: Where, scopes: tuple[Scope, ...]) -> dict[str, str]:
    """A project's file goes over the user's, value by value."""
    value: dict[str, Any] = {}
    for scope in scopes:
        file = client.files(where, scope)[0]
        value |= value_in(file.path, file.format)
    reads = value.get("read") or ()
    listed = " ".join(map(str, [reads] if isinstance(reads, str) else reads))
    return _present(model=_text(value, "model"), endpoint=_text(value, "openai-api-base"), reads=listed)


def _of_amp(client: Client, where: Where, scopes: tuple[Scope, ...]) -> dict[str, str]:
    del scopes
    file = client.files(where, "user")[0]
    return _ruled(look(value_in(file.path, file.format), ("amp.permissions",)))


def _present(**texts: str) -> dict[str, str]:
    return {what: text for what, text in texts.items() if text}


Wanted = Callable[[Client, Where, tuple[Scope, ...]], dict[str, str]]
ASKED: dict[str, tuple[Wanted, Callable[[Run], Said]]] = {
    "claude": (_nothing, _claude),
    "codex": (_of_codex, _codex),
    "opencode": (_of_opencode, _opencode),
    "goose": (_of_goose, _goose),
    "gemini": (_nothing, _gemini),
    "aider": (_of_aider, _aider),
    "amp": (_of_amp, _amp),
}
"""Client -> what its files say besides servers, and how it is asked."""
