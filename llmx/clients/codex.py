"""Codex: TOML, and rules in a file of their own. It takes a project's file only once its user trusts the project."""

import json
from pathlib import Path
from typing import Any

from llmx.clients.hooks import PRE, group, member
from llmx.clients.prompts import losses as no_prompts
from llmx.clients.prompts import of_kind, prompt_entries, whole
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import rule
from llmx.clients.shapes import dropped, list_in, read_each, read_server, table_in
from llmx.core.edits.values import Value, look
from llmx.core.plugins import load
from llmx.core.source import Endpoint, Permissions, Server, Source
from llmx.core.source.tables import references

PROVIDER = "llmx"
DECISIONS = {"allow": "allow", "ask": "prompt", "deny": "forbidden"}
HEAD = "# Written by llmx from your permissions; `llmx client apply codex` writes it anew.\n"
FLAGS = (
    *("--", "--json", "--json=full", "--json=compact", "--quiet", "-q", "--no-sandbox", "--keep-children", "--monitor"),
    *("--keep-output", "--background", "--wezterm", "--detach", "--hold", "--last", "--no-gpu"),
    *("--explain", "--nix-shell", "--nix-pure", "--schema", "--help", "-h"),
)
"""Options of llm-exec that stand in one word and take no value of the user's."""

DEEPEST = 4
UNSAID = "behind options of llm-exec that have a value, such as --timeout 5, llm-exec's own policy holds them alone"
WRAPPED = f"""
options = {json.dumps(FLAGS)}

def wrapped(words, decision):
    for program in [["llm-exec"], ["llmx", "exec"]]:
        for count in range({DEEPEST + 1}):
            prefix_rule(pattern = program + [options] * count + words, decision = decision)

"""
"""Starlark that makes the rules for a wrapped command, with up to ``DEEPEST`` of these options before it."""


class Codex:
    """Codex."""

    name, title, program = "codex", "Codex", "codex"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """The main file, and the rules that llmx writes."""
        folder = where.project / ".codex" if scope == "project" else where.moved("CODEX_HOME", ".codex")
        hooks = File(folder / "hooks.json", "json")
        return File(folder / "config.toml", "toml"), File(folder / "rules/llmx.rules", "text"), hooks

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Servers, endpoint, rules and settings."""
        del read
        main, rules, hooks = self.files(where, scope)
        entries: list[Entry] = []
        losses = [Loss("lsp", name, "Codex has no language servers") for name in source.lsp]
        for name, server in source.servers.items():
            reason = unwritable(server)
            if reason:
                losses.append(Loss("mcp", name, reason))
            else:
                entries.append(Entry(main, ("mcp_servers", name), written(server), "mcp"))
        if source.endpoint and scope == "project":
            losses.append(Loss("endpoint", source.endpoint.url, "Codex takes no endpoint from a project"))
        elif source.endpoint:
            entries += endpoint_entries(source.endpoint, main)
            keeper = source.endpoint.api_key.partition(":")[0]
            if keeper and keeper not in ("env",):
                losses.append(Loss("endpoint", "api_key", f"Codex takes no key from a {keeper}"))
        text, unsaid = rules_text(source.rules_for(self.name))
        losses += unsaid
        if text:
            entries.append(Entry(rules, ("text",), text, "permission"))
        if source.hooks.llm_exec:
            entries.append(member(hooks, "PreToolUse", group(f"{PRE} codex", "Bash")))
            losses.append(Loss("hook", "llm_exec", "counts once you trust the hook in Codex itself: /hooks"))
        if scope == "project" and entries:
            losses.append(Loss("setting", "all of it", "counts once this folder is trusted in Codex itself"))
        entries += prompts(source, main.path.parent)
        losses += no_prompts(of_kind(source, "command"), "Codex has no commands of one's own; make it a skill")
        entries += setting_entries(main, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``mcp_servers`` holds."""
        file = self.files(where, scope)[0]
        return read_each(look(read(file.path, file.format), ("mcp_servers",)), _read)


def unwritable(server: Server) -> str:
    """Why Codex cannot have the server; empty where it can."""
    if server.transport == "sse":
        return "Codex speaks to no server of the older SSE kind"
    if any(references(text) for text in (server.url, *server.args)):
        return "Codex fills in no variables in a URL or a command"
    if any(references(value) and value != f"${{{name}}}" for name, value in server.env.items()):
        return "Codex gives a server a variable under its own name only"
    partly = [v for n, v in server.headers.items() if references(v) and not (_is_bearer(n, v) or _is_whole(v))]
    return "Codex takes a header from a variable only as a whole" if partly else ""


