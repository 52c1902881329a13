"""What each program says it has: how it is asked, how its answer reads, and what its files say beside it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.reading import value_in
from llmx.core.edits.values import MISSING, look
from llmx.core.plugins import load
from llmx.errors import InconclusiveError

Run = Callable[..., str]
"""Runs the program with these words, gives its stdout."""

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


def _present(**texts: str) -> dict[str, str]:
    return {what: text for what, text in texts.items() if text}


Wanted = Callable[[Client, Where, tuple[Scope, ...]], dict[str, str]]
ASKED: dict[str, tuple[Wanted, Callable[[Run], Said]]] = {
    "claude": (_nothing, _claude),
    "codex": (_of_codex, _codex),
    "opencode": (_of_opencode, _opencode),
    "goose": (_of_goose, _goose),
}
"""Client -> what its files say besides servers, and how it is asked."""
