"""What is wrong with this machine for llmx, and what mends it: a table of checks, each package with its own."""

import os
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from llmx.core.plugins import load
from llmx.errors import LlmxError

Status = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """What a check saw; where that is not well, what it means and the exact command to type."""

    status: Status
    found: str
    meaning: str = ""
    fix: str = ""


class Result(NamedTuple):
    """A finding under the name of its check."""

    check: str
    status: Status
    found: str
    meaning: str
    fix: str


Check = Callable[[Mapping[str, str]], list[Finding]]
"""Looks at one thing, changes nothing, and answers within half a second; what it is given is the environment."""

CHECKS = {
    "python": "llmx.core.doctor.installation:python",
    "scripts": "llmx.core.doctor.installation:scripts",
    "dependencies": "llmx.core.doctor.dependencies:dependencies",
    "extras": "llmx.core.doctor.dependencies:extras",
    "settings": "llmx.core.settings.checks:settings",
    "trust": "llmx.core.settings.checks:trust",
    "edits": "llmx.core.edits.checks:edits",
    "folders": "llmx.core.doctor.folders:folders",
    "disk": "llmx.core.doctor.folders:disk",
    "log": "llmx.exec.checks:log",
    "sandbox": "llmx.core.sandbox.checks:sandbox",
    "nix": "llmx.exec.checks:nix",
    "terminals": "llmx.exec.checks:terminals",
    "ollama": "llmx.core.doctor.models:ollama",
    "keys": "llmx.core.doctor.models:keys",
    "mcp": "llmx.core.doctor.models:mcp",
}
"""Each check's name and where it is, in the order of the report."""

ISSUES = {
    "dependency conflict": ("dependencies", "extras", "nix"),
    "permission problem": ("folders", "log", "trust"),
    "MCP failure": ("mcp", "keys"),
    "build or configuration error": ("settings", "edits", "python"),
    "performance": ("scripts", "python", "disk"),
}
"""The five troubles that people have most, and the checks that find their causes."""

ORDER: tuple[Status, ...] = ("ok", "warn", "fail")


def examine(env: Mapping[str, str] = os.environ) -> list[Result]:
    """The findings of every check, one at least for each."""
    return [Result(name, *finding) for name, target in CHECKS.items() for finding in run(load(target), env)]


def run(check: Check, env: Mapping[str, str]) -> list[Finding]:
    """What ``check`` finds; what hinders it is a finding too."""
    try:
        return check(env)
    except LlmxError as error:
        return [Finding("fail", error.message, "nothing can be said about it before that is mended", error.hint or "")]
    except OSError as error:
        return [Finding("warn", f"it cannot be seen: {error}", "this check says nothing")]


def worst(results: list[Result]) -> Status:
    """The most serious status among ``results``."""
    return max((result.status for result in results), key=ORDER.index, default="ok")
