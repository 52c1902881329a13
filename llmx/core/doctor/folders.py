"""Checks of the folders that llmx writes to, and of the room there."""

import os
import shlex
from collections.abc import Mapping

from llmx import paths
from llmx.core.doctor import Finding, Status

LITTLE, TOO_LITTLE = 1 << 30, 100 << 20
"""Free bytes below which there is a warning, and below which llmx will soon fail."""


def folders(env: Mapping[str, str]) -> list[Finding]:
    """Whether each folder can be written, or made."""
    return [_folder(kind, path) for kind, path in places(env).items()]


def places(env: Mapping[str, str]) -> dict[str, str]:
    """What each folder is for, and where it is."""
    return {
        "config": paths.config_dir(env),
        "data": paths.data_dir(env),
        "cache": paths.cache_dir(env),
        "state": paths.state_dir(env),
    }


def _folder(kind: str, path: str) -> Finding:
    there = existing(path)
    if not os.path.isdir(there):
        fix = f"mv {shlex.quote(there)} {shlex.quote(there)}.old"
        return Finding("fail", f"{there} is not a folder", f"llmx keeps its {kind} files in {path}", fix)
    if os.access(there, os.W_OK | os.X_OK):
        return Finding("ok", f"{kind}: {path}" if there == path else f"{kind}: {path} will be made when it is needed")
    return Finding("fail", f"{there} cannot be written", f"llmx keeps its {kind} files in {path}", _give(path))


def _give(path: str) -> str:
    """The command that gives this user a folder of llmx's own, and nothing above it: that may be the whole disk."""
    if os.path.isdir(path):
        return f'sudo chown -R "$(id -un)" {shlex.quote(path)} && chmod u+rwx {shlex.quote(path)}'
    return f'sudo install -d -o "$(id -un)" -m 700 {shlex.quote(path)}'


def existing(path: str) -> str:
    """The nearest of ``path`` and the folders above it that exists."""
    while not os.path.lexists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def disk(env: Mapping[str, str]) -> list[Finding]:
    """The room on every file system that llmx writes to."""
    systems = {os.stat(there).st_dev: there for there in map(existing, places(env).values())}
    return [_room(there) for there in systems.values()]


def _room(there: str) -> Finding:
    facts = os.statvfs(there)
    free = facts.f_bavail * facts.f_frsize
    found = f"{free / (1 << 30):.1f} GiB free at {there}"
    status = room_status(free)
    if status == "ok":
        return Finding("ok", found)
    meaning = "edits, logs and downloads need room; a run whose log line does not fit leaves no record"
    return Finding(status, found, meaning, f"du -xh --max-depth=2 {shlex.quote(there)} | sort -h | tail")


def room_status(free: int) -> Status:
    """How serious it is that only ``free`` bytes are left."""
    return "fail" if free < TOO_LITTLE else "warn" if free < LITTLE else "ok"
