"""Claude Desktop: one file with servers that are programs. Nobody can ask it offline whether it took an edit."""

from pathlib import Path

from llmx.clients.hooks import no_hooks
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.shapes import dropped, read_servers, refers
from llmx.core.edits.values import look
from llmx.core.source import Server, Source

FILE = "claude_desktop_config.json"


class ClaudeDesktop:
    """Claude Desktop."""

    name, title, program = "claude-desktop", "Claude Desktop", ""

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Its one file, the user's."""
        return () if scope == "project" else (File(self._folder(where) / FILE, "json"),)

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers that are programs, and settings."""
        del read
        if scope == "project":
            return Rendering()
        file = self.files(where, scope)[0]
        losses: list[Loss] = []
        entries: list[Entry] = []
        for name, server in source.servers.items():
            if not server.enabled:
                continue
            if server.url:
                losses.append(Loss("mcp", name, "servers behind a URL are added in the app, as Connectors"))
            elif refers(server):
                losses.append(Loss("mcp", name, "the app fills in no variables, and a key itself is not written"))
            else:
                value = {"command": server.command, "args": list(server.args), "env": server.env}
                entries.append(Entry(file, ("mcpServers", name), dropped(value), "mcp"))
        if source.endpoint:
            losses.append(Loss("endpoint", source.endpoint.url, "the app speaks to Anthropic only"))
        losses += [Loss("lsp", name, "the app has no language servers") for name in source.lsp]
        losses += [Loss("prompt", name, "the app has no prompts in a file") for name in source.prompts]
        if any(source.rules_for(self.name)):
            losses.append(Loss("permission", "all rules", "the app has none in a file"))
        losses += no_hooks(source, self.title, reads=False)
        entries += setting_entries(file, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``mcpServers`` holds."""
        return [
            s for f in self.files(where, scope) for s in read_servers(look(read(f.path, f.format), ("mcpServers",)))
        ]

    def _folder(self, where: Where) -> Path:
        if where.platform == "darwin":
            return where.home / "Library/Application Support/Claude"
        return where.roaming / "Claude" if where.platform == "win32" else where.config("Claude")


CLAUDE_DESKTOP = ClaudeDesktop()
