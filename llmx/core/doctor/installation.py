"""Checks of the interpreter and of the scripts that start llmx."""

import os
import platform
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from importlib.util import cache_from_source

import llmx
from llmx.core.doctor import Finding
from llmx.errors import DISTRIBUTION

PROGRAMS = ("llmx", "llm-exec")


def python(env: Mapping[str, str]) -> list[Finding]:
    """The interpreter, and whether it may start from compiled files."""
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    compiled = cache_from_source(llmx.__file__)
    if os.path.exists(compiled):
        return [Finding("ok", found)]
    folder = shlex.quote(os.path.dirname(llmx.__file__))
    meaning = "llmx is compiled anew at every start, which makes each command slower"
    return [Finding("warn", f"{found}; {compiled} is missing", meaning, f"{_python()} -m compileall -q {folder}")]


def scripts(env: Mapping[str, str]) -> list[Finding]:
    """Whether both programs are on the PATH, and start without a detour."""
    return [_script(name, env) for name in PROGRAMS]


def _script(name: str, env: Mapping[str, str]) -> Finding:
    file = shutil.which(name, path=env.get("PATH"))
    if file is None:
        return _absent(name)
    with open(file, "rb") as opened:
        start = opened.read(1000)
    if b"import re\n" not in start:
        return Finding("ok", f"{name} is {file}")
    meaning = "an old pip wrote this script: importing re costs about 10 ms at every start"
    fix = f"{_python()} -m pip install -U pip && {_python()} -m pip install --force-reinstall --no-deps {DISTRIBUTION}"
    return Finding("warn", f"{file} imports re", meaning, fix)


def _absent(name: str) -> Finding:
    folder = sysconfig.get_path("scripts")
    meaning = f"a shell, and an agent, cannot start {name} by its name"
    fix = f'export PATH={shlex.quote(folder)}:"$PATH"'
    if not os.path.exists(os.path.join(folder, name)):
        fix = f"pipx install {DISTRIBUTION}"
    return Finding("warn", f"{name} is not on the PATH", meaning, fix)


def _python() -> str:
    return shlex.quote(sys.executable)
