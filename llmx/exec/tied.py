"""llm-exec that ends with whoever started it: ``python -m llmx.exec.tied PID WORDS…``, PID being the starter's."""

import os
import sys

from llmx.core.process import die_with_parent
from llmx.exec import main
from llmx.exec.request import OWN_FAILURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    import _signal


def run(starter: int, words: list[str]) -> int:
    """What llm-exec would return; a starter that is gone already gets nothing run."""
    die_with_parent(_signal.SIGTERM)
    if os.getppid() != starter:
        return OWN_FAILURE
    code = main(words)
    return OWN_FAILURE if code is None else code


if __name__ == "__main__":
    os._exit(run(int(sys.argv[1]), sys.argv[2:]))
