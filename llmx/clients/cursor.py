"""Cursor, editor and CLI: servers in ``mcp.json``, what the CLI may run in ``cli-config.json``.

It cannot be asked offline. The CLI has no rule for asking: it asks for what is not allowed.
"""

from llmx.clients.hooks import cursor_hooks
from llmx.clients.prompts import Places, prompt_entries
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import LINES, WRAPPERS, meet, rule, spellings, widens
from llmx.clients.shapes import dropped, opening, read_servers, respelled, respelled_map
from llmx.core.edits.values import Value, look
from llmx.core.source import Permissions, Server, Source

ENDS = ("", " *")
REFERENCE = r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}"


class Cursor:
    """Cursor."""

    name, title, program = "cursor", "Cursor", "cursor-agent"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Servers first, then the CLI's settings, of which a project's may hold permissions only, then hooks."""
        own = (where.project if scope == "project" else where.home) / ".cursor"
        servers, hooks = File(own / "mcp.json", "jsonc"), File(own / "hooks.json", "json")
        if scope == "project":
            return servers, File(own / "cli.json", "json"), hooks
        xdg = where.env.get("XDG_CONFIG_HOME", "")
        moved = xdg.startswith("/") and where.platform == "linux"
        return servers, File((where.config("cursor") if moved else own) / "cli-config.json", "json"), hooks

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, permissions, prompts and settings."""
        del read
        servers, settings, hooks = self.files(where, scope)
        entries, losses = opening(source, servers, written, lsp="Cursor has language servers through extensions only")
        entries += prompt_entries(source.prompts, self.name, places(where, scope))
        if source.endpoint:
            losses.append(Loss("endpoint", source.endpoint.url, "Cursor keeps it in no file, and asks its own servers"))
        found = rule_entries(source.rules_for(self.name), settings)
        entries, losses = entries + found[0], losses + found[1]
        entries += cursor_hooks(source, hooks)
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


def rule_entries(permissions: Permissions, settings: File) -> tuple[list[Entry], list[Loss]]:
    """Members of the two lists, and what they cannot say; what is asked about must not be allowed by another rule."""
    entries: list[Entry] = []
    losses = [
        Loss("permission", f"ask {text}", "Cursor has no such rule; it asks for all that is not allowed")
        for text in permissions.ask
    ]
    for text in permissions.allow:
        asked = next((one for one in permissions.ask if meet(one, text)), "")
        reason = widens(text) or _unsaid(text) or (asked and f"what {asked!r} asks about would run without a question")
        if reason:
            losses.append(Loss("permission", f"allow {text}", reason))
        else:
            entries += [_member(settings, "allow", form) for form in forms(text)]
    for text in permissions.deny:
        if reason := _unsaid(text):
            losses.append(Loss("permission", f"deny {text}", reason))
        entries += [
            _member(settings, "deny", form) for form in [*([] if reason else forms(text)), *wrapped_forms(text)]
        ]
    return entries, losses


def forms(text: str) -> list[str]:
    """``Shell(program)``, or ``Shell(program:arguments)`` with and without more behind them, in each spelling."""
    program = rule(text).words[0]
    behind = [spelled.removeprefix(program).strip() for spelled in spellings(text)]
    if not behind[0]:
        return [f"Shell({program})"]
    return [f"Shell({program}:{words}{end})" for words in behind for end in ("", " *")]


def wrapped_forms(text: str) -> list[str]:
    """The same behind the wrapper."""
    words = [
        f"{program}:{between}{one}{end}" for program, between in WRAPPERS for one in spellings(text) for end in ENDS
    ]
    lines = [f"{program}:{between}{one}*" for program, between in LINES for one in spellings(text)]
    return [f"Shell({form})" for form in [*words, *lines]]


def _unsaid(text: str) -> str:
    """Why Cursor cannot be told the program of the rule; empty where it can."""
    program = rule(text).words[0]
    is_plain = not any(char.isspace() or char in "'\"\\:()," for char in program)
    return "" if is_plain and text.strip().startswith(program) else "Cursor knows a program by one plain word only"


def _member(file: File, verdict: str, value: str) -> Entry:
    return Entry(file, ("permissions", verdict), value, "permission", is_member=True)


CURSOR = Cursor()
