"""Show a defect of llmx without the secrets that its message may quote."""

import os
import sys
import traceback
from types import TracebackType

from llmx.core.redact import mask_message


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback without secrets."""
    text = "".join(traceback.format_exception(kind, error, trace))
    print(mask_message(text, os.environ, sys.argv[1:]), end="", file=sys.stderr)
