"""The names that a TAB may complete to: one a line, for the completion scripts, which call ``llmx __complete KIND``."""

import os
import sys

from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

GUIDE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "guide")

KINDS = {
    "agents": "llmx.agents.candidates:ids",
    "clients": "llmx.clients.registry:CLIENTS",
    "prompts": "llmx.prompts.library:names",
    "runs": "llmx.core.runs.candidates:last_ids",
    "profiles": "llmx.core.settings.keys:PROFILES",
    "settings": "llmx.core.settings.keys:BY_NAME",
    "topics": "llmx.core.candidates:topics",
}
"""Each kind of name, and what lists them or is called for the list; a package adds its own kind here."""


def show(kind: str) -> int:
    """Print the names of that kind; the exit code is 2 for a kind there is not, of which a TAB must show nothing."""
    if kind not in KINDS:
        return 2
    listed = candidates(kind)
    sys.stdout.write("".join([f"{name}\n" for name in listed]))
    return 0


def candidates(kind: str) -> "Iterable[str]":
    """The names of one of the ``KINDS``."""
    source = load(KINDS[kind])
    names: Iterable[str] = source() if callable(source) else source
    return names


def topics() -> list[str]:
    """The chapters of the guide."""
    return sorted([name[:-3] for name in os.listdir(GUIDE) if name.endswith(".md")])
