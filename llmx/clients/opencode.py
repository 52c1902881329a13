"""opencode: JSON with comments. Of its rules the last that matches wins, over the user's and the project's together.

It reads two generations of its file. What is there is edited in its own; a new file is of the first, which both read.
"""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from llmx.clients.hooks import OPENCODE as OPENCODE_PLUGIN
from llmx.clients.hooks import whole_hook
from llmx.clients.prompts import of_kind, prompt_entries
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.clients.rules import globs, widens
from llmx.clients.shapes import dropped, list_in, read_each, read_server, respelled, respelled_map
from llmx.core import edits
from llmx.core.edits.values import KeyPath, Value, look
from llmx.core.source import Endpoint, Permissions, Prompt, Server, Source, user_source

PROVIDER = "llmx"
REFERENCE = r"\{env:([A-Za-z_][A-Za-z0-9_]*)\}"
FORM = "{env:{}}"
STRENGTH = {"allow": 0, "ask": 1, "deny": 2}


class Opencode:
    """opencode."""

    name, title, program = "opencode", "opencode", "opencode"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Of several that may be there, the one that wins."""
        folder = where.project if scope == "project" else where.config("opencode")
        places = [folder / "opencode.jsonc", folder / "opencode.json"]
        if scope == "project":
            places += [folder / ".opencode/opencode.jsonc", folder / ".opencode/opencode.json"]
        found = next((place for place in places if place.exists()), folder / "opencode.json")
        return (File(found, "jsonc"),)

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """All of the source."""
        file = self.files(where, scope)[0]
        value = read(file.path, file.format)
        is_second = is_second_generation(value)
        at: KeyPath = ("mcp", "servers") if is_second else ("mcp",)
        entries = [
            Entry(file, (*at, name), written(server, is_second), "mcp") for name, server in source.servers.items()
        ]
        losses: list[Loss] = []
        if source.endpoint:
            entries += endpoint_entries(source.endpoint, file)
            keeper = source.endpoint.api_key.partition(":")[0]
            if keeper and keeper not in ("env", "file"):
                losses.append(Loss("endpoint", "api_key", f"opencode takes no key from a {keeper}"))
        for name, lsp in source.lsp.items():
            shape = {"command": list(lsp.command), "extensions": list(lsp.extensions), "env": lsp.env}
            entries.append(Entry(file, ("lsp", name), dropped({**shape, "disabled": not lsp.enabled or None}), "lsp"))
        entries += prompts(source, file, is_second, self._folder(where, scope))
        if is_second and any(source.rules_for(self.name)):
            losses.append(Loss("permission", "all rules", "this file is of opencode's second generation"))
        else:
            others = self._others(where, scope, read)
            found = permission_entries(source.rules_for(self.name), file, value, others)
            entries, losses = entries + found[0], losses + found[1]
        if source.hooks.llm_exec:
            entries.append(whole_hook(self._folder(where, scope) / "plugins/llmx.js", OPENCODE_PLUGIN))
        entries += setting_entries(file, source.settings.get(self.name, {}))
        return Rendering(tuple(entries), tuple(losses))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """What ``mcp`` holds."""
        file = self.files(where, scope)[0]
        value = read(file.path, file.format)
        return read_each(look(value, ("mcp", "servers") if is_second_generation(value) else ("mcp",)), _read)

    def _folder(self, where: Where, scope: Scope) -> Path:
        """Where its skills are."""
        return where.project / ".opencode" if scope == "project" else where.config("opencode")

    def _others(self, where: Where, scope: Scope, read: Reader) -> dict[str, Any]:
        """The rules of the other scope, which are merged with these."""
        file = self.files(where, "user" if scope == "project" else "project")[0]
        if scope == "user":
            return {}
        del read  # what llmx wrote there counts, too, as does what it is about to write
        planned = globs_of(user_source(where.env).rules_for(self.name))
        return {**_rules(edits.read(file.path, file.format)), **planned}


def is_second_generation(value: Value) -> bool:
    """Whether a file has keys that only the second generation knows."""
    servers = look(value, ("mcp", "servers"))
    is_table = isinstance(servers, dict) and not {"type", "command", "url"} & servers.keys()
    return is_table or isinstance(look(value, ("permissions",)), list) or isinstance(look(value, ("agents",)), dict)


def written(server: Server, is_second: bool) -> Value:
    """A server as opencode writes it."""
    switch = {} if server.enabled and is_second else {"disabled": True} if is_second else {"enabled": server.enabled}
    timeout = {"timeout": int(server.timeout * 1000)} if server.timeout else {}
    if server.url:
        headers = respelled_map(server.headers, FORM)
        remote = dropped({"type": "remote", "url": respelled(server.url, FORM), "headers": headers})
        return {**remote, **switch, **timeout}
    command = [server.command, *(respelled(word, FORM) for word in server.args)]
    local = {"type": "local", "command": command, "environment": respelled_map(server.env, FORM), "cwd": server.cwd}
    return {**dropped(local), **switch, **timeout}


def prompts(source: Source, file: File, is_second: bool, folder: Path) -> list[Entry]:
    """Agents and commands stand in its file, skills in files of their own."""
    agents, commands = ("agents", "commands") if is_second else ("agent", "command")
    entries = [
        Entry(file, (agents, name), dropped({**_described(prompt), "mode": prompt.mode, "prompt": text}), "prompt")
        for name, prompt, text in _told(source, "subagent")
    ]
    entries += [
        Entry(file, (commands, name), dropped({**_described(prompt), "template": text}), "prompt")
        for name, prompt, text in _told(source, "command")
    ]
    skills = {"skill": f"{folder}/skills/{{}}/SKILL.md"}
    return [*entries, *prompt_entries(of_kind(source, "skill"), OPENCODE.name, skills)]


def _described(prompt: Prompt) -> dict[str, Any]:
    return {"description": prompt.description}


def _told(source: Source, kind: str) -> list[tuple[str, Prompt, str]]:
    """The prompts of a kind, each with what opencode is told."""
    return [(name, prompt, prompt.text_for(OPENCODE.name)) for name, prompt in of_kind(source, kind).items()]


def endpoint_entries(endpoint: Endpoint, file: File) -> list[Entry]:
    """OpenAI's wire, through a provider of one's own."""
    small = endpoint.small_model or endpoint.model
    keeper, _, name = endpoint.api_key.partition(":")
    key = {"env": f"{{env:{name}}}", "file": f"{{file:{name}}}"}.get(keeper, "")
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "llmx",
        "options": dropped({"baseURL": f"{endpoint.url}/v1", "apiKey": key}),
        "models": {model: {"name": model} for model in dict.fromkeys((endpoint.model, small))},
    }
    return [
        Entry(file, ("provider", PROVIDER), provider, "endpoint"),
        Entry(file, ("model",), f"{PROVIDER}/{endpoint.model}", "endpoint"),
        Entry(file, ("small_model",), f"{PROVIDER}/{small}", "endpoint"),
    ]


def permission_entries(
    permissions: Permissions, file: File, value: Value, others: dict[str, Any]
) -> tuple[list[Entry], list[Loss]]:
    """Rules behind all others, allow before ask before deny, so that the strictest of ours wins.

    One that would overrule a stricter rule of the user's own is not written: it would widen what may run.
    """
    bash = look(value, ("permission", "bash"))
    whole = look(value, ("permission",))
    if isinstance(bash, str) or isinstance(whole, str):
        said = f"permission is {bash if isinstance(bash, str) else whole!r} for all commands in {file.path.name}"
        return [], [Loss("permission", "all rules", f"{said}; make it a table first")] if any(permissions) else []
    behind = list(whole)[list(whole).index("bash") + 1 :] if isinstance(whole, dict) and "bash" in whole else []
    if any(permissions) and (wide := [name for name in behind if fnmatchcase("bash", name)]):
        return [], [Loss("permission", "all rules", f"permission.{wide[0]} stands behind permission.bash and wins")]
    ours = globs_of(permissions)
    losses = [Loss("permission", f"allow {rule}", widens(rule)) for rule in permissions.allow if widens(rule)]
    foreign = {**others, **_rules(value)}
    stuck = {glob: verdict for glob, verdict in ours.items() if foreign.get(glob, verdict) != verdict}
    entries = []
    own = _rules(value)
    for glob, verdict in sorted(ours.items(), key=lambda item: STRENGTH[item[1]]):
        if own.get(glob) == verdict:  # the user's own, which stays where it is
            later = list(own.items())[list(own).index(glob) + 1 :]
            loser = [
                old
                for old, theirs in later
                if STRENGTH.get(str(theirs), 0) < STRENGTH[verdict]
                and (old == "*" or _overrules(old, str(theirs), glob, verdict))
            ]
            if loser:
                losses.append(Loss("permission", f"{verdict} {glob}", f"your rule {loser[0]!r} behind it wins"))
            continue
        over = [old for old, theirs in [*foreign.items(), *stuck.items()] if _overrules(glob, verdict, old, theirs)]
        if over:
            losses.append(Loss("permission", f"{verdict} {glob}", f"it would overrule the rule {over[0]!r}"))
        elif verdict != "allow" and glob in others and STRENGTH.get(str(others[glob]), 0) < STRENGTH[verdict]:
            losses.append(Loss("permission", f"{verdict} {glob}", "your user file has it, and its place counts"))
        else:
            entries.append(Entry(file, ("permission", "bash", glob), verdict, "permission", last=True))
    return entries, losses


def globs_of(permissions: Permissions) -> dict[str, str]:
    """Pattern -> verdict, the strictest last."""
    return {
        glob: verdict
        for verdict, rules in zip(("allow", "ask", "deny"), permissions, strict=True)
        for rule in rules
        if not (verdict == "allow" and widens(rule))
        for glob in globs(rule, wrapped=verdict != "allow")
    }


def _overrules(glob: str, verdict: str, old: str, theirs: object) -> bool:
    """Whether a weaker rule of ours may match what a stricter one of theirs does, other than by a general default."""
    if old == "*" or STRENGTH.get(str(theirs), 0) <= STRENGTH.get(verdict, 0):
        return False
    fixed = old.partition("*")[0]
    own = glob.partition("*")[0]
    return fnmatchcase(old, glob) or fnmatchcase(glob, old) or fixed.startswith(own) or own.startswith(fixed)


def _rules(value: Value) -> dict[str, Any]:
    found = look(value, ("permission", "bash"))
    return found if isinstance(found, dict) else {}


def _read(name: str, entry: dict[str, Any]) -> Server:
    """The server in an entry; its command is one list."""
    shape = {"url": entry.get("url"), "headers": entry.get("headers")}
    if words := list_in(entry, "command"):
        shape = {"command": words[0], "args": words[1:], "env": entry.get("environment"), "cwd": entry.get("cwd")}
    is_on = entry.get("enabled") is not False and not entry.get("disabled")
    return read_server(name, shape, REFERENCE)._replace(enabled=is_on)


OPENCODE = Opencode()
