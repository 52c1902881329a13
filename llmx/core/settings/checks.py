"""The doctor's checks of the settings and of what is trusted."""

import os
import shlex
from collections.abc import Mapping

from llmx import paths
from llmx.core.doctor import Finding
from llmx.core.plugins import load
from llmx.core.settings import Places
from llmx.core.settings.documents import read_bytes
from llmx.core.settings.merge import merge
from llmx.core.settings.sources import shown
from llmx.core.settings.trust import Trusted, is_trusted, trusted
from llmx.errors import ConfigError


def settings(env: Mapping[str, str]) -> list[Finding]:
    """Whether every file and variable can be read, and what of them is left out."""
    try:
        places = Places(env, os.getcwd())
        merged = merge(places, env)
        load("llmx.core.settings.model:validated")(merged.values)
    except ConfigError as error:
        meaning = f"commands refuse to run with it{f' ({error.hint})' if error.hint else ''}"
        return [Finding("fail", error.message, meaning, mend(error.source, env))]
    used = [path for path, identity in places.identities if identity is not None and path != places.trust]
    if wrong := [finding for path in used for finding in _for_clients(path, env)]:
        return wrong
    found = f"valid: {', '.join(map(shown, used))}" if used else "valid: the defaults, there is no file"
    left_out = [Finding("warn", text, "it has no effect", "llmx config show --sources") for text in merged.notices]
    return left_out or [Finding("ok", found)]


def _for_clients(path: str, env: Mapping[str, str]) -> list[Finding]:
    """What is wrong in the parts of a settings file that are for coding agents, which no other command reads."""
    try:
        load("llmx.core.source:read_source")(path, read_bytes(path))
    except ConfigError as error:
        return [Finding("fail", error.message, "coding agents are told nothing of it", mend(error.source, env))]
    return []


def mend(source: str, env: Mapping[str, str]) -> str:
    """The command to change what stands at ``source``: a file, with or without a line, or a variable."""
    file, _, line = source.rpartition(":")
    if not line.isdigit():
        file, line = source, ""
    if file == f"{paths.config_dir(env)}/config.toml":
        return "llmx config edit"
    if "/" in file:
        return " ".join(['"${EDITOR:-vi}"', *([f"+{line}"] if line else []), shlex.quote(file)])
    return f"unset {file}" if file in env else "llmx config show --sources"


def trust(env: Mapping[str, str]) -> list[Finding]:
    """Whether what was trusted still is what was read, and whether the record counts at all."""
    record = f"{paths.state_dir(env)}/trust.json"
    rows = trusted(env)
    if not rows and os.path.lexists(record) and not _is_private(record):
        meaning = "others could have written it, so nothing in it is trusted"
        return [Finding("warn", f"{record} is not this user's alone", meaning, f"rm {shlex.quote(record)}")]
    stale = [row for row in rows if not is_trusted(row.path, {**env, "LLMX_TRUST": ""})]
    if stale:
        return [_stale(row) for row in stale]
    return [Finding("ok", f"{len(rows)} project files are trusted, and none has changed" if rows else "nothing is")]


def _is_private(record: str) -> bool:
    facts = os.lstat(record)
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def _stale(row: Trusted) -> Finding:
    path = shlex.quote(row.path)
    if not os.path.lexists(row.path):
        return Finding("warn", f"{shown(row.path)} is gone", "its record is of no use", f"llmx trust revoke {path}")
    meaning = "until it is read and trusted again, it may only tune and tighten"
    return Finding("warn", f"{shown(row.path)} has changed since it was trusted", meaning, f"llmx trust {path}")
