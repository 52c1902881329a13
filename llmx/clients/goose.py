"""Goose: one YAML file of the user's, and a file for a provider of one's own. Of a project it takes prompts only.

It takes a broken file for an empty one, and says nothing; so nothing but values tells whether an edit was right.
"""

import json
from pathlib import Path
from typing import Any

from llmx.clients.hooks import GOOSE as GOOSE_HOOKS
from llmx.clients.hooks import whole_hook
from llmx.clients.prompts import kind_of, of_kind, prompt_entries, whole
from llmx.clients.prompts import losses as no_prompts
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.shapes import dropped, list_in, read_each, read_server, table_in
from llmx.core.edits.values import Value, look
from llmx.core.plugins import load
from llmx.core.source import Endpoint, Hooks, Prompt, Server, Source
from llmx.core.source.tables import references

PROVIDER = "custom_llmx"
TIMEOUT_S = 300


class Goose:
    """Goose."""

    name, title, program = "goose", "Goose", "goose"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """The main file, and the provider's."""
        if scope == "project":
            return ()
        folder = self._folder(where)
        return File(folder / "config.yaml", "yaml"), File(folder / f"custom_providers/{PROVIDER}.json", "text")

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers as extensions, the endpoint as a provider, and settings."""
        del read
        if scope == "project":
            return self._of_project(source, where)
        main, provider = self.files(where, scope)
        entries: list[Entry] = []
        losses: list[Loss] = []
        for name, server in source.servers.items():
            reason = unwritable(server)
            if reason:
                losses.append(Loss("mcp", name, reason))
            else:
                entries.append(Entry(main, ("extensions", name), written(server), "mcp"))
        if source.endpoint:
            entries += endpoint_entries(source.endpoint, main, provider)
            keeper = source.endpoint.api_key.partition(":")[0]
            if keeper and keeper not in ("env",):
                losses.append(Loss("endpoint", "api_key", f"Goose takes no key from a {keeper}"))
        losses += [Loss("lsp", name, "Goose has no language servers") for name in source.lsp]
        entries += prompts(source, main.path.parent, main)
        for verdict, rules in zip(("allow", "ask", "deny"), source.rules_for(self.name), strict=True):
            losses += [Loss("permission", f"{verdict} {rule}", "Goose has a mode for all tools only") for rule in rules]
        entries += hooks(source, where.home)
        entries += setting_entries(main, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def _of_project(self, source: Source, where: Where) -> Rendering:
        """Prompts, which are all that it takes from a project."""
        entries = [*prompts(source, where.project / ".goose", None), *hooks(source, where.project)]
        rest = source._replace(prompts={}, hooks=Hooks()) != Source(source.file)
        reasons = [Loss("setting", "all but prompts and hooks", "Goose has no such file of a project")] if rest else []
        commands = of_kind(source, "command")
        return Rendering(tuple(entries), (*reasons, *no_prompts(commands, "as a command; goose run --recipe runs it")))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``extensions`` holds, without those that are built in."""
        if scope == "project":
            return []
        file = self.files(where, scope)[0]
        return read_each(look(read(file.path, file.format), ("extensions",)), _read)

    def _folder(self, where: Where) -> Path:
        return where.roaming / "Block/goose/config" if where.platform == "win32" else where.config("goose")


def unwritable(server: Server) -> str:
    """Why Goose cannot have the server; empty where it can."""
    if server.transport == "sse":
        return "Goose speaks to no server of the older SSE kind"
    values = [*server.args, server.url, *server.headers.values()]
    if any(references(value) for value in values):
        return "Goose fills in variables in env only"
    if any(references(value) and value != f"${{{name}}}" for name, value in server.env.items()):
        return "Goose gives a server a variable under its own name only"
    return ""


