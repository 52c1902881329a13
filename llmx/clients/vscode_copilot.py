"""Copilot in VS Code: servers in ``mcp.json``, rules on commands in ``settings.json``. It cannot be asked offline.

A rule approves a command or has it asked about; to refuse one it has no word.
"""

from pathlib import Path

from llmx.clients.cursor import REFERENCE
from llmx.clients.hooks import COPILOT, whole_hook
from llmx.clients.prompts import Places, prompt_entries
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import regexes, widens
from llmx.clients.shapes import dropped, opening, read_servers, respelled, respelled_map
from llmx.core.edits.values import Value, look
from llmx.core.source import Permissions, Server, Source

FORM = "${env:{}}"
RULES = "chat.tools.terminal.autoApprove"


class VscodeCopilot:
    """Copilot in VS Code."""

    name, title, program = "vscode-copilot", "VS Code Copilot", "code"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Servers first, then settings."""
        folder = where.project / ".vscode" if scope == "project" else self._folder(where)
        return File(folder / "mcp.json", "jsonc"), File(folder / "settings.json", "jsonc")

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, rules, prompts and settings."""
        del read
        servers, settings = self.files(where, scope)
        lsp = "VS Code has language servers through extensions only"
        entries, losses = opening(source, servers, written, key="servers", lsp=lsp)
        if source.endpoint:
            losses.append(Loss("endpoint", source.endpoint.url, "VS Code takes models of one's own in its window only"))
        rules = source.rules_for(self.name)
        found = rule_entries(rules, settings)
        if scope == "project" and any(rules):
            losses.append(Loss("permission", "all rules", "count once this folder is trusted in VS Code itself"))
        entries += [*found[0], *prompt_entries(source.prompts, self.name, self._places(where, scope))]
        if source.hooks.llm_exec:
            folder = where.project / ".github" if scope == "project" else where.home / ".copilot"
            entries.append(whole_hook(folder / "hooks/llmx.json", COPILOT))
        entries += setting_entries(settings, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), (*losses, *found[1]))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``servers`` holds."""
        file = self.files(where, scope)[0]
        return read_servers(look(read(file.path, file.format), ("servers",)), REFERENCE)

    def _places(self, where: Where, scope: Scope) -> Places:
        if scope == "project":
            folder = where.project / ".github"
            agents, commands, skills = folder / "agents", folder / "prompts", folder / "skills"
        else:
            agents = commands = self._folder(where) / "prompts"
            skills = where.home / ".copilot/skills"
        return {
            "subagent": f"{agents}/{{}}.agent.md",
            "command": f"{commands}/{{}}.prompt.md",
            "skill": f"{skills}/{{}}/SKILL.md",
        }

    def _folder(self, where: Where) -> Path:
        if where.platform == "darwin":
            return where.home / "Library/Application Support/Code/User"
        return (where.roaming / "Code" if where.platform == "win32" else where.config("Code")) / "User"


def written(server: Server) -> Value:
    """A server as VS Code writes it."""
    if server.url:
        headers = respelled_map(server.headers, FORM)
        return dropped({"type": server.transport, "url": respelled(server.url, FORM), "headers": headers})
    args = [respelled(word, FORM) for word in server.args]
    local = {"command": server.command, "args": args, "env": respelled_map(server.env, FORM), "cwd": server.cwd}
    return dropped({"type": "stdio", **local})


def rule_entries(permissions: Permissions, file: File) -> tuple[list[Entry], list[Loss]]:
    """True for what is allowed, false for all else; where both match a command, it is asked about."""
    entries: list[Entry] = []
    losses: list[Loss] = []
    for verdict, rules in zip(("allow", "ask", "deny"), permissions, strict=True):
        is_allowed = verdict == "allow"
        for text in rules:
            if is_allowed and widens(text):
                losses.append(Loss("permission", f"allow {text}", widens(text)))
                continue
            if verdict == "deny":
                losses.append(Loss("permission", f"deny {text}", "VS Code can only ask, and does not in autopilot"))
            patterns = regexes(text, wrapped=not is_allowed)
            entries += [Entry(file, (RULES, f"/{one}/"), is_allowed, "permission") for one in patterns]
    return entries, losses


VSCODE_COPILOT = VscodeCopilot()
