"""What a plan opens, in Landlock's terms: rights on a folder hold for all below, and no rule takes any back."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from llmx.core.sandbox import TEMPORARY, Plan
from llmx.core.sandbox.ruleset import LIST, READ, USE, WRITE
from llmx.core.sandbox.workspace import is_below, is_below_any

_NODES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")


class Rule(NamedTuple):
    """``rights`` on ``path`` and everything below."""

    path: str
    rights: int


def rules(plan: Plan, temporary: str) -> list[Rule]:
    """The rules that give what the plan does; ``temporary`` is the command's own folder."""
    return list(_cover(Rule("/", READ), places(plan, temporary), granted=0))


def places(plan: Plan, temporary: str) -> dict[str, int]:
    """Path -> the rights there and below, up to the next path in this table; the rest of ``/`` can be read."""
    found = dict.fromkeys((*plan.hidden, *map(os.path.realpath, TEMPORARY)), 0)
    found |= {"/": READ, "/dev": LIST, os.path.realpath("/dev/shm"): WRITE} | ({temporary: WRITE} if temporary else {})
    found |= dict.fromkeys((f"/dev/{name}" for name in _NODES), USE)
    found |= dict.fromkeys(plan.devices, USE)
    found |= dict.fromkeys(map(os.path.realpath, plan.readable), READ)
    found |= dict.fromkeys(plan.writable, WRITE)
    found |= dict.fromkeys((path for path in plan.protected if can_protect(path, plan)), READ)
    return found


def can_protect(path: str, plan: Plan) -> bool:
    """Whether ``path`` can be kept from being written to without a rule that takes rights back.

    Nothing new can be made in the folders on the way to it then, and git cannot work with its own like that.
    """
    return "/.git/" not in path and not is_below_any(path, plan.git_folders)


def _cover(rule: Rule, table: dict[str, int], granted: int) -> Iterator[Rule]:
    """Rules for ``rule.path`` and below. ``granted``: what rules on folders above it allow already."""
    path, rights = rule
    below = [place for place in table if place != path and is_below(place, path)]
    common = rights
    for place in below:
        common &= table[place]
    if common | granted != granted:
        yield Rule(path, common)
        granted |= common
    covered = [place for place in below if is_below_any(place, [other for other in below if other != place])]
    if common != rights:
        entries = [entry for entry in _entries(path) if entry not in table]
        for entry in entries:
            yield from _cover(Rule(entry, rights), table, granted)
        covered += [place for place in below if is_below_any(place, entries)]
    for place in below:
        if place not in covered:
            yield from _cover(Rule(place, table[place]), table, granted)


def _entries(folder: str) -> Iterator[str]:
    """What lies in ``folder``, less the links: what they lead to has a rule of its own, or is to have none."""
    try:
        with os.scandir(folder) as entries:
            yield from (entry.path for entry in entries if not entry.is_symlink())
    except OSError:  # not to be listed, so there is nothing in it to give
        return
