"""Which hosts a command wanted that found no network, as far as what it said tells."""

import re
from collections.abc import Iterable

from llmx.core.network.groups import GROUPS
from llmx.core.network.names import canonical

MOST = 5
"""Hosts in one line; a program that names more is not about a few."""

_SAYS = {
    "(from versions: none)": "python",
    "--offline was specified": "python",
    "network was disabled": "python",
    "enotcached": "node",
    "cache mode is 'only-if-cached'": "node",
    "disabled by goproxy=off": "go",
    "offline mode (--offline)": "rust",
}
"""What package managers say that name no host -> the group of theirs."""

_AFTER = re.compile(
    r"(?:resolve host(?:name)?|host address|ENOTFOUND|EAI_AGAIN|resolving|UnknownHostException|Bad hostname|host=)"
    r"[\s:='\"\u2018(]*([\w.-]+\.[A-Za-z][\w-]+)"
)
_PAGE = re.compile(r"https?://([\w.-]+)")


def missing(lines: Iterable[str]) -> str:
    """What to write after ``--net``, "" where that is not clear; ``lines`` are those that tell of no network."""
    found: dict[str, None] = {}
    for line in lines:
        hosts = [canonical(host) for host in (*_AFTER.findall(line), *_PAGE.findall(line))]
        groups = [f"@{group}" for phrase, group in _SAYS.items() if phrase in line.lower()]
        found |= dict.fromkeys(filter(None, hosts or groups))
    names = dict.fromkeys(_group_of(name) or name for name in found)
    return ",".join(names) if len(names) <= MOST else ""


def _group_of(name: str) -> str:
    """The package manager's group that ``name`` belongs to; a page that one only looks at is none of its others."""
    return next((f"@{group}" for group in ("python", "node", "rust", "go") if name in GROUPS[group]), "")
