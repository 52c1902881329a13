"""Warnings of what is below, where nobody has asked for a trace: told as all warnings are, and each only once."""

import logging
import os
import sys

from llmx.core.redact import mask_message
from llmx.core.settings.sources import shown


class Told(logging.Handler):
    """Tells a warning on stderr, without secrets and without what could steer the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell what ``record`` says, unless it was told already."""
        text = shown(mask_message(record.getMessage(), os.environ, sys.argv[1:]))
        if text not in self._told:
            self._told.add(text)
            print(f"warning: {text}", file=sys.stderr)


def tell_warnings() -> None:
    """Do so from now on; ``--trace`` has a way of its own."""
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.WARNING, handlers=[Told()])
