"""The one source that coding agents are configured from: tables of the user's file, and of a trusted project's.

The two are kept apart: what the user's file names goes into the agents' user files, what the project's names into the
project's.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from llmx import paths
from llmx.core.settings import Places
from llmx.core.settings.documents import decode, parse
from llmx.core.settings.keys import TABLES
from llmx.core.settings.kinds import is_reference
from llmx.core.settings.lines import key_lines
from llmx.core.settings.trust import is_trusted_file, read_project
from llmx.core.source.language_servers import Lsp, language_servers
from llmx.core.source.servers import Server, servers
from llmx.core.source.tables import Place, known, place, table, text, texts, truth

PROMPT_KEYS = ("description", "mode", "prompt", "kind", "variables", "include_exec")
PROMPT_KINDS = ("subagent", "command", "skill")


class Endpoint(NamedTuple):
    """Where the agents' models answer: a base URL without ``/v1``, the models, and where the key is kept."""

    url: str
    model: str
    small_model: str = ""
    api_key: str = ""


class Permissions(NamedTuple):
    """Rules on commands, as in ``exec.policy``: the beginning of a command each."""

    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class Prompt(NamedTuple):
    """A prompt that a client offers as a subagent, a command or a skill; ``mode`` is opencode's.

    Without its text in ``prompt`` it is one of ``llmx prompt list``, and ``llmx.prompts`` fills in what the file does
    not say: ``own`` is the text for each client that has one of its own, ``team`` the prompts it hands work to.
    """

    description: str = ""
    mode: str = ""
    prompt: str = ""
    kind: str = ""
    variables: dict[str, str] = {}  # noqa: RUF012  # defaults of a tuple's fields
    include_exec: bool = True
    own: dict[str, str] = {}  # noqa: RUF012
    team: "Mapping[str, Prompt]" = {}  # noqa: RUF012

    def text_for(self, client: str) -> str:
        """What the client is to be told."""
        return self.own.get(client, self.prompt)


class Hooks(NamedTuple):
    """What agents are to do by themselves: load AGENTS.md as a session begins, run commands through llm-exec."""

    agents_md: bool = False
    llm_exec: bool = False


class Source(NamedTuple):
    """All that one file says to coding agents; ``settings`` are by client, and go into its main file as they are."""

    file: str = ""
    servers: dict[str, Server] = {}  # noqa: RUF012  # defaults of a tuple's fields
    endpoint: Endpoint | None = None
    permissions: Permissions = Permissions()
    own_permissions: dict[str, Permissions] = {}  # noqa: RUF012
    lsp: dict[str, Lsp] = {}  # noqa: RUF012
    prompts: dict[str, Prompt] = {}  # noqa: RUF012
    settings: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    hooks: Hooks = Hooks()

    def rules_for(self, client: str | None) -> Permissions:
        """The rules for all clients and those for one, or every client's; a stricter one takes the weaker out."""
        layers = [self.permissions, *(rules for name, rules in self.own_permissions.items() if client in (None, name))]
        allow, ask, deny = (dict.fromkeys(rule for rules in layers for rule in rules[at]) for at in range(3))
        return Permissions(
            tuple(rule for rule in allow if rule not in ask and rule not in deny),
            tuple(rule for rule in ask if rule not in deny),
            tuple(deny),
        )


def user_source(env: Mapping[str, str] = os.environ) -> Source:
    """What the user's own file says."""
    file = f"{paths.config_dir(env)}/config.toml"
    try:
        with open(file, "rb") as opened:
            return read_source(file, opened.read())
    except FileNotFoundError:
        return Source(file)


def project_source(env: Mapping[str, str], cwd: str, notices: list[str]) -> Source | None:
    """What the nearest project file says, if the user trusts it; ``notices`` gets why one does not count."""
    places = Places(env, cwd)
    for path in places.projects:
        try:
            file = read_project(path)
        except ValueError as error:
            notices.append(f"{path} is ignored: {error}")
            continue
        found = read_source(path, file.data)
        if is_trusted_file(file, places.trusted, places.trust):
            return found
        if found != Source(path):
            notices.append(f"{path} is not trusted, so agents get nothing from it; read it, then: llmx trust {path}")
        return None
    return None


