"""Find parts by name: the one place where a module is imported because someone asked for it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def load(target: str) -> "Any":  # noqa: ANN401  # what it is, the name says
    """The object that ``package.module:attribute`` names.

    ``__import__`` and not ``importlib``, whose own import costs 2 ms on the way of every command.
    """
    module, _, attribute = target.partition(":")
    return getattr(__import__(module, fromlist=[attribute]), attribute)


def find(group: str, name: str, builtin: "Mapping[str, Any]") -> "Any":  # noqa: ANN401  # as above
    """What ``name`` means: a part of our own, or what an installed package offers under the entry points ``group``.

    ``builtin`` holds our own, or import strings for ``load``. None when nobody knows the name. Looking through the
    packages costs 45 ms, so it is done on a miss only.
    """
    if name in builtin:
        part = builtin[name]
        return load(part) if isinstance(part, str) else part
    offered = load("importlib.metadata:entry_points")(group=group, name=name)
    return next((entry.load() for entry in offered), None)


def names(group: str, builtin: "Mapping[str, Any]") -> list[str]:
    """All names that ``find`` knows, our own first."""
    offered = load("importlib.metadata:entry_points")(group=group)
    return [*builtin, *sorted({entry.name for entry in offered} - set(builtin))]
