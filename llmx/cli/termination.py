"""SIGTERM as Ctrl-C: what runs in CI is told to end by either, and has a few seconds to say how far it came."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def term_interrupts() -> Iterator[None]:
    """For a while SIGTERM raises ``KeyboardInterrupt``, as SIGINT does."""
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
