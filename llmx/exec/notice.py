"""What is said about a weaker sandbox: once a day, not on each of hundreds of runs."""

import os
import time

from llmx.paths import make_private, state_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

A_DAY = 24 * 60 * 60


def weaker_sandbox(env: "Mapping[str, str]", degraded: list[str]) -> list[str]:
    """The notice that ``degraded`` is not enforced, if it is due; remembers that it was given."""
    marker = f"{state_dir(env)}/notice-sandbox"
    try:
        if time.time() - os.stat(marker).st_mtime < A_DAY:
            return []
    except OSError:
        pass
    try:
        make_private(os.path.dirname(marker))
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        os.utime(marker)
    except OSError:
        pass  # said again next time
    return [f"notice: the sandbox is weaker than it could be, without {', '.join(degraded)}: llmx doctor has the fix"]
