"""What the client tells under ``--trace``: who answers, and why. Loaded with the first call."""

import logging

from llmx.core.choice import Choice
from llmx.errors import LlmxError

logger = logging.getLogger("llmx")


def chosen(choice: Choice) -> None:
    """The model ref as it was understood."""
    logger.info("model: %s on %s (%s)", choice.ref, choice.backend, choice.reason)
    if choice.doubt:
        logger.info("model: %s", choice.doubt)


def unavailable(error: LlmxError) -> None:
    """A backend that another stands in for."""
    logger.info("%s", error.message)


def unrecorded(error: Exception) -> None:
    """A call that the ledger does not have."""
    logger.warning("this call is missing in llmx usage: %s", error)


def unkept(error: Exception) -> None:
    """A cache that no answer can be kept in."""
    logger.warning("no answer is kept: %s", error)
