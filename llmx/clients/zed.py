"""Zed: all in ``settings.json``, with comments. It cannot be asked offline.

Of a project it takes servers and language servers only.
"""

from typing import Any

from llmx.clients.hooks import no_hooks
from llmx.clients.prompts import losses as no_prompts
from llmx.clients.prompts import of_kind, prompt_entries
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import regexes, widens
from llmx.clients.shapes import dropped, opening, read_each, read_server, refers, user_only
from llmx.core.edits.values import Value, look
from llmx.core.source import Endpoint, Lsp, Permissions, Server, Source

PROVIDER, KEY = "llmx", "LLMX_API_KEY"
"""The provider, and the variable that Zed makes of its name."""

LISTS = {"allow": "always_allow", "ask": "always_confirm", "deny": "always_deny"}
CONTEXT = 128_000
SERVERS = {
    "basedpyright-langserver": "basedpyright",
    "bash-language-server": "bash-language-server",
    "clangd": "clangd",
    "gopls": "gopls",
    "intelephense": "intelephense",
    "jdtls": "jdtls",
    "lua-language-server": "lua-language-server",
    "nil": "nil",
    "nixd": "nixd",
    "pylsp": "pylsp",
    "pyright-langserver": "pyright",
    "ruby-lsp": "ruby-lsp",
    "ruff": "ruff",
    "rust-analyzer": "rust-analyzer",
    "terraform-ls": "terraform-ls",
    "typescript-language-server": "typescript-language-server",
    "vscode-json-language-server": "json-language-server",
    "vtsls": "vtsls",
    "yaml-language-server": "yaml-language-server",
    "zls": "zls",
}
"""Program of a language server -> the name that Zed, or an extension of it, starts it by."""


class Zed:
    """Zed."""

    name, title, program = "zed", "Zed", "zed"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Its one file."""
        if scope == "project":
            return (File(where.project / ".zed/settings.json", "jsonc"),)
        folder = where.roaming / "Zed" if where.platform == "win32" else where.config("zed")
        return (File(folder / "settings.json", "jsonc"),)

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, language servers, endpoint, rules, skills and settings."""
        del read
        file = self.files(where, scope)[0]
        entries, losses = opening(source, file, written, key="context_servers", unwritable=unwritable)
        off = [server for server in source.servers.values() if not server.enabled and not unwritable(server)]
        entries += [Entry(file, ("context_servers", s.name), {**written(s), "enabled": False}, "mcp") for s in off]
        for name, lsp in source.lsp.items():
            if reason := _unsaid(lsp):
                losses.append(Loss("lsp", name, reason))
            else:
                entries.append(Entry(file, ("lsp", SERVERS[_program(lsp)], "binary"), binary(lsp), "lsp"))
        if scope == "project":
            losses += user_only(source, self.name, self.title)
        else:
            found = rule_entries(source.rules_for(self.name), file)
            endpoint = endpoint_entries(source.endpoint, file) if source.endpoint else ([], [])
            entries, losses = entries + found[0] + endpoint[0], losses + found[1] + endpoint[1]
        home = where.project if scope == "project" else where.home
        skills = {"skill": f"{home}/.agents/skills/{{}}/SKILL.md"}
        entries += prompt_entries(of_kind(source, "skill"), self.name, skills)
        losses += no_prompts(of_kind(source, "subagent", "command"), "Zed has no agents or commands; make it a skill")
        losses += no_hooks(source, self.title)
        entries += setting_entries(file, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``context_servers`` holds, without those of extensions."""
        file = self.files(where, scope)[0]
        return read_each(look(read(file.path, file.format), ("context_servers",)), _read)


def unwritable(server: Server) -> str:
    """Why Zed cannot have the server; empty where it can."""
    if server.transport == "sse":
        return "Zed speaks to no server of the older SSE kind"
    if server.cwd:
        return "Zed starts servers in a folder of its own choice"
    return "Zed fills in no variables, and a key itself is not written" if refers(server) else ""


def written(server: Server) -> dict[str, Any]:
    """A server as Zed writes it."""
    if server.url:
        return dropped({"url": server.url, "headers": server.headers})
    return dropped({"command": server.command, "args": list(server.args), "env": server.env})


def binary(lsp: Lsp) -> Value:
    """How Zed starts a language server that it knows."""
    return dropped({"path": lsp.command[0], "arguments": list(lsp.command[1:]), "env": lsp.env})


def rule_entries(permissions: Permissions, file: File) -> tuple[list[Entry], list[Loss]]:
    """Members of the three lists for its terminal; what is refused counts most, then what is asked about."""
    entries: list[Entry] = []
    losses: list[Loss] = []
    for verdict, rules in zip(("allow", "ask", "deny"), permissions, strict=True):
        path = ("agent", "tool_permissions", "tools", "terminal", LISTS[verdict])
        for text in rules:
            if verdict == "allow" and widens(text):
                losses.append(Loss("permission", f"allow {text}", widens(text)))
                continue
            exact = {"case_sensitive": True} if verdict == "allow" else {}
            entries += [
                Entry(file, path, {"pattern": pattern, **exact}, "permission", is_member=True)
                for pattern in regexes(text, wrapped=verdict != "allow")
            ]
    return entries, losses


def endpoint_entries(endpoint: Endpoint, file: File) -> tuple[list[Entry], list[Loss]]:
    """OpenAI's wire, through a provider of one's own."""
    small = endpoint.small_model or endpoint.model
    models = [{"name": model, "max_tokens": CONTEXT} for model in dict.fromkeys((endpoint.model, small))]
    provider = {"api_url": f"{endpoint.url}/v1", "available_models": models}
    chosen = {"provider": PROVIDER, "model": endpoint.model}
    entries = [
        Entry(file, ("language_models", "openai_compatible", PROVIDER), provider, "endpoint"),
        Entry(file, ("agent", "default_model"), chosen, "endpoint"),
    ]
    has_key = endpoint.api_key == f"env:{KEY}"
    reason = f"Zed takes a key from {KEY} in its environment, any text where the server needs none"
    return entries, [] if has_key else [Loss("endpoint", "api_key", reason)]


def _program(lsp: Lsp) -> str:
    return lsp.command[0].replace("\\", "/").rpartition("/")[2] if lsp.command else ""


def _unsaid(lsp: Lsp) -> str:
    if not lsp.enabled:
        return "Zed has no word for one that is off"
    return "" if _program(lsp) in SERVERS else "Zed starts only those that it or an extension knows"


def _read(name: str, entry: dict[str, Any]) -> Server | None:
    """The server in an entry; None for one that an extension brings."""
    if "command" not in entry and "url" not in entry:
        return None
    command = entry.get("command")
    older = {**entry, **command, "command": command.get("path")} if isinstance(command, dict) else entry
    return read_server(name, older)._replace(enabled=entry.get("enabled") is not False)


ZED = Zed()
