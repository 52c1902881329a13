"""What a client's pre-command hook is answered: its command goes through ``llm-exec``, in the client's own form.

No answer decides: a client's own rules see the new command, where the client lets a hook leave that open.
"""

from collections.abc import Callable
from typing import Any

from llmx.clients.routing import routed

HEAR_EVERY_TOOL = {"goose", "vscode-copilot"}
"""Clients whose hook is called before every tool, not only before one that runs commands."""


def answer(client: str, event: dict[str, Any]) -> dict[str, Any] | None:
    """What the client is told before a command; None for nothing. Raises ``ValueError`` for no event of its own."""
    given = event.get("tool_input")
    key = "cmd" if isinstance(given, dict) and "command" not in given else "command"
    command = given.get(key) if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(command, str):
        if client in HEAR_EVERY_TOOL:
            return None
        raise ValueError("it holds no tool_input with a command")
    through = routed(command)
    if through == command:
        return UNCHANGED[client](dict(given)) if client in UNCHANGED else None
    return ANSWERS[client]({**given, key: through})


def _claude(given: dict[str, Any]) -> dict[str, Any]:
    """No decision: Claude's own rules decide about the new command. VS Code has taken this form over."""
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": given}}


def _codex(given: dict[str, Any]) -> dict[str, Any]:
    """Codex takes a new command only with this word, and goes on to its own rules."""
    told = {"hookEventName": "PreToolUse", "permissionDecision": "allow", "updatedInput": given}
    return {"hookSpecificOutput": told}


def _gemini(given: dict[str, Any]) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "BeforeTool", "tool_input": given}}


def _goose(given: dict[str, Any]) -> dict[str, Any]:
    """Goose changes no command; it refuses this one, and the model reads how to put it."""
    return {"refused": f"Run it through llm-exec: {given.get('command', given.get('cmd'))}"}


def _itself(given: dict[str, Any]) -> dict[str, Any]:
    return given


def _updated(given: dict[str, Any]) -> dict[str, Any]:
    """Cursor and Crush; without a decision both ask as they would have."""
    return {"updated_input": given}


def _amp(given: dict[str, Any]) -> dict[str, Any]:
    return {"action": "modify", "input": given}


Form = Callable[[dict[str, Any]], dict[str, Any]]
ANSWERS: dict[str, Form] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "goose": _goose,
    "opencode": _itself,
    "cursor": _updated,
    "crush": _updated,
    "vscode-copilot": _claude,
    "amp": _amp,
}
UNCHANGED: dict[str, Form] = {"opencode": _itself, "cursor": lambda _: {}, "amp": lambda _: {"action": "allow"}}
"""Clients that want an answer for a command that stays, too: to Cursor, silence is a hook that failed."""