def read_source(file: str, data: bytes) -> Source:
    """The source in the bytes of ``file``; raises ``ConfigError`` with the line."""
    said = decode(file, data)
    document = parse(file, said)
    if not any(name in document for name in TABLES):
        return Source(file)
    at = {name: place(file, said, name) for name in TABLES}
    return Source(
        file,
        servers(document.get("mcp", {}), at["mcp"]),
        _endpoint(document["endpoint"], at["endpoint"]) if "endpoint" in document else None,
        *_all_permissions(document.get("permissions", {}), at["permissions"]),
        language_servers(document.get("lsp", {}), at["lsp"]),
        {n: _prompt(e, at["prompts"].down(n)) for n, e in table(document.get("prompts", {}), at["prompts"]).items()},
        {
            n: dict(table(e, at["clients"].down(n)))
            for n, e in table(document.get("clients", {}), at["clients"]).items()
        },
        _hooks(document.get("hooks", {}), at["hooks"]),
    )


def tables_in(file: str, data: bytes) -> dict[str, int]:
    """The tables for coding agents in the bytes of ``file``, and the line of each; raises ``ConfigError``."""
    read_source(file, data)
    lines = key_lines(decode(file, data))
    return {name: lines[(name,)] for name in TABLES if (name,) in lines}


def _endpoint(section: object, at: Place) -> Endpoint:
    found = known(section, at, Endpoint._fields)
    for name in ("url", "model"):
        if name not in found:
            raise at.fault(f"it has no {name}", "llmx client endpoint set URL --model M")
    read = {name: text(value, at.down(name)) for name, value in found.items()}
    checked_url(read["url"], at.down("url"))
    if "api_key" in read and not is_reference(read["api_key"]):
        raise at.down("api_key").fault("(value not shown) it must be env:NAME or file:PATH", "never the key itself")
    return Endpoint(**{**read, "url": read["url"].rstrip("/").removesuffix("/v1")})


def checked_url(url: str, at: Place) -> None:
    """Raise for what is no URL of a server, or holds a password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.password:
        raise at.fault("it must be a URL that begins with http:// or https://, without a password in it")


def _all_permissions(section: object, at: Place) -> tuple[Permissions, dict[str, Permissions]]:
    """The rules for all clients, and those for one each."""
    found = known(section, at, (*Permissions._fields, "clients"))
    below = at.down("clients")
    own = {n: _permissions(e, below.down(n)) for n, e in table(found.get("clients", {}), below).items()}
    return _permissions({name: value for name, value in found.items() if name != "clients"}, at), own


def _permissions(section: object, at: Place) -> Permissions:
    found = known(section, at, Permissions._fields)
    rules = {name: texts(value, at.down(name)) for name, value in found.items()}
    for name, listed in rules.items():
        for rule in listed:
            if not rule.strip():
                raise at.down(name).fault("a rule is the beginning of a command, and not empty")
    return Permissions(**rules)


def _prompt(entry: object, at: Place) -> Prompt:
    found = known(entry, at, PROMPT_KEYS)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", at.path[-1]):
        raise at.fault("a prompt's name has letters, digits, - and _ only, at most 64 of them")
    kind = found.get("kind", "")
    if "kind" in found and kind not in PROMPT_KINDS:
        raise at.down("kind").fault(f"it must be one of {', '.join(PROMPT_KINDS)}")
    if "prompt" in found and "variables" in found:
        raise at.down("variables").fault("a prompt with its text here has none")
    variables = {n: text(v, at.down("variables").down(n)) for n, v in _variables(found, at).items()}
    rest: dict[str, Any] = {
        name: text(found[name], at.down(name)) for name in ("description", "mode", "prompt") if name in found
    }
    include_exec = truth(found.get("include_exec", True), at.down("include_exec"))
    return Prompt(**rest, kind=str(kind), variables=variables, include_exec=include_exec)


def _hooks(section: object, at: Place) -> Hooks:
    found = known(section, at, Hooks._fields)
    return Hooks(**{name: truth(value, at.down(name)) for name, value in found.items()})


def _variables(found: Mapping[str, Any], at: Place) -> Mapping[str, Any]:
    return table(found.get("variables", {}), at.down("variables"))


__all__ = [
    "Endpoint",
    "Hooks",
    "Lsp",
    "Permissions",
    "Prompt",
    "Server",
    "Source",
    "project_source",
    "read_source",
    "tables_in",
    "user_source",
]
