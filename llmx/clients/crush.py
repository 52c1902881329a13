"""Crush: ``crush.json``, or a ``crushrc`` in Bash, which it prefers since 2026.

What is there is edited in its own form; a new file is JSON, which every version reads. It has rules on tools, and none
on commands.
"""

from pathlib import Path
from typing import Any

from llmx.clients.crushrc import PROVIDER, commands, servers_in
from llmx.clients.hooks import CRUSH as CRUSH_HOOK
from llmx.clients.hooks import member
from llmx.clients.prompts import losses as no_prompts
from llmx.clients.prompts import of_kind, prompt_entries, whole
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.shapes import dropped, list_in, read_each, read_server, table_in
from llmx.core.edits.values import look
from llmx.core.source import Endpoint, Lsp, Server, Source
from llmx.core.source.tables import REFERENCE

REFERENCES = r"\$(?:\{(?=[A-Za-z_]\w*\}))?([A-Za-z_]\w*)\}?"
CONTEXT, ANSWER = 128_000, 8192
FREE = ("cost_per_1m_in", "cost_per_1m_out", "cost_per_1m_in_cached", "cost_per_1m_out_cached")


class Crush:
    """Crush."""

    name, title, program = "crush", "Crush", "crush"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """The one that is there and wins first, then those that llmx may have written before."""
        if scope == "project":
            names = (".crushrc", "crushrc", ".crush.json", "crush.json")
            places = [where.project / name for name in names]
        else:
            places = [where.config("crush") / "crushrc", self._older(where)]
        main = next((place for place in places if place.exists()), places[-1])
        files = [main, *(place for place in places if place != main)]
        return tuple(File(place, "jsonc" if place.suffix == ".json" else "shell") for place in files)

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, language servers, endpoint, prompts and settings."""
        del read
        file = self.files(where, scope)[0]
        said = [server for server in source.servers.values() if not unwritable(server)]
        losses = [Loss("mcp", s.name, reason) for s in source.servers.values() if (reason := unwritable(s))]
        entries = [Entry(file, ("mcp", server.name), written(server), "mcp") for server in said]
        entries += [Entry(file, ("lsp", name), language_server(lsp), "lsp") for name, lsp in source.lsp.items()]
        if source.endpoint:
            entries += endpoint_entries(source.endpoint, file)
            keeper = source.endpoint.api_key.partition(":")[0]
            if keeper and keeper != "env":
                losses.append(Loss("endpoint", "api_key", f"Crush takes no key from a {keeper}"))
        for verdict, rules in zip(("allow", "ask", "deny"), source.rules_for(self.name), strict=True):
            losses += [Loss("permission", f"{verdict} {rule}", "Crush has rules on whole tools only") for rule in rules]
        if source.hooks.llm_exec:
            entries.append(member(file, "PreToolUse", CRUSH_HOOK))
            losses.append(Loss("hook", "llm_exec", "Crush calls no hook for what its own sub-agents run"))
        settings = source.settings.get(self.name, {})
        if file.format == "shell":
            entries = [entry for one in entries for entry in commands(one)]
            losses += [Loss("setting", name, "it is Bash in a crushrc; write it there") for name in settings]
        else:
            entries += setting_entries(file, settings)
        told = prompts(source, where.project / ".crush" if scope == "project" else where.config("crush"))
        return Rendering((*entries, *told), (*losses, *no_prompts(of_kind(source, "subagent"), "Crush has no agents")))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``mcp`` holds, or ``mcp add`` says: no more than stands in plain words in a crushrc is seen."""
        found: dict[str, Server] = {}
        for file in reversed(self.files(where, scope)):
            if file.format == "shell":
                listed = servers_in(str(look(read(file.path, "text"), ("text",))) if file.path.exists() else "")
            else:
                listed = look(read(file.path, file.format), ("mcp",))
            found |= {server.name: server for server in read_each(listed, _read)}
        return list(found.values())

    def _older(self, where: Where) -> Path:
        """The JSON file."""
        if where.platform == "win32":
            local = Path(where.env.get("LOCALAPPDATA") or where.home / "AppData" / "Local")
            return local / "crush" / "crush.json"
        return where.config("crush") / "crush.json"


def unwritable(server: Server) -> str:
    """Why Crush cannot have the server; empty where it can."""
    if server.cwd:
        return "Crush starts servers in the project's folder only"
    texts = (server.command, server.url, *server.args, *server.env.values(), *server.headers.values())
    is_run = any(mark in REFERENCE.sub("", text) for text in texts for mark in "$`")
    return "Crush would run or fill in what stands behind its $ or `" if is_run else ""


def written(server: Server) -> dict[str, Any]:
    """A server as Crush writes it; ``${NAME}`` is its own form of a reference."""
    rest: dict[str, Any] = {} if server.enabled else {"disabled": True}
    if server.timeout:
        rest["timeout"] = max(1, round(server.timeout))
    if server.url:
        return {"type": server.transport, "url": server.url, **dropped({"headers": server.headers}), **rest}
    local = {"args": list(server.args), "env": server.env}
    return {"type": "stdio", "command": server.command, **dropped(local), **rest}


def language_server(lsp: Lsp) -> dict[str, Any]:
    """A language server; its files are known by their extensions without the dot."""
    first, *args = lsp.command
    found = {"command": first, "args": args, "env": lsp.env, "filetypes": [e.lstrip(".") for e in lsp.extensions]}
    return dropped({**found, "disabled": not lsp.enabled or None})


def endpoint_entries(endpoint: Endpoint, file: File) -> list[Entry]:
    """OpenAI's wire, through a provider of one's own."""
    small = endpoint.small_model or endpoint.model
    keeper, _, name = endpoint.api_key.partition(":")
    facts = {**dict.fromkeys(FREE, 0), "context_window": CONTEXT, "default_max_tokens": ANSWER}
    can = {"can_reason": False, "supports_attachments": False}
    provider = {
        "name": "llmx",
        "type": "openai-compat",
        "base_url": f"{endpoint.url}/v1",
        **({"api_key": f"${name}"} if keeper == "env" else {}),
        "models": [{"id": one, "name": one, **facts, **can} for one in dict.fromkeys((endpoint.model, small))],
    }
    return [
        Entry(file, ("providers", PROVIDER), provider, "endpoint"),
        Entry(file, ("models", "large"), {"model": endpoint.model, "provider": PROVIDER}, "endpoint"),
        Entry(file, ("models", "small"), {"model": small, "provider": PROVIDER}, "endpoint"),
    ]


def prompts(source: Source, folder: Path) -> list[Entry]:
    """Skills as others have them; a command is the text alone."""
    found = [
        whole(folder / f"commands/{name}.md", prompt.text_for(CRUSH.name).strip() + "\n")
        for name, prompt in of_kind(source, "command").items()
    ]
    return [*found, *prompt_entries(of_kind(source, "skill"), CRUSH.name, {"skill": f"{folder}/skills/{{}}/SKILL.md"})]


def _read(name: str, entry: dict[str, Any]) -> Server:
    """The server with its switch and its time; ``$NAME`` is a reference, too."""
    env = table_in(entry, "env")
    server = read_server(name, {**entry, "args": list_in(entry, "args"), "env": env}, REFERENCES)
    time = entry.get("timeout")
    timeout = float(time) if isinstance(time, int | float) and not isinstance(time, bool) else None
    return server._replace(enabled=entry.get("disabled") is not True, timeout=timeout)


CRUSH = Crush()
