"""Git's own protocols know no proxy: the same git command, asking the same host by https."""

import re

from llmx.core.network.names import canonical

_MISSED = re.compile(r"(?:ssh: Could not resolve hostname |fatal: unable to look up )([\w.-]+)(?:: | \(port 9418\))")
_OF_GIT = ("unable to look up", "Could not read from remote repository")
"""What only git says; a plain ssh says the rest as well."""


def missed_host(lines: list[str]) -> str:
    """The host that git wanted by ssh:// or git://, "" where it is not about that."""
    if not any(phrase in line for phrase in _OF_GIT for line in lines):
        return ""
    return next((canonical(found[1]) for line in lines if (found := _MISSED.match(line))), "")


def by_https(command: list[str], host: str) -> list[str]:
    """``command``, which begins with ``--``, with git told to take another way; [] for what is no call of git."""
    if command[1:2] != ["git"]:
        return []
    ways = [f"git@{host}:", f"ssh://git@{host}/", f"git://{host}/"]
    written = [way for way in ways if any(way in word for word in command)] or ways
    told = [word for way in written for word in ("-c", f"url.https://{host}/.insteadOf={way}")]
    return ["--", "git", *told, *command[2:]]
