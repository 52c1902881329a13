"""Gemini CLI: servers and settings in ``settings.json``, rules in a policy of their own, the endpoint in ``.env``.

It asks a model in Google's own wire only, and reads of several ``.env`` files the nearest one alone.
"""

import json
from pathlib import Path
from typing import Any

from llmx.clients.hooks import AGENTS_MD, PRE, group, member, reading
from llmx.clients.prompts import losses as no_prompts
from llmx.clients.prompts import of_kind, prompt_entries, whole
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import START, regexes, rule, widens
from llmx.clients.shapes import dropped, list_in, opening, read_each, read_server, user_only
from llmx.core.edits.values import Value, look
from llmx.core.plugins import load
from llmx.core.source import Endpoint, Permissions, Server, Source

KEY = "GEMINI_API_KEY"
NO_KEY = "local"
"""What stands for a key where a server of one's own needs none; without one, Gemini asks for a login."""

HEAD = "# Written by llmx from your permissions; `llmx client apply gemini` writes it anew.\n"
DECISIONS = {"allow": ("allow", 100), "ask": ("ask_user", 200), "deny": ("deny", 300)}
"""Verdict -> Gemini's word for it, and its priority: of the rules that match, the highest counts."""

RUNS = ("!{", "@{")
"""What makes Gemini run a command or read a file when a command of one's own is used."""


class Gemini:
    """Gemini CLI."""

    name, title, program = "gemini", "Gemini CLI", "gemini"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Settings first; the user's policy and variables behind them."""
        if scope == "project":
            return (File(where.project / ".gemini/settings.json", "jsonc"),)
        folder = where.home / ".gemini"
        policy = File(folder / "policies/llmx.toml", "text")
        return File(folder / "settings.json", "jsonc"), policy, File(folder / ".env", "shell")

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, endpoint, rules, prompts and settings."""
        settings, *others = self.files(where, scope)
        entries, losses = opening(source, settings, written, lsp="Gemini has no language servers")
        for server in source.servers.values():
            if not server.enabled:
                entries.append(Entry(settings, ("mcpServers", server.name), written(server), "mcp"))
                entries.append(Entry(settings, ("mcp", "excluded"), server.name, "mcp", is_member=True))
        if scope == "project":
            losses += user_only(source, self.name, "Gemini")
        else:
            policy, variables = others
            found = policy_text(source.rules_for(self.name))
            entries += [Entry(policy, ("text",), found[0], "permission")] if found[0] else []
            endpoint = endpoint_entries(source.endpoint, settings, variables) if source.endpoint else ([], [])
            entries, losses = entries + endpoint[0], losses + found[1] + endpoint[1]
        value = read(settings.path, settings.format)
        names = reading(source, settings, ("context", "fileName"), value, (AGENTS_MD, "GEMINI.md"))
        entries, losses = entries + names[0], losses + names[1]
        if source.hooks.llm_exec:
            entries.append(member(settings, "BeforeTool", group(f"{PRE} gemini", "run_shell_command")))
        told = prompts(source, settings.path.parent)
        entries += [*told[0], *setting_entries(settings, source.settings.get(self.name, {}))]
        return Rendering(tuple(entries), (*losses, *told[1]))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``mcpServers`` holds, without those that ``mcp.excluded`` switches off."""
        file = self.files(where, scope)[0]
        value = read(file.path, file.format)
        off = look(value, ("mcp", "excluded"))
        found = read_each(look(value, ("mcpServers",)), _read)
        return [server._replace(enabled=not (isinstance(off, list) and server.name in off)) for server in found]


def written(server: Server) -> Value:
    """A server as Gemini writes it; ``${NAME}`` is its own form of a reference, and a time is in milliseconds."""
    timeout = {"timeout": int(server.timeout * 1000)} if server.timeout else {}
    if server.url:
        way = "url" if server.transport == "sse" else "httpUrl"
        return {**dropped({way: server.url, "headers": server.headers}), **timeout}
    local = {"command": server.command, "args": list(server.args), "env": server.env, "cwd": server.cwd}
    return {**dropped(local), **timeout}


def endpoint_entries(endpoint: Endpoint, settings: File, variables: File) -> tuple[list[Entry], list[Loss]]:
    """Google's wire, told in variables."""
    entries = [
        Entry(settings, ("security", "auth", "selectedType"), "gemini-api-key", "endpoint"),
        Entry(settings, ("model", "name"), endpoint.model, "endpoint"),
        Entry(variables, ("url",), f"GOOGLE_GEMINI_BASE_URL={endpoint.url}", "endpoint"),
    ]
    losses = [
        Loss("endpoint", endpoint.url, "Gemini asks in Google's own wire only; a server that has another refuses it"),
        Loss("endpoint", str(variables.path), "counts where no .env stands nearer to the project"),
    ]
    if not endpoint.api_key:
        entries.append(Entry(variables, ("key",), f"{KEY}={NO_KEY}", "endpoint"))
    elif endpoint.api_key != f"env:{KEY}":
        losses.append(Loss("endpoint", "api_key", f"Gemini takes a key from {KEY} only"))
    return entries, losses


def policy_text(permissions: Permissions) -> tuple[str, list[Loss]]:
    """The rules as a policy; Gemini takes a line apart, and asks about each command in it."""
    blocks: list[str] = []
    losses: list[Loss] = []
    for verdict, rules in zip(("allow", "ask", "deny"), permissions, strict=True):
        decision, priority = DECISIONS[verdict]
        for text in rules:
            if verdict == "allow" and widens(text):
                losses.append(Loss("permission", f"allow {text}", widens(text)))
                continue
            said = [("commandPrefix", rule(text).joined)]
            if verdict != "allow":
                said = [("commandRegex", in_json(pattern)) for pattern in regexes(text, wrapped=True)]
            blocks += [
                f'\n[[rule]]\ntoolName = "run_shell_command"\n{key} = {json.dumps(value, ensure_ascii=False)}\n'
                f'decision = "{decision}"\npriority = {priority}\n'
                for key, value in said
            ]
    return (HEAD + "".join(blocks) if blocks else ""), losses


def in_json(pattern: str) -> str:
    """A pattern as Gemini looks for it: from the first letter of a command in JSON, where quotes have a backslash."""
    return pattern.removeprefix(START).replace('"', '\\\\?"')


def prompts(source: Source, folder: Path) -> tuple[list[Entry], list[Loss]]:
    """Agents and skills as others have them, commands in TOML."""
    places = {"subagent": f"{folder}/agents/{{}}.md", "skill": f"{folder}/skills/{{}}/SKILL.md"}
    entries = prompt_entries(of_kind(source, *places), GEMINI.name, places)
    commands = of_kind(source, "command")
    unsafe = [name for name, prompt in commands.items() if any(mark in prompt.text_for("gemini") for mark in RUNS)]
    write = load("llmx.clients.gemini_commands:written") if len(commands) > len(unsafe) else None
    entries += [
        whole(folder / f"commands/{n}.toml", write(p)) for n, p in commands.items() if write and n not in unsafe
    ]
    return entries, no_prompts(unsafe, "Gemini would run or read what stands in its !{ } or @{ }")


def _read(name: str, entry: dict[str, Any]) -> Server:
    """The server in an entry; which word its URL has says how it is reached."""
    shape = {**entry, "args": list_in(entry, "args")}
    if url := entry.get("httpUrl"):
        return read_server(name, {**shape, "url": url})
    return read_server(name, shape | ({"type": "sse"} if "url" in entry and entry.get("type") != "http" else {}))


GEMINI = Gemini()
