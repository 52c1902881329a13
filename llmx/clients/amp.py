"""Amp: all in ``settings.json``, with comments. It asks its own servers only, and cannot be asked offline.

The first of its rules that matches a command counts, so they are written as one list or, beside rules of the user's
own, not at all.
"""

from typing import Any

from llmx.clients.hooks import AMP as AMP_PLUGIN
from llmx.clients.hooks import whole_hook
from llmx.clients.prompts import losses as no_prompts
from llmx.clients.prompts import of_kind, prompt_entries
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import regexes, widens
from llmx.clients.shapes import dropped, opening, read_servers, user_only
from llmx.core.edits.values import Value, look
from llmx.core.source import Permissions, Server, Source

SERVERS, RULES = "amp.mcpServers", "amp.permissions"
ACTIONS = {"deny": "reject", "ask": "ask", "allow": "allow"}
"""Verdict -> Amp's word for it, the strictest first."""

UNSAID = "it is not documented whether Amp's rules see the changed command; llm-exec's own policy does"


class Amp:
    """Amp."""

    name, title, program = "amp", "Amp", "amp"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Its one file."""
        folder = where.project / ".amp" if scope == "project" else where.config("amp")
        return (File(folder / "settings.json", "jsonc"),)

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, rules, skills and settings."""
        del read
        file = self.files(where, scope)[0]
        entries, losses = opening(source, file, written, key=SERVERS, lsp="Amp has no language servers")
        if scope == "project":
            losses += user_only(source._replace(endpoint=None), self.name, self.title)
        else:
            listed, unsaid = rules(source.rules_for(self.name))
            entries += [Entry(file, (RULES,), listed, "permission")] if listed else []
            losses += unsaid
        if source.endpoint:
            losses.append(Loss("endpoint", source.endpoint.url, "Amp asks its own servers only"))
        folder = where.project / ".agents" if scope == "project" else where.config("agents")
        skills = {"skill": f"{folder}/skills/{{}}/SKILL.md"}
        entries += prompt_entries(of_kind(source, "skill"), self.name, skills)
        losses += no_prompts(of_kind(source, "subagent", "command"), "Amp has skills only; make it one")
        if source.hooks.llm_exec:
            plugins = where.project / ".amp" if scope == "project" else where.config("amp")
            entries.append(whole_hook(plugins / "plugins/llmx.ts", AMP_PLUGIN))
            losses.append(Loss("hook", "llm_exec", UNSAID))
        entries += setting_entries(file, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``amp.mcpServers`` holds."""
        file = self.files(where, scope)[0]
        return read_servers(look(read(file.path, file.format), (SERVERS,)))


def written(server: Server) -> Value:
    """A server as Amp writes it; ``${NAME}`` is its own form of a reference, in all of these."""
    if server.url:
        return dropped({"url": server.url, "headers": server.headers})
    return dropped({"command": server.command, "args": list(server.args), "env": server.env, "cwd": server.cwd})


def rules(permissions: Permissions) -> tuple[list[dict[str, Any]], list[Loss]]:
    """The list of rules, the strictest first."""
    listed: list[dict[str, Any]] = []
    losses = [Loss("permission", f"allow {text}", widens(text)) for text in permissions.allow if widens(text)]
    for verdict, action in ACTIONS.items():
        texts = [text for text in getattr(permissions, verdict) if verdict != "allow" or not widens(text)]
        patterns = [f"/{one}/" for text in texts for one in regexes(text, wrapped=verdict != "allow")]
        if patterns:
            listed.append({"tool": "Bash", "matches": {"cmd": patterns}, "action": action})
    return listed, losses


AMP = Amp()
