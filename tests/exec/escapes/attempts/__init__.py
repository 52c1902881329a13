"""The attempts to get out. Each module is a group: what is tried inside, next to how its effect is seen from outside.

The functions that try run inside the sandbox, on a copy of this folder, and import the standard library only.
"""

import functools
from collections.abc import Callable
from typing import Any

GROUPS = (
    "files",
    "startup",
    "git",
    "git_swap",
    "agents",
    "secrets",
    "environment",
    "descriptors",
    "processes",
    "network",
    "sockets",
    "namespaces",
    "kernel",
    "system",
    "own",
)
"""The modules, one sandboxed run each."""


def went_well(seen: Any) -> bool:
    """The effect of what has none but that the kernel did it: the attempt's own word."""
    return bool(seen.did)


class Attempt:
    """``act`` is tried inside; ``effect`` tells outside, afterwards, whether it reached anything.

    ``sensitive``: the path in the work tree that it writes, of a file that runs later. ``root``: only root can do this
    even where nothing confines it. ``alone``: it would undo what others do, and has a run to itself.
    """

    def __init__(
        self, act: Callable[[Any], Any], effect: Callable[[Any], bool], sensitive: str, *, root: bool, alone: bool
    ) -> None:
        self.act = act
        self.effect = effect
        self.sensitive = sensitive
        self.root = root
        self.alone = alone


class Group(dict[str, Attempt]):
    """The attempts of one module by name; ``prepare`` sets up, outside, what they aim at."""

    def __init__(self, prepare: Callable[[Any], None] | None = None) -> None:
        super().__init__()
        self.prepare = prepare or (lambda scene: None)

    def add(
        self,
        name: str,
        act: Callable[..., Any],
        *arguments: object,
        effect: Callable[[Any], bool] = went_well,
        sensitive: str = "",
        root: bool = False,
        alone: bool = False,
    ) -> None:
        """One attempt: ``act(at, *arguments)``."""
        assert name not in self, name
        self[name] = Attempt(lambda at: act(at, *arguments), effect, sensitive, root=root, alone=alone)

    def runs(self, *, root: bool = False) -> list[list[str]]:
        """The names of the attempts, a list for each run: those that only root can do, or all others."""
        names = [name for name, attempt in self.items() if attempt.root == root]
        together = [name for name in names if not self[name].alone]
        return [together] * bool(together) + [[name] for name in names if self[name].alone]

    def attempt(self, effect: Callable[[Any], bool] = went_well, **details: Any) -> Callable[[Any], Any]:
        """The same as a decorator: the function is the attempt, with its name."""

        def register(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
            self.add(act.__name__, act, effect=effect, **details)
            return act

        return register


def changes(name: str, to: str = "changed") -> Callable[[Any], bool]:
    """The effect: the file ``name`` of the scene holds other text."""
    return functools.partial(_holds, name=name, text=to)


def _holds(seen: Any, name: str, text: str) -> bool:
    path = seen.path(name)
    return path.is_file() and text in path.read_text()


def tells(seen: Any) -> bool:
    """The effect: the scene's secret is in what came back."""
    return bool(seen.secret in seen.text)
