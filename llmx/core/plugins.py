"""Find parts by name: the one place where a module is imported because someone asked for it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load(target: str) -> "Any":  # noqa: ANN401  # what it is, the name says
    """The object that ``package.module:attribute`` names.

    ``__import__`` and not ``importlib``, whose own import costs 2 ms on the way of every command.
    """
    module, _, attribute = target.partition(":")
    return getattr(__import__(module, fromlist=[attribute]), attribute)
