"""A mechanism chosen by its name: our own, or one that an installed package offers.

A package offers one under the entry points ``llmx.sandboxes``, as a function like ``bubblewrap.enclose``: it gets the
plan, the program's file, the words and this machine's abilities, and returns an ``Enclosure`` that enforces the plan
and lists in ``degraded`` what it cannot. ``tests/contracts/test_sandbox.py`` is what every mechanism keeps to.
"""

import sys
from collections.abc import Callable

from llmx.core.plugins import find, names
from llmx.core.sandbox import MECHANISMS, Abilities, Enclosure, Plan
from llmx.errors import ExecError, nearest

GROUP = "llmx.sandboxes"

Enclose = Callable[[Plan, str, list[str], Abilities], Enclosure]


def named(name: str, abilities: Abilities) -> Enclose:
    """The mechanism of that name; raises ``ExecError`` where there is none, or it cannot work here."""
    works = {
        "bubblewrap": abilities.bwrap and not abilities.problem,
        "landlock": abilities.landlock,
        "seatbelt": sys.platform == "darwin",
    }
    if not works.get(name, True):
        raise ExecError(
            f"exec.mechanism = {name!r} does not work on this machine",
            code="sandbox",
            hint='llmx doctor says why; exec.mechanism = "" takes the strongest that works',
        )
    enclose: Enclose | None = find(GROUP, name, MECHANISMS)
    if enclose is None:
        raise _unknown(name)
    return enclose


def _unknown(name: str) -> ExecError:
    known = names(GROUP, MECHANISMS)
    near = nearest(name, known)
    return ExecError(
        f"exec.mechanism = {name!r}: no such mechanism is known",
        code="sandbox",
        hint=f"did you mean {near}?" if near else f"one of {', '.join(known)}; empty takes the strongest that works",
    )