def written(server: Server) -> Value:
    """A server as an extension; variables that are kept elsewhere are named in ``env_keys``."""
    timeout = TIMEOUT_S if server.timeout is None else int(server.timeout) or 1
    if server.url:
        remote = {"enabled": server.enabled, "type": "streamable_http", "name": server.name, "uri": server.url}
        return {**remote, **dropped({"headers": server.headers}), "timeout": timeout}
    own = {name: value for name, value in server.env.items() if not references(value)}
    keys = [name for name, value in server.env.items() if references(value)]
    started = {"enabled": server.enabled, "type": "stdio", "name": server.name, "cmd": server.command}
    rest: dict[str, Any] = {"args": list(server.args), "envs": own, "env_keys": keys}
    return {**started, "args": rest["args"], "envs": own, **dropped({"env_keys": keys}), "timeout": timeout}


def prompts(source: Source, folder: Path, main: File | None) -> list[Entry]:
    """Agents and skills as others have them; commands, and prompts with a team, are recipes.

    ``main`` is the file that knows commands by their recipes.
    """
    recipes: dict[Path, str] = {}
    entries: list[Entry] = []
    places = {"subagent": f"{folder}/agents/{{}}.md", "skill": f"{folder}/skills/{{}}/SKILL.md"}
    for name, prompt in source.prompts.items():
        if kind_of(prompt) == "command" or prompt.team:
            recipes |= recipe_files(name, prompt, folder / "recipes")
        else:
            entries += prompt_entries({name: prompt}, GOOSE.name, places)
        if kind_of(prompt) == "command" and main:
            command = {"command": name, "recipe_path": str(folder / f"recipes/{name}.yaml")}
            entries.append(Entry(main, ("slash_commands",), command, "prompt", is_member=True))
    return [*entries, *(whole(path, text) for path, text in recipes.items())]


def hooks(source: Source, folder: Path) -> list[Entry]:
    """The plug-in whose hook sends commands through llm-exec; AGENTS.md it loads by itself."""
    place = folder / ".agents/plugins/llmx/hooks/hooks.json"
    return [whole_hook(place, GOOSE_HOOKS)] if source.hooks.llm_exec else []


def recipe_files(name: str, prompt: Prompt, folder: Path) -> dict[Path, str]:
    """The recipe of a prompt, and those of its team."""
    write = load("llmx.clients.recipes:recipe")
    team = {member: folder / f"{member}.yaml" for member in prompt.team}
    return {
        folder / f"{name}.yaml": write(name, prompt, team),
        **{path: write(member, prompt.team[member], {}) for member, path in team.items()},
    }


def endpoint_entries(endpoint: Endpoint, main: File, provider: File) -> list[Entry]:
    """OpenAI's wire, through a provider of one's own."""
    keeper, _, variable = endpoint.api_key.partition(":")
    has_key = keeper == "env"
    described = {
        "name": PROVIDER,
        "engine": "openai",
        "display_name": "llmx",
        "description": "The endpoint that llmx was told",
        "api_key_env": variable if has_key else "",
        "base_url": f"{endpoint.url}/v1/chat/completions",
        "models": [{"name": endpoint.model, "context_limit": 128000}],
        "supports_streaming": True,
        "requires_auth": has_key,
    }
    chosen = {"enabled": True, "model": endpoint.model, "configured": True}
    return [
        Entry(provider, ("text",), json.dumps(described, indent=2) + "\n", "endpoint"),
        Entry(main, ("active_provider",), PROVIDER, "endpoint"),
        Entry(main, ("providers", PROVIDER), chosen, "endpoint"),
    ]


def _read(name: str, entry: dict[str, Any]) -> Server | None:
    """The server that an extension is; None for one that is built in."""
    if entry.get("type") == "stdio":
        envs = table_in(entry, "envs") | {key: f"${{{key}}}" for key in list_in(entry, "env_keys")}
        server = read_server(name, {"command": entry.get("cmd"), "args": entry.get("args"), "env": envs})
    elif entry.get("type") in ("streamable_http", "sse"):
        shape = {"url": entry.get("uri"), "headers": entry.get("headers"), "type": entry["type"]}
        server = read_server(name, shape)
    else:
        return None
    return server._replace(enabled=entry.get("enabled") is not False)


GOOSE = Goose()
