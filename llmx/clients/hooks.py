"""Hooks: a session begins with the project's AGENTS.md, and shell commands go through ``llm-exec``.

Each client calls ``llmx hook`` in its own form, and ``hook_answers.py`` says what it is told; a client without such a
form is told apart here.
"""

import json
from pathlib import Path
from typing import Any

from llmx.clients.protocol import Entry, File, Loss
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
AMP = """\
// Written by llmx: shell commands go through llm-exec. `llmx client apply amp` writes it anew.
import { execFileSync } from "node:child_process"

export const description = "Shell commands go through llm-exec"

export default function (amp) {
  amp.on("tool.call", (event) => {
    if (!["Bash", "shell_command"].includes(event.tool)) return { action: "allow" }
    const told = JSON.stringify({ tool_input: event.input })
    return JSON.parse(execFileSync("llmx", ["hook", "pre-command", "amp"], { input: told, encoding: "utf8" }))
  })
}
"""
COPILOT = {"hooks": {"PreToolUse": [{"type": "command", "command": f"{PRE} vscode-copilot", "timeout": 30}]}}
CRUSH = {"name": "llm-exec", "matcher": "^bash$", "command": f"{PRE} crush"}
CURSOR = {"command": f"{PRE} cursor", "matcher": "Shell"}
GOOSE = {
    "hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": f"{PRE} goose", "timeout": 30}]}]},
}


Entries = tuple[list[Entry], list[Loss]]


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


def cursor_hooks(source: Source, file: File) -> list[Entry]:
    """The one before a command; AGENTS.md it loads by itself."""
    told = [Entry(file, ("version",), 1, "hook"), member(file, "preToolUse", CURSOR)]
    return told if source.hooks.llm_exec else []


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
