"""The few system calls that Python has no function for (Linux; elsewhere they do nothing and say so).

``_ctypes`` is what the ``ctypes`` package is built on; using it directly saves 3 ms a run.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_call: "Callable[..., int] | None" = None
_prctl = 0

if sys.platform == "linux":
    try:
        import _ctypes

        _prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")
        _call = _ctypes.call_function
    except (ImportError, AttributeError, OSError):  # a Python built without it: fall back to the public package
        import ctypes

        _libc = ctypes.CDLL(None)

        def _call(_address: int, arguments: tuple[int, ...]) -> int:
            return int(_libc.prctl(*arguments))


def adopt_orphans() -> bool:
    """Make descendants whose parent ends our children, so that none can get away; says whether it worked."""
    return _call is not None and _call(_prctl, (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0


def die_with_parent(signal: int) -> bool:
    """Have the kernel send ``signal`` to this process when its parent ends; says whether it worked."""
    return _call is not None and _call(_prctl, (PR_SET_PDEATHSIG, signal, 0, 0, 0)) == 0
