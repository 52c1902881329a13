"""How many processes a sandbox may have: the kernel's own count, of one user namespace."""

import os
import resource

COUNTED_SINCE = (5, 14)
"""The first Linux that counts processes in each user namespace for itself."""

INEXACT = ["exact_max_procs"]


def missing() -> list[str]:
    """What is not enforced where the count cannot be; no such limit holds for uid 0."""
    return [] if os.getuid() != 0 and _kernel() >= COUNTED_SINCE else INEXACT


def limit(first: int, most: int) -> list[str]:
    """Hold the sandbox whose first process is ``first`` to ``most`` beside that one; what turns out not to be enforced.

    No other user's processes count, so where they would there is no limit.
    """
    if _kernel() < COUNTED_SINCE:
        return []
    try:
        _, hard = resource.prlimit(first, resource.RLIMIT_NPROC)
        ceiling = most + 1 if hard < 0 else min(most + 1, hard)
        resource.prlimit(first, resource.RLIMIT_NPROC, (ceiling, ceiling))
    except PermissionError:  # a bwrap that is setuid root
        return INEXACT
    except ProcessLookupError:  # it has ended
        pass
    return []


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(filter(str.isdigit, minor[:3])) or 0)
