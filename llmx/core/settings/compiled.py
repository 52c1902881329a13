"""Merge the files once and keep the result for the next start."""

import _imp
import marshal
import time
from contextlib import suppress

from llmx import paths
from llmx.core.settings import HEADER, SUM_KEY, Places, Settings, known
from llmx.core.settings.merge import merge

KEPT = 32
"""How many folders and states of files are remembered."""

UNSETTLED_NS = 50_000_000
"""A file changed twice within one tick of the kernel's clock shows one time, so a fresh one is not remembered."""


def compile_places(places: Places) -> Settings:
    """The settings that the files give; remembered where that can be done."""
    merged = merge(places)
    if _is_settled(places, time.time_ns()):
        with suppress(OSError):
            remember(places, marshal.dumps((merged.values, merged.notices, merged.loosened)))
    return Settings(merged.values, merged.notices, merged.loosened)


def remember(places: Places, blob: bytes) -> None:
    """Put ``blob`` first among what is known; another process that writes at the same moment may win."""
    entries = {places.stamp: blob}
    for stamp, older in known(places.cache).items():
        if len(entries) < KEPT:
            entries.setdefault(stamp, older)
    paths.write_private(places.cache, packed(entries))


def packed(entries: dict[str, bytes]) -> bytes:
    """What ``known`` reads."""
    body = marshal.dumps(entries)
    return HEADER + _imp.source_hash(SUM_KEY, body) + body


def _is_settled(places: Places, now: int) -> bool:
    return all(abs(now - identity[0]) > UNSETTLED_NS for _, identity in places.identities if identity)
