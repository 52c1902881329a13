"""Prompts by name: Markdown with front matter, filled in for one client, never able to run anything."""

from pathlib import Path
from typing import Literal, NamedTuple

from llmx.core.source import PROMPT_KINDS as KINDS

__all__ = ["KINDS", "MODES", "Prompt", "Variable"]

MODES = ("primary", "subagent", "all")


class Variable(NamedTuple):
    """A word that whoever uses the prompt fills in; without a default it must be given."""

    description: str = ""
    default: str | None = None


class Prompt(NamedTuple):
    """One prompt: what it is for, what it becomes in a client, and its text.

    ``mode`` is opencode's; ``team`` are the prompts that it hands work to; ``body`` begins on ``line`` of ``file``.
    """

    name: str
    description: str
    kind: str
    mode: str
    variables: dict[str, Variable]
    team: tuple[str, ...]
    body: str
    line: int
    file: Path
    source: Literal["built-in", "user"]
