"""Hooks: a session begins with the project's AGENTS.md, and shell commands go through ``llm-exec``.

Each client calls ``llmx hook`` in its own form; a client without such a form is told apart here.
"""

import json
from pathlib import Path
from typing import Any

from llmx.clients.protocol import Entry, File, Loss
from llmx.clients.routing import routed
from llmx.core.edits.values import KeyPath, Value, look
from llmx.core.source import Source

PRE, START = "llmx hook pre-command", "llmx hook session-start"
AGENTS_MD = "AGENTS.md"
OPENCODE = """\
// Written by llmx: shell commands go through llm-exec. `llmx client apply opencode` writes it anew.
import { execFileSync } from "node:child_process"

export const LlmExec = async () => ({
  "tool.execute.before": async (input, output) => {
    if (input.tool !== "bash") return
    const told = JSON.stringify({ tool_input: output.args })
    const said = execFileSync("llmx", ["hook", "pre-command", "opencode"], { input: told, encoding: "utf8" })
    output.args = Object.assign(output.args, JSON.parse(said))
  },
})
"""
GOOSE = {
    "hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": f"{PRE} goose", "timeout": 30}]}]},
}


Entries = tuple[list[Entry], list[Loss]]


def answer(client: str, event: dict[str, Any]) -> dict[str, Any] | None:
    """What the client is told before a command; None for nothing. Raises ``ValueError`` for no event of its own."""
    given = event.get("tool_input")
    command = given.get("command", given.get("cmd")) if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(command, str):
        if client == "goose":  # its hook hears of every tool
            return None
        raise ValueError("it holds no tool_input with a command")
    through = routed(command)
    if through == command:
        return dict(given) if client == "opencode" else None
    return ANSWERS[client]({**given, "cmd" if "cmd" in given else "command": through})


def _claude(given: dict[str, Any]) -> dict[str, Any]:
    """No decision: Claude's own rules decide about the new command."""
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


def _opencode(given: dict[str, Any]) -> dict[str, Any]:
    return given


ANSWERS = {"claude": _claude, "codex": _codex, "gemini": _gemini, "goose": _goose, "opencode": _opencode}


def group(command: str, matcher: str = "") -> dict[str, Any]:
    """One group of hooks in the shape that Claude began."""
    return {**({"matcher": matcher} if matcher else {}), "hooks": [{"type": "command", "command": command}]}


def member(file: File, event: str, value: Value) -> Entry:
    """A group among the user's own."""
    return Entry(file, ("hooks", event), value, "hook", is_member=True)


def claude_hooks(source: Source, file: File) -> list[Entry]:
    """Both."""
    start = [member(file, "SessionStart", group(f"{START} claude"))] if source.hooks.agents_md else []
    return [*start, *([member(file, "PreToolUse", group(f"{PRE} claude", "Bash"))] if source.hooks.llm_exec else [])]


def whole_hook(path: Path, value: Value) -> Entry:
    """A file of hooks that llmx writes whole."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2) + "\n"
    return Entry(File(path, "text"), ("text",), text, "hook")


def reading(source: Source, file: File, path: KeyPath, value: Value, names: tuple[str, ...]) -> Entries:
    """AGENTS.md in a client's list of files to read."""
    if not source.hooks.agents_md:
        return [], []
    if isinstance(look(value, path), str):
        return [], [Loss("hook", "agents_md", f"{'.'.join(map(str, path))} is one name; make it a list first")]
    return [Entry(file, path, name, "hook", is_member=True) for name in names], []


def no_hooks(source: Source, title: str, *, reads: bool = True) -> list[Loss]:
    """What a client without hooks lacks; ``reads`` where it loads AGENTS.md by itself."""
    missing = ["llm_exec"] * source.hooks.llm_exec + ["agents_md"] * (source.hooks.agents_md and not reads)
    return [Loss("hook", name, f"llmx knows no hook of {title} for it") for name in missing]
