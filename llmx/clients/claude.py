"""Claude Code: servers in ``.claude.json`` or ``.mcp.json``, prompts in files, all else in ``settings.json``.

Its JSON is strict. Of its rules deny wins over ask and ask over allow, wherever they stand; a project's allow rules
count only in a folder that its user has trusted.
"""

from pathlib import Path
from shlex import quote

from llmx.clients.claude_plugin import plugin
from llmx.clients.hooks import claude_hooks
from llmx.clients.prompts import Places, prompt_entries
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import globs, widens
from llmx.clients.shapes import dropped, opening, read_servers
from llmx.core.edits.values import Value, look
from llmx.core.source import Endpoint, Server, Source

NO_KEY = "local"
"""What stands for a key where a server of one's own needs none; without one, Claude asks for a login."""


class Claude:
    """Claude Code."""

    name, title, program = "claude", "Claude Code", "claude"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Servers first, then settings."""
        if scope == "project":
            return File(where.project / ".mcp.json", "json"), File(where.project / ".claude/settings.json", "json")
        folder = where.moved("CLAUDE_CONFIG_DIR", ".claude")
        servers = folder / ".claude.json" if where.env.get("CLAUDE_CONFIG_DIR") else where.home / ".claude.json"
        return File(servers, "json"), File(folder / "settings.json", "json")

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """All of the source; language servers are in a plug-in."""
        del read
        servers, settings = self.files(where, scope)
        entries, losses = opening(source, servers, written)
        plugged, unsaid = plugin(source.lsp, self._folder(where, scope) / "skills")
        entries, losses = entries + plugged, losses + unsaid
        if scope == "project" and plugged:
            losses.append(Loss("lsp", "all of them", "count once this folder is trusted in Claude itself"))
        entries += prompt_entries(source.prompts, self.name, self._places(where, scope))
        if source.endpoint:
            entries += endpoint_entries(source.endpoint, settings)
        for verdict, rules in zip(("allow", "ask", "deny"), source.rules_for(self.name), strict=True):
            for rule in rules:
                if verdict == "allow" and widens(rule):
                    losses.append(Loss("permission", f"allow {rule}", widens(rule)))
                    continue
                entries += [
                    Entry(settings, ("permissions", verdict), f"Bash({glob})", "permission", is_member=True)
                    for glob in globs(rule, wrapped=verdict != "allow")
                ]
        if scope == "project" and source.rules_for(self.name).allow:
            losses.append(Loss("permission", "allow", "counts once this folder is trusted in Claude itself"))
        entries += claude_hooks(source, settings)
        entries += setting_entries(settings, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def _places(self, where: Where, scope: Scope) -> Places:
        folder = self._folder(where, scope)
        return {
            "subagent": f"{folder}/agents/{{}}.md",
            "command": f"{folder}/commands/{{}}.md",
            "skill": f"{folder}/skills/{{}}/SKILL.md",
        }

    def _folder(self, where: Where, scope: Scope) -> Path:
        return where.project / ".claude" if scope == "project" else where.moved("CLAUDE_CONFIG_DIR", ".claude")

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``mcpServers`` holds."""
        file = self.files(where, scope)[0]
        return read_servers(look(read(file.path, file.format), ("mcpServers",)))


def written(server: Server) -> Value:
    """A server as Claude writes it; ``${NAME}`` is its own form of a reference."""
    if server.url:
        return dropped({"type": server.transport, "url": server.url, "headers": server.headers})
    return dropped(
        {"type": "stdio", "command": server.command, "args": list(server.args), "env": server.env, "cwd": server.cwd}
    )


def endpoint_entries(endpoint: Endpoint, settings: File) -> list[Entry]:
    """Anthropic's wire: variables, and a command that prints the key where there is one."""
    small = endpoint.small_model or endpoint.model
    variables = {
        "ANTHROPIC_BASE_URL": endpoint.url,
        "ANTHROPIC_MODEL": endpoint.model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": small,
        "ANTHROPIC_AUTH_TOKEN": "" if endpoint.api_key else NO_KEY,
    }
    entries = [Entry(settings, ("env", name), value, "endpoint") for name, value in dropped(variables).items()]
    keeper, _, name = endpoint.api_key.partition(":")
    file = f'"$HOME"/{quote(name[2:])}' if name.startswith("~/") else quote(name)
    commands = {"env": f'printenv "{name}"', "file": f"cat {file}", "keyring": f"keyring get llmx {quote(name)}"}
    command = commands.get(keeper)
    return [*entries, Entry(settings, ("apiKeyHelper",), command, "endpoint")] if command else entries


CLAUDE = Claude()
