"""Read the values of a file with the real Nix: evaluated without a store, so that nothing is built for it."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmx.core.settings.sources import shown
from llmx.errors import ConfigError, InconclusiveError, NotFoundError, UsageError

EXPRESSION = """{ file }: let value = import file; in
if builtins.isFunction value then throw "it is a function, and not a set of values" else value.llm or value"""
QUIET = ("--store", "dummy://", "--option", "allow-import-from-derivation", "false")
DEADLINE_S = 60
PROGRAM = "nix-instantiate"


def values(file: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """The attribute set ``llm`` in a Nix file, or in what Nix has made of one as JSON."""
    if not file.exists():
        raise NotFoundError(f"there is no file {shown(str(file))}")
    if file.suffix not in (".nix", ".json") or not file.is_file():
        raise UsageError(f"{shown(str(file))} is neither a .nix nor a .json file")
    text = _evaluated(file, env) if file.suffix == ".nix" else file.read_text(encoding="utf-8")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{shown(str(file))} is no JSON: {error}", source=str(file)) from None
    value = value.get("llm", value) if isinstance(value, dict) else value
    if not isinstance(value, dict):
        raise ConfigError(f"{shown(str(file))} holds no set of values", source=str(file), hint="{ llm = { … }; }")
    return value


def _evaluated(file: Path, env: Mapping[str, str]) -> str:
    """The value as JSON; raises ``ConfigError`` with what Nix says, and where."""
    program = shutil.which(PROGRAM, path=env.get("PATH"))
    if program is None:
        there = f"{PROGRAM} --eval --strict --json -A llm {shown(str(file))} > values.json"
        raise InconclusiveError(
            f"{PROGRAM} is not on the PATH, so {shown(str(file))} cannot be read",
            hint=f"where Nix is: {there}; then llmx config import values.json",
        )
    words = [program, "--eval", "--strict", "--json", *QUIET, "-E", EXPRESSION, "--argstr", "file", str(file.resolve())]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=DEADLINE_S, check=False, stdin=subprocess.DEVNULL, env=env
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{shown(str(file))} was not evaluated within {DEADLINE_S} s", source=str(file)) from None
    if done.returncode:
        raise _said(file, done.stderr)
    return done.stdout


def _said(file: Path, text: str) -> ConfigError:
    """Nix's own error, in one line, with the place that it names."""
    message = next((line for line in text.splitlines() if line.startswith("error:")), "error: Nix says nothing")
    found = re.search(r"\bat (/[^\s:]+):(\d+):(\d+)", text)
    where = f"{found[1]}:{found[2]}:{found[3]}" if found else str(file)
    return ConfigError(f"{shown(where)}: {message.removeprefix('error:').strip()}", source=where)