def written(server: Server) -> Value:
    """A server as Codex writes it; what is kept elsewhere is named."""
    rest: dict[str, Any] = {} if server.enabled else {"enabled": False}
    if server.timeout:
        rest["tool_timeout_sec"] = int(server.timeout) if server.timeout.is_integer() else server.timeout
    if server.url:
        bearer = [references(v)[0] for n, v in server.headers.items() if references(v) and _is_bearer(n, v)]
        named = {n: references(v)[0] for n, v in server.headers.items() if _is_whole(v)}
        plain = {n: v for n, v in server.headers.items() if not references(v)}
        remote = {"url": server.url, "http_headers": plain, "env_http_headers": named}
        return {**dropped({**remote, "bearer_token_env_var": bearer[0] if bearer else ""}), **rest}
    own = {name: value for name, value in server.env.items() if not references(value)}
    named_variables = [name for name, value in server.env.items() if references(value)]
    local = {"command": server.command, "args": list(server.args), "cwd": server.cwd, "env_vars": named_variables}
    return {**dropped({**local, "env": own}), **rest}


def endpoint_entries(endpoint: Endpoint, main: File) -> list[Entry]:
    """The Responses wire, the only one that Codex speaks."""
    keeper, _, variable = endpoint.api_key.partition(":")
    provider = {"name": "llmx", "base_url": f"{endpoint.url}/v1", "wire_api": "responses"}
    key = {"env_key": variable} if keeper == "env" else {}
    return [
        Entry(main, ("model",), endpoint.model, "endpoint"),
        Entry(main, ("model_provider",), PROVIDER, "endpoint"),
        Entry(main, ("model_providers", PROVIDER), {**provider, **key}, "endpoint"),
    ]


def prompts(source: Source, folder: Path) -> list[Entry]:
    """Agents in TOML, skills as others have them."""
    found = [
        whole(folder / f"agents/{name}.toml", load("llmx.clients.codex_agents:written")(name, prompt))
        for name, prompt in of_kind(source, "subagent").items()
    ]
    return [*found, *prompt_entries(of_kind(source, "skill"), CODEX.name, {"skill": f"{folder}/skills/{{}}/SKILL.md"})]


def rules_text(permissions: Permissions) -> tuple[str, list[Loss]]:
    """The file of rules; Codex knows literal words only, and so of llm-exec's options only those without a value."""
    lines: list[str] = []
    wrapped: list[str] = []
    losses: list[Loss] = []
    for verdict, rules in zip(("allow", "ask", "deny"), permissions, strict=True):
        for text in rules:
            found = rule(text)
            if found.has_holes:
                losses.append(Loss("permission", f"{verdict} {text}", "Codex takes words as they are, without *"))
                continue
            words = json.dumps(list(found.words))
            lines.append(f'prefix_rule(pattern = {words}, decision = "{DECISIONS[verdict]}")\n')
            if verdict != "allow":
                wrapped.append(f'wrapped({words}, "{DECISIONS[verdict]}")\n')
    if wrapped:
        losses.append(Loss("permission", "deny and ask, wrapped", UNSAID))
    text = "".join([*lines, *([WRAPPED] if wrapped else []), *wrapped])
    return (HEAD + text if text else ""), losses


def _is_bearer(name: str, value: str) -> bool:
    found = references(value)
    return name.lower() == "authorization" and len(found) == 1 and value == f"Bearer ${{{found[0]}}}"


def _is_whole(value: str) -> bool:
    found = references(value)
    return len(found) == 1 and value == f"${{{found[0]}}}"


def _read(name: str, entry: dict[str, Any]) -> Server:
    """The server with its switch and its time."""
    server = read_server(name, _common(entry))
    time = entry.get("tool_timeout_sec")
    timeout = float(time) if isinstance(time, int | float) and not isinstance(time, bool) else None
    return server._replace(enabled=entry.get("enabled") is not False, timeout=timeout)


def _common(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry in the shape that others have."""
    if "command" in entry:
        names = [name for name in list_in(entry, "env_vars") if isinstance(name, str)]
        return {**entry, "env": {**table_in(entry, "env"), **{name: f"${{{name}}}" for name in names}}}
    headers = table_in(entry, "http_headers")
    headers |= {name: f"${{{variable}}}" for name, variable in table_in(entry, "env_http_headers").items()}
    if entry.get("bearer_token_env_var"):
        headers["Authorization"] = f"Bearer ${{{entry['bearer_token_env_var']}}}"
    return {"url": entry.get("url"), "headers": headers}


CODEX = Codex()
