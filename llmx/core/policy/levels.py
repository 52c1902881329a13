"""The levels of the policy, and what must be enforced at each for it to mean anything."""

from llmx.errors import ExecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any


class Level:
    """``meaning`` in one sentence; ``needs``: weaknesses, by their short names, that it cannot be had with.

    ``limits``: in force where neither an option nor a setting gives one.
    """

    __slots__ = ("limits", "meaning", "needs")

    def __init__(self, meaning: str, needs: frozenset[str] = frozenset(), limits: dict[str, int] | None = None) -> None:
        self.meaning = meaning
        self.needs = needs
        self.limits = limits or {}


LEVELS = {
    "restricted": Level(
        "the project is read-only, there is no network, not even a loopback, and there are limits",
        frozenset(("seccomp", "truncate_outside")),
        {"memory": 4 << 30, "max_procs": 512, "max_file_size": 1 << 30},
    ),
    "safe": Level("it writes to its project and nowhere else, without your secrets and the network"),
    "privileged": Level("no sandbox: limits, time and the record only"),
}
"""From the strictest on."""


def tighten(fields: "dict[str, Any]", level: str, typed: "Collection[str]" = ()) -> None:
    """Put the level's limits where ``fields`` has none and none was ``typed``."""
    for name, value in LEVELS[level].limits.items():
        if name not in typed:
            fields[name] = fields[name] or value


def check_mechanism(level: str, *, is_required: bool, mechanism: str, degraded: list[str]) -> None:
    """Raise ``ExecError`` where ``mechanism``, which does not enforce ``degraded``, is too weak for the level."""
    if is_required and degraded:
        raise ExecError(
            f"the full sandbox is required, and {mechanism} cannot enforce {', '.join(degraded)}",
            code="sandbox",
            hint='llmx doctor says what to install or allow; exec.sandbox = "auto" accepts the weaker one',
        )
    lacking = [name for name in degraded if name in LEVELS[level].needs]
    if lacking:
        raise ExecError(
            f"level {level} is not to be had here: {mechanism} cannot enforce {', '.join(lacking)}",
            code="sandbox",
            hint="llmx doctor says what to install or allow; --level safe needs less",
        )
