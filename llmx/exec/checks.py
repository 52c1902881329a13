"""The doctor's checks of what ``llm-exec`` works with: its log, and what it will use for environments and windows."""

import os
import shlex
import shutil
from collections.abc import Mapping

from llmx import paths
from llmx.core.doctor import Finding
from llmx.core.doctor.folders import existing
from llmx.core.settings import Settings, active
from llmx.core.settings.keys import defaults
from llmx.errors import ConfigError, ExecError
from llmx.exec.terminals.choice import AUTO, Wish, installed, openings
from llmx.exec.terminals.rows import TERMINALS

ABSENT = "not installed (optional)"


def log(env: Mapping[str, str]) -> list[Finding]:
    """Whether the execution log can be written, is nobody else's to read, and has a sound size."""
    path = paths.audit_log(env)
    settings = _settings(env)
    if not is_writable(path):
        must = bool(settings["audit.required"])
        meaning = "nothing runs, since audit.required is set" if must else "runs leave no record"
        return [Finding("fail" if must else "warn", f"{path} cannot be written", meaning, _give(path))]
    if not os.path.exists(path):
        return [Finding("ok", f"{path} will be made by the first run")]
    return [_readable(path, os.stat(path), int(str(settings["logging.max_bytes"])))]


def _give(path: str) -> str:
    """The command that lets this user write the log; a folder that is not llmx's stays whose it is."""
    there = existing(path)
    file, in_the_way = shlex.quote(path), shlex.quote(there)
    if os.path.isfile(path):
        return f'sudo chown "$(id -un)" {file} && chmod u+rw {file}'
    if there == path or not os.path.isdir(there):
        return f"mv {in_the_way} {in_the_way}.old"
    return f'sudo install -D -o "$(id -un)" -m 600 /dev/null {file}'


def is_writable(path: str) -> bool:
    """Whether a line could be added to the file, or the file be made."""
    there = existing(path)
    if there == path:
        return os.path.isfile(path) and os.access(path, os.W_OK)
    return os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)


def _settings(env: Mapping[str, str]) -> Settings:
    """The settings in force, or the defaults where those cannot be read: their own check says so."""
    try:
        return active(env, os.getcwd())
    except ConfigError:
        return Settings(defaults(), [], [])


def _readable(path: str, facts: os.stat_result, largest: int) -> Finding:
    found = f"{path}, {facts.st_size / (1 << 20):.1f} MiB"
    if facts.st_mode & 0o077:
        fix = f"chmod 600 {shlex.quote(path)}"
        return Finding("warn", f"{found}, can be read by others", "it lists every command that was run", fix)
    if facts.st_size > 2 * largest:
        fix = f"mv {shlex.quote(path)} {shlex.quote(path)}.old"
        return Finding("warn", found, "it is larger than twice logging.max_bytes and takes room", fix)
    return Finding("ok", found)


def nix(env: Mapping[str, str]) -> list[Finding]:
    """Whether Nix and uv are there, from which packages come."""
    found = {name: shutil.which(name, path=env.get("PATH")) for name in ("nix-shell", "uv")}
    return [
        Finding("ok", f"{name}: {program or ABSENT}, for llm-exec --{option} 'NAME ...'")
        for (name, program), option in zip(found.items(), ("nix-shell --deps", "uv"), strict=True)
    ]


def terminals(env: Mapping[str, str]) -> list[Finding]:
    """Which terminals are there for ``--terminal``, and which of them ``auto`` would take."""
    there = [name for name, row in TERMINALS.items() if installed(row, env, os.getcwd())]
    if not there:
        return [Finding("ok", ABSENT)]
    wish = Wish(AUTO, new_window=True, behind=True, title="", cwd=os.getcwd(), run=())
    try:
        auto = openings(wish, env)[0].terminal
    except ExecError:
        return [Finding("ok", f"{', '.join(there)}; none can open a window from here, so --terminal runs nothing")]
    return [Finding("ok", f"{', '.join(there)}; llm-exec --terminal auto takes {auto}")]
