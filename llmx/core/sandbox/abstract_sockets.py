"""Unix sockets without a file belong to the network: where a command has the user's, Landlock keeps these from it.

A display server or a message bus that listens on one does what it is told, outside of every sandbox.
"""

import os
from collections.abc import Callable

from llmx.core.sandbox import Abilities
from llmx.core.sandbox.ruleset import SCOPE_SINCE, hold_to, scope_of_abstract_sockets


def closing(abilities: Abilities) -> tuple[int, Callable[[], None]] | None:
    """A descriptor that the child needs, and what it does to itself before it starts bwrap; None where nothing helps.

    What runs without new privileges cannot start a bwrap that is setuid root.
    """
    if abilities.landlock < SCOPE_SINCE or os.stat(abilities.bwrap).st_mode & 0o4000:
        return None
    descriptor = scope_of_abstract_sockets()

    def confine() -> None:
        hold_to(descriptor)
        os.close(descriptor)

    return descriptor, confine
