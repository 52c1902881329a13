"""What tells a model's bytes from others', as far as that is known without reading them."""

import os

from llmx.models.places import read_record

_HEX = frozenset("0123456789abcdef")


def known_digest(path: str) -> str:
    """``sha256:…`` of the file, as its name in a store or the record of its pull says it; empty where neither does."""
    name = os.path.basename(os.path.realpath(path)).removeprefix("sha256-")
    record = read_record(path)
    return prefixed(name) or prefixed(record.digest if record else "")


def prefixed(digest: str) -> str:
    """``sha256:…`` for a digest written with its kind before it or without; empty for what is none."""
    bare = digest.removeprefix("sha256:")
    return f"sha256:{bare}" if len(bare) == 64 and set(bare) <= _HEX else ""
