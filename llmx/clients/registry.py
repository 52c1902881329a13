"""The clients by name; a package adds its own by the entry point group ``llmx.clients``."""

from importlib.metadata import entry_points
from typing import cast

from llmx.clients.protocol import Client
from llmx.core.plugins import load
from llmx.errors import NotFoundError, nearest

CLIENTS = {
    "claude": "llmx.clients.claude:CLAUDE",
    "claude-desktop": "llmx.clients.claude_desktop:CLAUDE_DESKTOP",
    "goose": "llmx.clients.goose:GOOSE",
    "opencode": "llmx.clients.opencode:OPENCODE",
    "cursor": "llmx.clients.cursor:CURSOR",
    "codex": "llmx.clients.codex:CODEX",
    "gemini": "llmx.clients.gemini:GEMINI",
    "crush": "llmx.clients.crush:CRUSH",
    "zed": "llmx.clients.zed:ZED",
    "vscode-copilot": "llmx.clients.vscode_copilot:VSCODE_COPILOT",
    "aider": "llmx.clients.aider:AIDER",
    "amp": "llmx.clients.amp:AMP",
}
GROUP = "llmx.clients"


def find(name: str) -> Client:
    """The client called ``name``; raises ``NotFoundError`` with the nearest."""
    if name in CLIENTS:
        return cast(Client, load(CLIENTS[name]))
    for point in entry_points(group=GROUP):
        if point.name == name:
            return cast(Client, point.load())
    near = nearest(name, [*CLIENTS])
    hint = f"did you mean {near}?" if near else f"the clients are {', '.join(CLIENTS)}"
    raise NotFoundError(f"there is no client {name!r}", hint=hint)


def names() -> list[str]:
    """The names of all, those of other packages last."""
    return [*CLIENTS, *(point.name for point in entry_points(group=GROUP) if point.name not in CLIENTS)]


def clients() -> list[Client]:
    """All of them, those of other packages last."""
    return [find(name) for name in names()]
