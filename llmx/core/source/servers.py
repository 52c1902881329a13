"""MCP servers as they are declared: a list over a table over the catalog, merged by name."""

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from llmx.core.source.tables import (
    Place,
    args_hold_key,
    holds_key,
    key_itself,
    known,
    mapping,
    seconds,
    table,
    text,
    texts,
    truth,
)

CATALOG = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "data", "mcp-servers.toml")
KEYS = ("command", "args", "env", "cwd", "url", "transport", "headers", "enabled", "timeout")
LOCAL, REMOTE = ("command", "args", "env", "cwd"), ("url", "headers")
REGION = "us-east-1"


class Server(NamedTuple):
    """One MCP server: a ``command``, or a ``url`` with its ``transport``; ``timeout`` in seconds, None = the client's.

    Values may hold ``${NAME}``, which stands for the variable and is filled in by whoever starts the server. ``fault``
    says why an entry of a client's own file is no server; then the rest is empty.
    """

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}  # noqa: RUF012  # a default of a tuple's field
    cwd: str = ""
    url: str = ""
    transport: str = "stdio"
    headers: dict[str, str] = {}  # noqa: RUF012
    enabled: bool = True
    timeout: float | None = None
    fault: str = ""

    def as_dict(self) -> dict[str, Any]:
        """What is set, as the source writes it."""
        facts = {key: getattr(self, key) for key in KEYS if getattr(self, key)}
        facts["args"] = list(self.args)
        if not self.args:
            del facts["args"]
        if self.transport != "sse":
            del facts["transport"]
        return facts if not self.enabled else {name: value for name, value in facts.items() if name != "enabled"}


def servers(section: object, at: Place) -> dict[str, Server]:
    """The servers that the ``mcp`` section declares, by name; raises ``ConfigError``."""
    found = known(section, at, ("servers", "additional_servers", "aws"))
    region = str(known(found.get("aws", {}), at.down("aws"), ("region",)).get("region", REGION))
    layers: list[tuple[str, Mapping[str, Any], Place]] = []
    for name, entry in table(found.get("servers", {}), at.down("servers")).items():
        layers.append((name, entry, at.down("servers").down(name)))
    listed = found.get("additional_servers", [])
    at_list = at.down("additional_servers")
    if not isinstance(listed, list):
        raise at_list.fault("it must be a list of tables, each with its name")
    for entry in listed:
        name = text(table(entry, at_list).get("name"), at_list.down("name"))
        layers.append((name, {key: value for key, value in entry.items() if key != "name"}, at_list))
    merged: dict[str, tuple[dict[str, Any], Place]] = {}
    for name, entry, place in layers:
        below = merged[name][0] if name in merged else _from_catalog(name, region)
        merged[name] = (_over(below, known(entry, place, KEYS)), place)
    return {name: _server(name, entry, place) for name, (entry, place) in merged.items()}


@cache
def catalog() -> dict[str, dict[str, Any]]:
    """The servers that llmx knows by name; nothing enables one but its user."""
    with open(CATALOG, "rb") as file:
        return tomllib.load(file)


def _from_catalog(name: str, region: str) -> dict[str, Any]:
    entry = {key: value for key, value in catalog().get(name, {}).items() if key != "description"}
    if "AWS_REGION" in entry.get("env", {}):
        entry["env"] = {**entry["env"], "AWS_REGION": region}
    return entry


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` over ``below``; one that changes how the server is reached keeps nothing of the other way."""
    gone = LOCAL if "url" in above else REMOTE if "command" in above else ()
    kept = {key: value for key, value in below.items() if key not in gone and not (gone and key == "transport")}
    merged = {**kept, **above}
    if isinstance(kept.get("env"), Mapping) and isinstance(above.get("env"), Mapping):
        merged["env"] = {**kept["env"], **above["env"]}
    return merged


def _server(name: str, entry: Mapping[str, Any], at: Place) -> Server:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise at.fault("a server's name has letters, digits, - and _ only, at most 64 of them")
    if ("command" in entry) == ("url" in entry):
        raise at.fault("a server has either a command or a url", "llmx mcp add NAME -- COMMAND, or --url URL")
    read: dict[str, Any] = {
        "args": texts(entry.get("args", []), at.down("args")),
        "env": mapping(entry.get("env", {}), at.down("env")),
        "headers": mapping(entry.get("headers", {}), at.down("headers")),
        "enabled": truth(entry.get("enabled", True), at.down("enabled")),
    }
    if "timeout" in entry:
        read["timeout"] = seconds(entry["timeout"], at.down("timeout"))
    for key in ("command", "cwd"):
        if key in entry:
            read[key] = text(entry[key], at.down(key))
    if "command" in entry and args_hold_key(entry["command"], read["args"]):
        raise key_itself(at.down("args"), "env.KEY")
    return Server(name, **read, **_reached(entry, at))


def _reached(entry: Mapping[str, Any], at: Place) -> dict[str, Any]:
    """The URL and the transport, which must go together."""
    transport = entry.get("transport", "http" if "url" in entry else "stdio")
    wanted = ("http", "sse") if "url" in entry else ("stdio",)
    if transport not in wanted:
        raise at.down("transport").fault(f"it must be {' or '.join(wanted)} here")
    foreign = [key for key in (LOCAL if "url" in entry else REMOTE) if key in entry]
    if foreign:
        raise at.down(foreign[0]).fault(f"a server with a {'url' if 'url' in entry else 'command'} has none")
    if "url" not in entry:
        return {"transport": transport}
    url = text(entry["url"], at.down("url"))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise at.down("url").fault("it must be a URL that begins with http:// or https://")
    if parts.password or holds_key("url", url):
        raise key_itself(at.down("url"), "headers.Authorization")
    return {"url": url, "transport": transport}
