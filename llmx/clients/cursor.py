"""Cursor, editor and CLI: servers in ``mcp.json``, what the CLI may run in ``cli-config.json``.

It cannot be asked offline. The CLI has no rule for asking: it asks for what is not allowed.
"""

from llmx.clients.prompts import Places, prompt_entries
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import WRAPPERS, meet, rule, widens
from llmx.clients.shapes import dropped, read_servers, respelled, respelled_map
from llmx.core.edits.values import Value, look
from llmx.core.source import Server, Source

REFERENCE = r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}"


class Cursor:
    """Cursor."""

    name, title, program = "cursor", "Cursor", "cursor-agent"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Servers first, then the CLI's settings; a project's may hold permissions only."""
        if scope == "project":
            return File(where.project / ".cursor/mcp.json", "jsonc"), File(where.project / ".cursor/cli.json", "json")
        xdg = where.env.get("XDG_CONFIG_HOME", "")
        moved = xdg.startswith("/") and where.platform == "linux"
        folder = where.config("cursor") if moved else where.home / ".cursor"
        return File(where.home / ".cursor/mcp.json", "jsonc"), File(folder / "cli-config.json", "json")

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, permissions, prompts and settings."""
        del read
        servers, settings = self.files(where, scope)
        entries = [
            Entry(servers, ("mcpServers", name), written(server), "mcp")
            for name, server in source.servers.items()
            if server.enabled
        ]
        losses = [Loss("lsp", name, "Cursor has language servers through extensions only") for name in source.lsp]
        entries += prompt_entries(source.prompts, self.name, places(where, scope))
        if source.endpoint:
            losses.append(Loss("endpoint", source.endpoint.url, "Cursor keeps it in no file, and asks its own servers"))
        for text in source.rules_for(self.name).allow:
            asked = next((one for one in source.rules_for(self.name).ask if meet(one, text)), "")
            reason = widens(text) or (asked and f"what {asked!r} asks about would run without a question")
            if reason:
                losses.append(Loss("permission", f"allow {text}", reason))
            else:
                entries += [_member(settings, "allow", form) for form in forms(text)]
        for text in source.rules_for(self.name).deny:
            entries += [_member(settings, "deny", form) for form in [*forms(text), *wrapped_forms(text)]]
        losses += [
            Loss("permission", f"ask {text}", "Cursor has no such rule; it asks for all that is not allowed")
            for text in source.rules_for(self.name).ask
        ]
        entries += setting_entries(settings, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``mcpServers`` holds."""
        file = self.files(where, scope)[0]
        return read_servers(look(read(file.path, file.format), ("mcpServers",)), REFERENCE)


def places(where: Where, scope: Scope) -> Places:
    """The files of prompts."""
    folder = (where.project if scope == "project" else where.home) / ".cursor"
    return {
        "subagent": f"{folder}/agents/{{}}.md",
        "command": f"{folder}/commands/{{}}.md",
        "skill": f"{folder}/skills/{{}}/SKILL.md",
    }


def written(server: Server) -> Value:
    """A server as Cursor writes it."""
    form = "${env:{}}"
    if server.url:
        return dropped({"url": respelled(server.url, form), "headers": respelled_map(server.headers, form)})
    args = [respelled(word, form) for word in server.args]
    return dropped({"command": server.command, "args": args, "env": respelled_map(server.env, form), "cwd": server.cwd})


def forms(text: str) -> list[str]:
    """``Shell(program)``, or ``Shell(program:arguments)`` with and without more behind them."""
    program, *rest = rule(text).words
    joined = " ".join(rest)
    return [f"Shell({program}:{joined})", f"Shell({program}:{joined} *)"] if rest else [f"Shell({program})"]


def wrapped_forms(text: str) -> list[str]:
    """The same behind the wrapper."""
    joined = rule(text).joined
    split = [(wrapper.split(" ")[0], " ".join([*wrapper.split(" ")[1:], "*", joined])) for wrapper in WRAPPERS]
    return [f"Shell({program}:{rest}{end})" for program, rest in split for end in ("", " *")]


def _member(file: File, verdict: str, value: str) -> Entry:
    return Entry(file, ("permissions", verdict), value, "permission", is_member=True)


CURSOR = Cursor()
